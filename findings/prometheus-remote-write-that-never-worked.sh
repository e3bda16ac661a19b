#!/bin/sh
# A rule for remote write that is behind compares the newest sample there is with the newest that was sent. In 2.42 a store
# that has never answered has no "sent" at all, so the rule has no result and its alert never fires; in 3.5 it is 0. A store
# that refuses every sample counts as sent up to now in both.
set -eu
. "$(dirname "$0")/lib.sh"

debian_packages bookworm 'prometheus=2.42.*'
debian_packages forky 'prometheus=3.5.*'
cat >"$work/refuses.py" <<-'TEXT'
	import http.server, sys
	class Refuses(http.server.BaseHTTPRequestHandler):
	    def do_POST(self):
	        self.rfile.read(int(self.headers["Content-Length"]))
	        self.send_error(400, "these labels are not taken")
	    def log_message(self, *_):
	        pass
	http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Refuses).serve_forever()
TEXT
refusing=$(free_port)
run refuses python3 "$work/refuses.py" "$refusing"
nobody=$(free_port)

# $1: suite. Sets $port.
start_prometheus() {
	port=$(free_port)
	cat >"$work/$1.yml" <<-TEXT
		global: {scrape_interval: 1s}
		remote_write:
		  - {name: nobody, url: "http://127.0.0.1:$nobody/write"}
		  - {name: refuses, url: "http://127.0.0.1:$refusing/write"}
		scrape_configs:
		  - job_name: itself
		    static_configs: [{targets: ["127.0.0.1:$port"]}]
	TEXT
	run "$1" "$work/$1/usr/bin/prometheus" --config.file="$work/$1.yml" --storage.tsdb.path="$work/$1/data" \
		--web.listen-address="127.0.0.1:$port"
	await "samples refused by the store, in Prometheus of $1" \
		positive 'prometheus_remote_storage_samples_failed_total{remote_name="refuses"}'
	await 'a first attempt at nobody' positive 'prometheus_remote_storage_samples_pending{remote_name="nobody"}'
}

# Prints the value of the first series that a query gives, and nothing where there is none.
value() {
	python3 - "http://127.0.0.1:$port/api/v1/query" "$1" <<-'TEXT'
		import json, sys, urllib.parse, urllib.request
		query = urllib.parse.urlencode({"query": sys.argv[2]})
		with urllib.request.urlopen(f"{sys.argv[1]}?{query}", timeout=5) as answer:
		    for series in json.load(answer)["data"]["result"][:1]:
		        print(series["value"][1])
	TEXT
}

positive() { [ "$(value "$1 > bool 0")" = 1 ]; }

sent() { printf 'prometheus_remote_storage_queue_highest_sent_timestamp_seconds{remote_name="%s"}' "$1"; }

# $1: suite, $2: version, $3: the value of "sent" for a store that never answered.
try_one() {
	start_prometheus "$1"
	expect "$2: series of the newest sample" 1 "$(value 'count(prometheus_remote_storage_highest_timestamp_in_seconds)')"
	expect "$2: newest sample that was sent, to a store that never answered" "$3" "$(value "$(sent nobody)")"
	expect "$2: the store that refuses every sample is less than ten seconds behind" 1 \
		"$(value "time() - $(sent refuses) < bool 10")"
}

try_one bookworm 2.42 ''
try_one forky 3.5 0
