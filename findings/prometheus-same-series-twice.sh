#!/bin/sh
# A page that holds one series twice is no failed scrape: Prometheus stores one of the two values, and neither a log line at
# the default level nor a metric of Prometheus 2 says so.
set -eu
. "$(dirname "$0")/lib.sh"

debian_packages bookworm 'prometheus=2.42.*'
debian_packages forky 'prometheus=3.5.*'
mkdir "$work/page"
printf '# TYPE lag_seconds gauge\nlag_seconds{replica="a"} 1\nlag_seconds{replica="a"} 19\n' >"$work/page/metrics"
pages=$(free_port)
# http.server names no Content-Type for a file without an ending that Prometheus 3 would take: hence the fallback there.
run pages python3 -m http.server --bind 127.0.0.1 --directory "$work/page" "$pages"

# $1: suite, $2: a line of the scrape configuration. Sets $port.
start_prometheus() {
	port=$(free_port)
	cat >"$work/$1.yml" <<-TEXT
		global: {scrape_interval: 1s}
		scrape_configs:
		  - job_name: page
		    $2
		    static_configs: [{targets: ["127.0.0.1:$pages"]}]
		  - job_name: itself
		    static_configs: [{targets: ["127.0.0.1:$port"]}]
	TEXT
	run "$1" "$work/$1/usr/bin/prometheus" --config.file="$work/$1.yml" --storage.tsdb.path="$work/$1/data" \
		--web.listen-address="127.0.0.1:$port"
	await "a sample in Prometheus of $1" value 'lag_seconds'
	await 'a third scrape' value 'count_over_time(prometheus_target_scrapes_sample_duplicate_timestamp_total[1m]) > 2'
}

# Prints the value of the first series that a query gives; fails where there is none.
value() {
	python3 - "http://127.0.0.1:$port/api/v1/query" "$1" <<-'TEXT'
		import json, sys, urllib.parse, urllib.request
		query = urllib.parse.urlencode({"query": sys.argv[2]})
		with urllib.request.urlopen(f"{sys.argv[1]}?{query}", timeout=5) as answer:
		    print(json.load(answer)["data"]["result"][0]["value"][1])
	TEXT
}

start_prometheus bookworm ''
expect '2.42: the scrape counts as up' 1 "$(value 'up{job="page"}')"
expect '2.42: the value that is kept is the first' 1 "$(value lag_seconds)"
expect '2.42: samples it counts as duplicates' 0 "$(value prometheus_target_scrapes_sample_duplicate_timestamp_total)"
expect '2.42: lines of its log that speak of it' 0 "$(grep -ci 'same timestamp\|duplicate' "$work/bookworm.log" || true)"

start_prometheus forky 'fallback_scrape_protocol: PrometheusText0.0.4'
expect '3.5: the scrape counts as up' 1 "$(value 'up{job="page"}')"
expect '3.5: the value that is kept is the first' 1 "$(value lag_seconds)"
expect '3.5: it counts duplicates' 1 "$(value 'prometheus_target_scrapes_sample_duplicate_timestamp_total > bool 0')"
expect '3.5: its log warns of them' yes "$(grep -qi 'same timestamp\|duplicate' "$work/forky.log" && echo yes || echo no)"
