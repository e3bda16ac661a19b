#!/bin/sh
# pg_replication_lag_seconds is 0 on a standby that has replayed all it received, also when it receives nothing any more because
# its primary is gone: the longer it is cut off, the longer it reports that it is up to date.
set -eu
. "$(dirname "$0")/lib.sh"

debian_packages forky 'prometheus-postgres-exporter=0.19.*'
postgres_packages
primary=$(free_port) standby=$(free_port)
as_user "$bin/initdb" -D "$data/primary" -U postgres -A trust --no-sync >"$work/initdb.log" 2>&1
as_user cp -R "$data/primary" "$data/standby"
as_user touch "$data/standby/standby.signal"

# $1: name, $2: port, the rest: options. Sets $server.
start() {
	name=$1 listen=$2
	shift 2
	run "$name" as_user "$bin/postgres" -D "$data/$name" -p "$listen" -h 127.0.0.1 -k "$data" -c fsync=off "$@"
	server=${started%% *}
	await "$name" answers "$listen" 'SELECT 1'
}
sql() { "$work/venv/bin/python" -c "
import psycopg, sys
with psycopg.connect(f'host=127.0.0.1 port={sys.argv[1]} user=postgres', autocommit=True, connect_timeout=2) as connection:
    print(connection.execute(sys.argv[2]).fetchone()[0])" "$1" "$2"; }
answers() { [ -n "$(sql "$1" "$2")" ]; }
is() { [ "$(sql "$1" "$2")" = "$3" ]; }

start primary "$primary"
head=$server
start standby "$standby" -c "primary_conninfo=host=127.0.0.1 port=$primary user=postgres"
await 'the standby to receive' is "$standby" "SELECT count(*) FROM pg_stat_wal_receiver WHERE status = 'streaming'" 1
sql "$primary" "SELECT txid_current() IS NOT NULL" >"$work/out"
await 'all to be replayed' is "$standby" 'SELECT pg_last_wal_receive_lsn() = pg_last_wal_replay_lsn() AND pg_last_xact_replay_timestamp() IS NOT NULL' True
kill -9 "$(head -n 1 "$data/primary/postmaster.pid")"
await 'the standby to be alone' is "$standby" "SELECT count(*) FROM pg_stat_wal_receiver" 0
await 'the last change to be ten seconds old' is "$standby" "SELECT now() - pg_last_xact_replay_timestamp() > interval '10 s'" True

# $1: suite, $2: version.
ask() {
	port=$(free_port)
	run "exporter-$1" env "DATA_SOURCE_NAME=postgresql://postgres@127.0.0.1:$standby/postgres?sslmode=disable" \
		"$work/$1/usr/bin/prometheus-postgres-exporter" --web.listen-address="127.0.0.1:$port"
	await 'postgres_exporter' python3 -c "import socket; socket.create_connection(('127.0.0.1', $port), 1)"
	python3 -c "from urllib.request import urlopen; print(urlopen('http://127.0.0.1:$port/metrics', timeout=20).read().decode())" >"$work/page"
	expect "$2: pg_up" 1 "$(sed -n 's/^pg_up //p' "$work/page")"
	expect "$2: lag of a standby cut off for ten seconds" 0 "$(sed -n 's/^pg_replication_lag\(_seconds\)\{0,1\}\({.*}\)\{0,1\} //p' "$work/page")"
}

ask forky 0.19
