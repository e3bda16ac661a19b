#!/bin/sh
# A file system mounted with an empty source is a line of /proc/mounts with an empty first field. node_exporter fails on it, and
# shows not one file system of the machine.
set -eu
. "$(dirname "$0")/lib.sh"

[ "$(id -u)" -eq 0 ] || { say 'error: mounting needs root'; exit 2; }
debian_packages bookworm 'prometheus-node-exporter=1.5.*'
debian_packages forky 'prometheus-node-exporter=1.11.*'
mkdir "$work/mounted"

# $1: suite, $2: source of a mount that only the exporter sees. Prints success and the number of file systems.
ask() {
	port=$(free_port)
	run "node-$1" unshare --mount sh -c "mount -t tmpfs -o size=1m '$2' '$work/mounted' && exec '$work/$1/usr/bin/prometheus-node-exporter' \
		--collector.disable-defaults --collector.filesystem --web.listen-address=127.0.0.1:$port \
		--collector.filesystem.mount-points-exclude='^/(proc|sys)(\$|/)'"
	await 'node_exporter' python3 -c "import socket; socket.create_connection(('127.0.0.1', $port), 1)"
	python3 -c "from urllib.request import urlopen; print(urlopen('http://127.0.0.1:$port/metrics', timeout=10).read().decode())" >"$work/page"
	success=$(sed -n 's/^node_scrape_collector_success{collector="filesystem"} //p' "$work/page")
	size=$(grep -c "^node_filesystem_size_bytes{.*mountpoint=\"$work/mounted\"" "$work/page" || true)
	all=$(grep -c '^node_filesystem_size_bytes{' "$work/page" || true)
	echo "success $success, this mount $size, any $([ "$all" -gt 0 ] && echo yes || echo no)"
}

ask bookworm tmpfs
ask bookworm ''; cat $work/node-bookworm.log | tail -2; grep "mountpoint" $work/page | grep size_bytes | head -5; grep mounted $work/page | head -5
ask forky tmpfs
ask forky ''; cat $work/node-forky.log | tail -2;  grep mounted $work/page | head -5
