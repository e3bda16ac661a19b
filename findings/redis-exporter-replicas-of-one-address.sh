#!/bin/sh
# Two replicas behind one announced address (NAT, replica-announce-ip) are two lines of Redis' INFO and one series of
# redis_exporter, that of the first: a second replica that has stopped taking data is not seen, and nothing says so.
set -eu
. "$(dirname "$0")/lib.sh"

debian_packages bookworm 'redis-server=5:7.0.*' 'redis-tools=5:7.0.*' 'prometheus-redis-exporter=1.45.*'
debian_packages forky 'prometheus-redis-exporter=1.86.*'
command -v redis-server >/dev/null || PATH=$work/bookworm/usr/bin:$PATH
master=$(free_port)
run master redis-server --port "$master" --bind 127.0.0.1 --save '' --dir "$work"
await 'Redis' redis-cli -p "$master" ping
for replica in one two; do
	run "$replica" redis-server --port "$(free_port)" --bind 127.0.0.1 --save '' --dir "$work" --dbfilename "$replica.rdb" \
		--replicaof 127.0.0.1 "$master" --replica-announce-ip 192.0.2.9 --replica-announce-port 6379
	online=$((${online:-0} + 1))
	await "$online online" sh -c "test \$(redis-cli -p $master info replication | grep -c 'ip=192.0.2.9,port=6379,state=online') = $online"
done

# The master counts a replica's lag from the last time it heard of it.
frozen=${started%% *}
kill -STOP "$frozen"
lags() { redis-cli -p "$master" info replication | tr -d '\r' | sed -n 's/^slave[01]:.*lag=//p'; }
worst() { test "$(lags | sort -n | tail -n 1)" -ge 5; }
await 'five seconds of lag' worst
expect 'lines of INFO for replicas' 2 "$(lags | wc -l)"

# $1: suite, $2: version.
ask() {
	port=$(free_port)
	run "exporter-$1" "$work/$1/usr/bin/prometheus-redis-exporter" --redis.addr="redis://127.0.0.1:$master" \
		--web.listen-address="127.0.0.1:$port"
	await 'the exporter' python3 -c "import socket; socket.create_connection(('127.0.0.1', $port), 1)"
	python3 -c "from urllib.request import urlopen; print(urlopen('http://127.0.0.1:$port/metrics', timeout=10).read().decode())" \
		>"$work/page"
	expect "$2: redis_connected_slaves" 2 "$(sed -n 's/^redis_connected_slaves //p' "$work/page")"
	expect "$2: series of their lag" 1 "$(grep -c '^redis_connected_slave_lag_seconds{' "$work/page")"
	lag=$(sed -n 's/^redis_connected_slave_lag_seconds{.*} //p' "$work/page")
	expect "$2: the lag is that of the one that runs" yes "$(test "$lag" -lt 3 && echo yes || echo "no, $lag")"
	expect "$2: lines of its log" 0 "$(grep -ci 'duplicate\|collected before' "$work/exporter-$1.log" || true)"
}

ask bookworm 1.45
ask forky 1.86
kill -CONT "$frozen"
