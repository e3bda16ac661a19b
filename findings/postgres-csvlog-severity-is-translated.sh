#!/bin/sh
# The severity of one and the same entry is FEHLER in csvlog and ERROR in jsonlog where lc_messages is German: csvlog translates it,
# jsonlog does not. A reader of csvlog that counts ERROR sees a healthy server; the code of the state is the same in both.
set -eu
. "$(dirname "$0")/lib.sh"

debian_packages bookworm 'postgresql-15=15.*' 'locales=2.36-*' libpq5 libicu72 libxml2 libxslt1.1 libldap-2.5-0 libsasl2-2
pip_packages 'psycopg[binary]==3.3.4'
bin=$root/usr/lib/postgresql/15/bin
libraries=$root/usr/lib/x86_64-linux-gnu
data=$work/data
mkdir "$data" "$work/locales"
I18NPATH=$root/usr/share/i18n localedef -i de_DE -f UTF-8 "$work/locales/de_DE.UTF-8"
chmod -R a+rX "$work"
[ "$(id -u)" -ne 0 ] || chown 65534:65534 "$data"
port=$(free_port)

in_german() { as_user env LOCPATH="$work/locales" LD_LIBRARY_PATH="$libraries" "$@"; }
in_german "$bin/initdb" -D "$data/server" -U postgres -A trust --no-sync --locale=C --lc-messages=de_DE.UTF-8 >"$work/initdb.log" 2>&1
run server in_german "$bin/postgres" -D "$data/server" -p "$port" -h 127.0.0.1 -k "$data" -c fsync=off \
	-c logging_collector=on -c log_destination=csvlog,jsonlog -c log_directory="$data/log" -c log_filename=server.log
fails() { "$work/venv/bin/python" -c "
import psycopg
with psycopg.connect('host=127.0.0.1 port=$port user=postgres', autocommit=True, connect_timeout=2) as connection:
    try:
        connection.execute('SELECT 1 / 0')
    except psycopg.errors.DivisionByZero:
        print('failed')"; }
await 'a statement to fail' fails
await 'its line' grep -q 22012 "$data/log/server.json"

expect 'csvlog' FEHLER "$("$work/venv/bin/python" -c "
import csv
print(*sorted({row[11] for row in csv.reader(open('$data/log/server.csv')) if row[12] == '22012'}))")"
expect 'jsonlog' ERROR "$("$work/venv/bin/python" -c "
import json
print(*sorted({line['error_severity'] for line in map(json.loads, open('$data/log/server.json')) if line.get('state_code') == '22012'}))")"
