#!/bin/sh
# An idle uvicorn, with no connection at all, wakes ten times a second, for ever: its main loop sleeps 0.1 s and looks whether
# it should end. On a machine with many small services each keeps a processor from its deeper sleep.
set -eu
. "$(dirname "$0")/lib.sh"

pip_packages uvicorn==0.50.0
cat >"$work/quiet.py" <<-'TEXT'
	async def app(scope, receive, send):
	    pass
TEXT
port=$(free_port)
run uvicorn "$work/venv/bin/python" -m uvicorn --app-dir "$work" --lifespan off --port "$port" quiet:app
server=${started%% *}
await 'uvicorn' grep -q 'running on' "$work/uvicorn.log"

# The process gives its processor up once for each time that it wakes.
switches() { sed -n 's/^voluntary_ctxt_switches:\t*//p' "/proc/$server/status"; }
before=$(switches)
sleep 5
rate=$((($(switches) - before) / 5))
say "measured $rate wake-ups a second"
expect 'uvicorn 0.50.0 idle: between 8 and 12 wake-ups a second' yes "$([ $rate -ge 8 ] && [ $rate -le 12 ] && echo yes || echo no)"
