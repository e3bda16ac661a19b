#!/bin/sh
# PgBouncer's `maxwait`, how long the first client in the queue has waited, is what alerts on a pool look at. While the server
# refuses connections, a client waits (cl_waiting 1) and maxwait stays 0: the alert sees a full pool, and not a dead server.
set -eu
. "$(dirname "$0")/lib.sh"

debian_packages bookworm 'pgbouncer=1.18.0-*' 'libevent-2.1-7=*' 'libc-ares2=*'
pip_packages 'psycopg[binary]==3.3.4'
root=$work/bookworm
dead=$(free_port)
port=$(free_port)
export LD_LIBRARY_PATH="$root/usr/lib/x86_64-linux-gnu"
cat >"$work/pgbouncer.ini" <<INI
[databases]
crm = host=127.0.0.1 port=$dead dbname=crm
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = $port
unix_socket_dir =
auth_type = trust
auth_file = $work/users
admin_users = admin
query_wait_timeout = 120
server_login_retry = 15
INI
printf '"admin" ""\n"app" ""\n' >"$work/users"
chmod -R a+rX "$work"
run pgbouncer as_user "$root/usr/sbin/pgbouncer" "$work/pgbouncer.ini"

# $1: a column of SHOW POOLS for the database.
pool() {
	"$work/venv/bin/python" -c 'import psycopg, sys
with psycopg.connect(f"host=127.0.0.1 port={sys.argv[1]} dbname=pgbouncer user=admin", autocommit=True, cursor_factory=psycopg.ClientCursor) as admin:
    rows = admin.execute("SHOW POOLS")
    names = [column.name for column in rows.description]
    print(*(dict(zip(names, row))[sys.argv[2]] for row in rows if row[0] == "crm"))' "$port" "$1"
}

await 'PgBouncer answers' pool cl_waiting
run client "$work/venv/bin/python" -c 'import psycopg, sys
psycopg.connect(f"host=127.0.0.1 port={sys.argv[1]} dbname=crm user=app")' "$port"
await 'a client has logged in' grep -q 'db=crm user=app' "$work/pgbouncer.log"
sleep 5
expect 'clients that wait after five seconds' 1 "$(pool cl_waiting)"
expect 'maxwait' 0 "$(pool maxwait)"
