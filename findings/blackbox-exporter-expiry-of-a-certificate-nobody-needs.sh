#!/bin/sh
# probe_ssl_earliest_cert_expiry is of everything the server sends, also of a cross-signed root that no client needs: it can be
# years in the past while the probe succeeds and the verified chain is good for years.
set -eu
. "$(dirname "$0")/lib.sh"

debian_packages bookworm 'prometheus-blackbox-exporter=0.23.*'
debian_packages forky 'prometheus-blackbox-exporter=0.28.*'
pip_packages cryptography==46.0.3
"$work/venv/bin/python" - "$work" <<-'TEXT'
	import datetime as dt, ipaddress, pathlib, sys
	from cryptography import x509
	from cryptography.hazmat.primitives import hashes, serialization
	from cryptography.hazmat.primitives.asymmetric import ec
	folder, now = pathlib.Path(sys.argv[1]), dt.datetime.now(dt.timezone.utc)
	def name(text):
	    return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, text)])
	def certificate(subject, key, issuer, issuer_key, begins, ends, ca):
	    made = x509.CertificateBuilder(name(issuer), name(subject), key.public_key(), x509.random_serial_number(), begins, ends)
	    made = made.add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
	    if not ca:
	        address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
	        made = made.add_extension(x509.SubjectAlternativeName([address]), critical=False)
	    return made.sign(issuer_key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
	old, new, server = (ec.generate_private_key(ec.SECP256R1()) for _ in range(3))
	past, future = dt.datetime(2010, 1, 1), dt.timedelta(days=300)
	root = certificate("New Root", new, "New Root", new, past, now + 2 * future, True)
	crossed = certificate("New Root", new, "Old Root", old, past, dt.datetime(2021, 9, 30), True)
	leaf = certificate("server", server, "New Root", new, now - dt.timedelta(days=1), now + future, False)
	(folder / "root.pem").write_bytes(root)
	(folder / "chain.pem").write_bytes(leaf + crossed)
	(folder / "key.pem").write_bytes(server.private_bytes(
	    serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
TEXT
cat >"$work/serve.py" <<-'TEXT'
	import http.server, ssl, sys
	server = http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), http.server.SimpleHTTPRequestHandler)
	context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
	context.load_cert_chain(sys.argv[2] + "/chain.pem", sys.argv[2] + "/key.pem")
	server.socket = context.wrap_socket(server.socket, server_side=True)
	server.serve_forever()
TEXT
site=$(free_port)
run site python3 "$work/serve.py" "$site" "$work"
printf 'modules: {https: {prober: http, http: {tls_config: {ca_file: %s/root.pem}}}}\n' "$work" >"$work/blackbox.yml"

# $1: suite, $2: version.
ask() {
	port=$(free_port)
	run "blackbox-$1" "$work/$1/usr/bin/prometheus-blackbox-exporter" --config.file="$work/blackbox.yml" \
		--web.listen-address="127.0.0.1:$port"
	await 'blackbox_exporter' python3 -c "import socket; socket.create_connection(('127.0.0.1', $port), 1)"
	await 'a probe' probe
	expect "$2: probe_success" 1 "$(sed -n 's/^probe_success //p' "$work/page")"
	expect "$2: probe_ssl_earliest_cert_expiry, of 2021" 1.63296e+09 "$(sed -n 's/^probe_ssl_earliest_cert_expiry //p' "$work/page")"
	expect "$2: end of the verified chain, days from now" 299 "$(python3 -c "
import re, time
page = open('$work/page').read()
print(int((float(re.search(r'^probe_ssl_last_chain_expiry_timestamp_seconds (\S+)', page, re.M)[1]) - time.time()) // 86400))")"
}

probe() {
	python3 -c "from urllib.request import urlopen; print(urlopen('http://127.0.0.1:$port/probe?module=https&target=https://127.0.0.1:$site/', timeout=10).read().decode())" >"$work/page"
	grep -q '^probe_success 1' "$work/page"
}

ask bookworm 0.23
ask forky 0.28
