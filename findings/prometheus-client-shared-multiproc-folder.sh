#!/bin/sh
# PROMETHEUS_MULTIPROC_DIR is read by every Python process that inherits it. A script started from the server's environment
# adds to the server's counters, for good, though it has a registry of its own and never shows it; and where the folder is
# gone, its first metric raises.
set -eu
. "$(dirname "$0")/lib.sh"

cat >"$work/script.py" <<-'TEXT'
	from prometheus_client import CollectorRegistry, Counter
	Counter("requests", "Requests.", registry=CollectorRegistry()).inc(7)
TEXT
cat >"$work/server.py" <<-'TEXT'
	from prometheus_client import CollectorRegistry, Counter, generate_latest, multiprocess
	Counter("requests", "Requests.").inc(1)
	registry = CollectorRegistry()
	multiprocess.MultiProcessCollector(registry)
	print([line for line in generate_latest(registry).decode().splitlines() if line.startswith("requests_total")][0])
TEXT
for version in 0.16.0 0.25.0; do
	pip_packages "prometheus-client==$version"
	rm -rf "$work/shared"
	mkdir "$work/shared"
	PROMETHEUS_MULTIPROC_DIR=$work/shared "$work/venv/bin/python" "$work/script.py"
	expect "$version: a server that counted 1 shows" 'requests_total 8.0' \
		"$(PROMETHEUS_MULTIPROC_DIR=$work/shared "$work/venv/bin/python" "$work/server.py")"
	seen=$(PROMETHEUS_MULTIPROC_DIR=$work/gone "$work/venv/bin/python" "$work/script.py" 2>&1 | tail -n 1)
	expect "$version: the script, where the folder is gone" FileNotFoundError "${seen%%:*}"
done
