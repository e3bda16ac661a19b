#!/bin/sh
# A percent sign in a path is written %% in supervisord's configuration, but in stdout_logfile %%%%: its value is expanded twice, that
# of command and directory in the same section once. With %% the configuration is refused, and nothing says that four would do.
set -eu
. "$(dirname "$0")/lib.sh"

pip_packages supervisor==4.3.0 setuptools==75.8.0
mkdir "$work/a%b"
# configuration NAME PERCENT_SIGNS_OF_THE_LOG_FILE
configuration() {
	cat >"$work/$1.conf" <<-TEXT
		[supervisord]
		nodaemon=true
		logfile=$work/$1.log
		pidfile=$work/$1.pid
		[program:one]
		command=/bin/pwd
		directory=$work/a%%b
		stdout_logfile=$work/a$2b/$1.out
		startsecs=0
		autorestart=false
	TEXT
	"$work/venv/bin/supervisord" -c "$work/$1.conf" >"$work/$1.said" 2>&1 &
	supervisord=$!
	for _ in $(seq 100); do
		kill -0 "$supervisord" 2>/dev/null || break
		[ -s "$work/a%b/$1.out" ] && break
		sleep 0.1
	done
	kill "$supervisord" 2>/dev/null || true
	wait "$supervisord" || true
}

configuration two '%%'
configuration four '%%%%'
said=$(grep -o "badly formatted" "$work/two.said" | head -n 1 || true)
say "stdout_logfile with %%: $(tail -n 2 "$work/two.said" | head -n 1 | cut -c 1-110)"
say "stdout_logfile with %%%%: the file has $(cat "$work/a%b/four.out" 2>/dev/null | sed "s|$work||")"
expect 'supervisor 4.3.0: %% is refused' 'badly formatted' "$said"
expect 'supervisor 4.3.0: %%%% is one percent sign, %% of the same section too' "$work/a%b" "$(cat "$work/a%b/four.out" 2>/dev/null)"
