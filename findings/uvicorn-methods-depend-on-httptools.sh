#!/bin/sh
# Which requests reach an application depends on what else is installed: without httptools uvicorn parses with h11, and a
# method that it does not know (a valid token) reaches the application; as soon as any package brings httptools, uvicorn
# chooses it, and the same request is a 400 that the application neither sees nor counts.
set -eu
. "$(dirname "$0")/lib.sh"

cat >"$work/counted.py" <<-'TEXT'
	async def app(scope, receive, send):
	    await send({"type": "http.response.start", "status": 405, "headers": [(b"content-length", b"0")]})
	    await send({"type": "http.response.body", "body": b""})
TEXT

# $1: name of the log, the rest: options of uvicorn. Leaves its port in $port.
serve() {
	log_name=$1
	shift
	port=$(free_port)
	run "$log_name" "$work/venv/bin/python" -m uvicorn --app-dir "$work" --lifespan off --port "$port" "$@" counted:app
	await 'uvicorn' grep -q 'running on' "$work/$log_name.log"
}

status_of_brew() {
	python3 -c "
import http.client
asked = http.client.HTTPConnection('127.0.0.1', $port, timeout=10)
asked.request('BREW', '/')
print(asked.getresponse().status)"
}

pip_packages uvicorn==0.50.2
serve alone
expect 'uvicorn alone: BREW is answered by the application' 405 "$(status_of_brew)"
pip_packages uvicorn==0.50.2 httptools==0.7.1
serve installed
expect 'httptools is installed: BREW is answered by the parser' 400 "$(status_of_brew)"
serve chosen --http h11
expect 'httptools is installed, --http h11 is chosen: BREW is answered by the application' 405 "$(status_of_brew)"
