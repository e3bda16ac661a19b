#!/bin/sh
# EXPLAIN (GENERIC_PLAN) is made for texts with $1 and without values, as pg_stat_statements keeps them. It works in the simple
# protocol only, as in psql. In the extended one, which drivers use for everything that is prepared, the server asks for the
# values that the option is there to do without, and says so as a protocol violation (08P01), an error of connections.
set -eu
. "$(dirname "$0")/lib.sh"

postgres_packages
port=$(free_port)
as_user "$bin/initdb" -D "$data/server" -U postgres -A trust --no-sync >"$work/initdb.log" 2>&1
run server as_user "$bin/postgres" -D "$data/server" -p "$port" -h 127.0.0.1 -k "$data" -c fsync=off

# $1: how to run it, as arguments of execute(). Prints the first word of the plan, or the SQLSTATE.
explained() {
	"$work/venv/bin/python" - <<-TEXT
		import psycopg
		where = "host=127.0.0.1 port=$port user=postgres connect_timeout=2"
		with psycopg.connect(where, autocommit=True) as session:
		    try:
		        plan = session.execute("EXPLAIN (GENERIC_PLAN) SELECT oid FROM pg_class WHERE oid = \$1", $1)
		        print(plan.fetchone()[0].split()[0])
		    except psycopg.Error as error:
		        print(error.sqlstate, type(error).__mro__[1].__name__)
	TEXT
}
answers() { explained '' | grep -q '^Index$'; }
await 'PostgreSQL answers' answers

expect 'in the simple protocol' Index "$(explained '')"
expect 'in the extended protocol' '08P01 OperationalError' "$(explained 'binary=True')"
expect 'prepared' '08P01 OperationalError' "$(explained 'prepare=True')"
