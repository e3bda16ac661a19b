#!/bin/sh
# A table that was loaded and analyzed in one session counts as never analyzed: the session reports its own rows after ANALYZE has
# set the counters, so all of them are "modified since the last ANALYZE". `pgbench -i`, restores and migrations leave it so, and
# what watches n_mod_since_analyze asks for an ANALYZE that was just made. pg_stat_force_next_flush() before ANALYZE
# prevents it.
set -eu
. "$(dirname "$0")/lib.sh"

postgres_packages
port=$(free_port)
as_user "$bin/initdb" -D "$data/server" -U postgres -A trust --no-sync >"$work/initdb.log" 2>&1
run server as_user "$bin/postgres" -D "$data/server" -p "$port" -h 127.0.0.1 -k "$data" -c fsync=off -c autovacuum=off

# $1: statements between the load and ANALYZE. Prints what is counted, as another session sees it once the first has ended.
counted() {
	"$work/venv/bin/python" - "$1" <<-TEXT
		import sys, psycopg
		where = "host=127.0.0.1 port=$port user=postgres connect_timeout=2"
		with psycopg.connect(where, autocommit=True) as session:
		    session.execute("DROP TABLE IF EXISTS loaded")
		    session.execute("CREATE TABLE loaded AS SELECT generate_series(1, 10000) AS number")
		    if sys.argv[1]:
		        session.execute(sys.argv[1])
		    session.execute("ANALYZE loaded")
		with psycopg.connect(where, autocommit=True) as session:
		    print(*session.execute(
		        "SELECT n_mod_since_analyze, last_analyze IS NOT NULL FROM pg_stat_user_tables WHERE relname = 'loaded'"
		    ).fetchone())
	TEXT
}
await 'PostgreSQL answers' counted ''

expect 'rows modified since ANALYZE, and whether there was one' '10000 True' "$(counted '')"
expect 'the same, flushed before it' '0 True' "$(counted 'SELECT pg_stat_force_next_flush()')"
