#!/bin/sh
# TYPE, OBJECT ENCODING, OBJECT FREQ and SCAN ... TYPE count as lookups in keyspace_hits and keyspace_misses, so looking at
# keys (redis-cli --bigkeys, --hotkeys) changes the hit ratio that is measured; MEMORY USAGE and a plain SCAN do not.
set -eu
. "$(dirname "$0")/lib.sh"

debian_packages bookworm 'redis-server=5:7.0.*' 'redis-tools=5:7.0.*'
command -v redis-server >/dev/null || PATH=$work/bookworm/usr/bin:$PATH
port=$(free_port)
run redis redis-server --port "$port" --bind 127.0.0.1 --save '' --dir "$work" --maxmemory-policy allkeys-lfu
ask() { redis-cli -p "$port" "$@"; }
await 'Redis' ask ping
ask set key value >/dev/null
count() { ask info stats | tr -d '\r' | sed -n "s/^keyspace_$1://p"; }

# $1: hits and misses it adds, the rest: a command.
adds() {
	added=$1
	shift
	hits=$(count hits) misses=$(count misses)
	ask "$@" >/dev/null
	expect "hits and misses added by $*" "$added" "$(($(count hits) - hits)) $(($(count misses) - misses))"
}

adds '1 0' type key
adds '1 0' object encoding key
adds '1 0' object freq key
adds '0 1' type gone
adds '0 1' object encoding gone
adds '1 0' scan 0 type string
adds '0 0' scan 0
adds '0 0' memory usage key
adds '0 0' memory usage gone
adds '0 0' randomkey
hits=$(count hits)
ask --bigkeys >/dev/null
expect 'redis-cli --bigkeys adds hits for one key' yes "$(test "$(count hits)" -gt "$hits" && echo yes || echo no)"
