#!/bin/sh
# A server that a program makes itself (Config and Server, no command line, one process) still reads WEB_CONCURRENCY: what
# another program of the same container or host understands there, a word, ends the construction with ValueError.
set -eu
. "$(dirname "$0")/lib.sh"

pip_packages uvicorn==0.50.2
cat >"$work/made.py" <<-'TEXT'
	import uvicorn
	async def app(scope, receive, send):
	    pass
	try:
	    config = uvicorn.Config(app)
	    print("made,", config.workers, "workers")
	except ValueError as error:
	    print("ValueError:", error)
TEXT
expect 'without the variable' 'made, 1 workers' "$(env -u WEB_CONCURRENCY "$work/venv/bin/python" "$work/made.py")"
expect 'WEB_CONCURRENCY=auto' "ValueError: invalid literal for int() with base 10: 'auto'" \
	"$(WEB_CONCURRENCY=auto "$work/venv/bin/python" "$work/made.py")"
expect 'WEB_CONCURRENCY=auto, one worker asked for' 'made, 1 workers' \
	"$(WEB_CONCURRENCY=auto "$work/venv/bin/python" -c "
import uvicorn
print('made,', uvicorn.Config(None, workers=1).workers, 'workers')")"
