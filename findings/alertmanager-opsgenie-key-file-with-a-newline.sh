#!/bin/sh
# `api_key_file` of Opsgenie: Alertmanager 0.25 puts the file into a header as it is, so a key file that ends with a newline, as
# editors and `echo` write it, fails every notification; amtool accepts the configuration, and 0.3x trims it.
set -eu
. "$(dirname "$0")/lib.sh"

debian_packages bookworm 'prometheus-alertmanager=0.25.*'
debian_packages forky 'prometheus-alertmanager=0.3*'

cat >"$work/try.py" <<'TEXT'
"""Prints the key that Opsgenie was sent, or why nothing was. Arguments: port of Alertmanager, port to listen on, its log."""

import http.server, json, pathlib, re, sys, threading, time, urllib.request

told = []


class Receiver(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        told.append(self.headers["Authorization"])
        self.send_response(202)
        self.end_headers()

    def log_message(self, *_):
        pass


server = http.server.HTTPServer(("127.0.0.1", int(sys.argv[2])), Receiver)
threading.Thread(target=server.serve_forever, daemon=True).start()
urllib.request.urlopen(
    urllib.request.Request(
        f"http://127.0.0.1:{sys.argv[1]}/api/v2/alerts",
        json.dumps([{"labels": {"alertname": "Tried"}}]).encode(),
        {"Content-Type": "application/json"},
    ),
    timeout=5,
)
for _ in range(300):
    failed = re.search(r"invalid header field value", pathlib.Path(sys.argv[3]).read_text())
    if told or failed:
        break
    time.sleep(0.1)
print(told[0] if told else failed[0] if failed else "nothing within 30 s")
TEXT

# $1: whose Alertmanager. $2: what `printf` writes as key file.
try() {
	port=$(free_port)
	receiver=$(free_port)
	folder=$work/$1-$receiver
	mkdir "$folder"
	printf "$2" >"$folder/key"
	cat >"$folder/config.yml" <<-TEXT
		route: {receiver: on-call, group_wait: 0s}
		receivers:
		  - name: on-call
		    opsgenie_configs: [{api_key_file: $folder/key, api_url: "http://127.0.0.1:$receiver/"}]
	TEXT
	"$work/$1/usr/bin/amtool" check-config "$folder/config.yml" >/dev/null
	run "$1-$receiver" "$work/$1/usr/bin/prometheus-alertmanager" --config.file="$folder/config.yml" --storage.path="$folder" \
		--web.listen-address="127.0.0.1:$port" --cluster.listen-address=
	await 'Alertmanager answers' curl -fs "http://127.0.0.1:$port/-/ready"
	python3 "$work/try.py" "$port" "$receiver" "$work/$1-$receiver.log"
	kill $started
}

expect '0.25, without a newline' 'GenieKey secret' "$(try bookworm secret)"
expect '0.25, with one' 'invalid header field value' "$(try bookworm 'secret\n')"
expect '0.3x, with one' 'GenieKey secret' "$(try forky 'secret\n')"
