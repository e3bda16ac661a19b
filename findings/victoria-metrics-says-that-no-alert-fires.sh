#!/bin/sh
# A single VictoriaMetrics evaluates no rules, and has no place where they are evaluated unless it is told one. Asked by
# Prometheus' API which alerts fire and which rules there are, it does not refuse, as it does with paths it does not know: it
# says "success" and gives an empty list. Who reads boards and alerts from one address is told that all is quiet. The
# version it gives there is empty in 1.79 and that of a Prometheus, 2.24.0, in 1.145.
set -eu
. "$(dirname "$0")/lib.sh"

debian_packages bookworm 'victoria-metrics=1.79.*'
debian_packages forky 'victoria-metrics=1.145.*'

# $1: suite. Sets $store.
start_store() {
	port=$(free_port)
	store=http://127.0.0.1:$port
	run "$1" "$work/$1/usr/bin/victoria-metrics" -storageDataPath="$work/$1/data" -httpListenAddr="127.0.0.1:$port"
	await "VictoriaMetrics of $1 answers" python3 -c "import urllib.request; urllib.request.urlopen('$store/health', timeout=2)"
}

# Prints the status of an HTTP answer and its body, if that is JSON. $1: path.
answer() {
	python3 - "$store$1" <<-'TEXT'
		import sys, urllib.error, urllib.request
		try:
		    with urllib.request.urlopen(sys.argv[1], timeout=5) as answer:
		        print(answer.status, answer.read().decode().strip())
		except urllib.error.HTTPError as error:
		    print(error.code)
	TEXT
}

# $1: suite, $2: version, $3: what it says of its version.
try_one() {
	start_store "$1"
	expect "$2: alerts" '200 {"status":"success","data":{"alerts":[]}}' "$(answer /api/v1/alerts)"
	expect "$2: rules" '200 {"status":"success","data":{"groups":[]}}' "$(answer /api/v1/rules)"
	expect "$2: version" "200 {\"status\":\"success\",\"data\":$3}" "$(answer /api/v1/status/buildinfo)"
	expect "$2: a path of that API that it does not have" 400 "$(answer /api/v1/alertmanagers)"
}

try_one bookworm 1.79 '{}'
try_one forky 1.145 '{"version":"2.24.0"}'
