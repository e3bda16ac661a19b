#!/bin/sh
# On a hot standby whose default_transaction_isolation is serializable, PostgreSQL refuses every statement, `SELECT 1` too, until the
# level is changed, and the statement that changes it is refused too. postgres_exporter says pg_up 1, and nothing else.
set -eu
. "$(dirname "$0")/lib.sh"

debian_packages forky 'prometheus-postgres-exporter=0.19.*'
postgres_packages
port=$(free_port)
as_user "$bin/initdb" -D "$data/standby" -U postgres -A trust --no-sync >"$work/initdb.log" 2>&1
as_user touch "$data/standby/standby.signal"
run standby as_user "$bin/postgres" -D "$data/standby" -p "$port" -h 127.0.0.1 -k "$data" -c fsync=off \
	-c default_transaction_isolation=serializable
ask_server() {
	"$work/venv/bin/python" - "$port" "$1" "${2:-}" <<-'TEXT'
		import sys
		import psycopg
		options = "-c default_transaction_isolation=read\\ committed" if sys.argv[3] else ""
		with psycopg.connect(host="127.0.0.1", port=sys.argv[1], user="postgres", autocommit=True, options=options) as connection:
		    try:
		        print(connection.execute(sys.argv[2]).fetchone()[0])
		    except psycopg.Error as error:
		        print(error.sqlstate)
	TEXT
}
listens() { python3 -c "import socket; socket.create_connection(('127.0.0.1', $1), 1)"; }
await 'PostgreSQL' ask_server 'SELECT 1'
expect 'PostgreSQL 17: SELECT 1' 0A000 "$(ask_server 'SELECT 1')"
expect 'PostgreSQL 17: SELECT set_config(…), to change it' 0A000 \
	"$(ask_server "SELECT set_config('default_transaction_isolation', 'read committed', false)")"
expect 'PostgreSQL 17: SELECT 1, the level given when connecting' 1 "$(ask_server 'SELECT 1' connecting)"

web=$(free_port)
run exporter env "DATA_SOURCE_NAME=postgresql://postgres@127.0.0.1:$port/postgres?sslmode=disable" \
	"$work/forky/usr/bin/prometheus-postgres-exporter" --web.listen-address="127.0.0.1:$web"
await 'postgres_exporter' listens "$web"
python3 -c "from urllib.request import urlopen; print(urlopen('http://127.0.0.1:$web/metrics', timeout=20).read().decode())" >"$work/page"
expect 'postgres_exporter 0.19: pg_up' 1 "$(sed -n 's/^pg_up //p' "$work/page")"
expect 'its series of PostgreSQL besides' 0 "$(grep '^pg_' "$work/page" | grep -vc '^pg_up \|^pg_exporter_' || true)"
expect 'its collectors that say how they fared' 0 "$(grep -c '^pg_scrape_collector_success' "$work/page" || true)"
