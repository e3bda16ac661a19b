#!/bin/sh
# udp_with_fallback gives its time-out to each of its two exchanges: where a truncated answer over UDP comes late and TCP does not
# answer, the call takes the sum of both, and a deadline of 1 s becomes one of almost 2 s.
set -eu
. "$(dirname "$0")/lib.sh"

pip_packages dnspython==2.9.2
"$work/venv/bin/python" - >"$work/out" <<-'TEXT'
	import socket, threading, time
	import dns.exception, dns.flags, dns.message, dns.query
	tcp = socket.create_server(("127.0.0.1", 0))  # accepts, and never answers
	udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
	udp.bind(tcp.getsockname())
	def answer():
	    wire, client = udp.recvfrom(4096)
	    reply = dns.message.make_response(dns.message.from_wire(wire))
	    reply.flags |= dns.flags.TC
	    time.sleep(0.8)
	    udp.sendto(reply.to_wire(), client)
	threading.Thread(target=answer, daemon=True).start()
	begin = time.monotonic()
	try:
	    dns.query.udp_with_fallback(dns.message.make_query("example.org", "TXT"), "127.0.0.1", timeout=1, port=udp.getsockname()[1])
	except dns.exception.Timeout as error:
	    print(type(error).__name__, error.kwargs)
	print(round(time.monotonic() - begin, 1))
TEXT
say "time-out 1 s, answered: $(tr '\n' ' ' <"$work/out")"
seconds=$(tail -n 1 "$work/out")
expect 'dnspython 2.9.2: ends after 1.7 s or more' yes "$(awk -v s="$seconds" 'BEGIN { print (s >= 1.7 && s < 3) ? "yes" : "no" }')"
