#!/bin/sh
# A file system mounted with an empty source is a line of /proc/mounts with an empty first field. node_exporter 1.5 skips the
# empty field and reads the others one place too early: the mount point becomes the device, the type becomes the mount point,
# the options become the type, and the size of the real one is gone. 1.11 reads it right.
set -eu
. "$(dirname "$0")/lib.sh"

[ "$(id -u)" -eq 0 ] || { say 'error: mounting needs root'; exit 2; }
debian_packages bookworm 'prometheus-node-exporter=1.5.*'
debian_packages forky 'prometheus-node-exporter=1.11.*'
mkdir "$work/mounted"

# $1: suite, $2: source of a mount that only the exporter sees. Prints device, type and mount point of its series.
ask() {
	port=$(free_port)
	run "node-$1" unshare --mount --pid --fork --kill-child --mount-proc sh -c "mount -t tmpfs -o size=1m '$2' '$work/mounted' && exec '$work/$1/usr/bin/prometheus-node-exporter' \
		--collector.disable-defaults --collector.filesystem --web.listen-address=127.0.0.1:$port \
		--collector.filesystem.mount-points-exclude='^/(proc|sys)(\$|/)'"
	await 'node_exporter' python3 -c "import socket; socket.create_connection(('127.0.0.1', $port), 1)"
	python3 -c "from urllib.request import urlopen; print(urlopen('http://127.0.0.1:$port/metrics', timeout=10).read().decode())" >"$work/page"
	sed -n 's/^node_filesystem_device_error{\(.*\)} .*/\1/p' "$work/page" | grep -F "$work/mounted" |
		sed "s|$work/mounted|MOUNTED|; s/device_error=\"\",//; s/fstype=\"\(rw\)[^\"]*/fstype=\"\1 .../"
}

expect '1.5, source tmpfs' 'device="tmpfs",fstype="tmpfs",mountpoint="MOUNTED"' "$(ask bookworm tmpfs)"
expect '1.5, no source' 'device="MOUNTED",fstype="rw ...",mountpoint="tmpfs"' "$(ask bookworm '')"
expect '1.5, no source: series of its size' 0 "$(grep -c "^node_filesystem_size_bytes{.*$work/mounted" "$work/page" || true)"
expect '1.11, no source' 'device="",fstype="tmpfs",mountpoint="MOUNTED"' "$(ask forky '')"
