#!/bin/sh
# What the official image's entry point does, of which the compose file uses: password file, database, data folder.
set -eu
if [ "$(id -u)" = 0 ]; then
	echo 'this stand-in runs as the user postgres only' >&2
	exit 1
fi
if [ ! -s "$PGDATA/PG_VERSION" ]; then
	mkdir -p "$PGDATA"
	chmod 700 "$PGDATA"
	initdb -D "$PGDATA" -U postgres -A scram-sha-256 --pwfile="$POSTGRES_PASSWORD_FILE" -E UTF8 --locale=C.UTF-8 --no-sync
	printf 'host all all all scram-sha-256\n' >>"$PGDATA/pg_hba.conf"
	PGPASSWORD=$(cat "$POSTGRES_PASSWORD_FILE")
	export PGPASSWORD
	pg_ctl -D "$PGDATA" -w -o '-c listen_addresses=' start
	psql -U postgres -c "CREATE DATABASE $POSTGRES_DB"
	pg_ctl -D "$PGDATA" -m fast -w stop
fi
exec "$@" -c 'listen_addresses=*'
