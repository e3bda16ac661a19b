#!/bin/sh
# msgspec's `decode_lines` takes newline-delimited JSON, but values need no newline between them, and empty lines are left
# out: the number of values is not the number of lines. Whoever reads a log with it and saves how many lines were read, or
# drops line N because value N was wrong, is off.
set -eu
. "$(dirname "$0")/lib.sh"

pip_packages msgspec==0.22.0
python=$work/venv/bin/python

values() { "$python" -c 'import msgspec, sys
print(len(msgspec.json.Decoder().decode_lines(sys.argv[1].encode().decode("unicode_escape"))))' "$1"; }

expect 'two objects on two lines' 2 "$(values '{"a":1}\n{"a":2}\n')"
expect 'two objects on one line' 2 "$(values '{"a":1}{"a":2}\n')"
expect 'two objects and an empty line between them' 2 "$(values '{"a":1}\n\n{"a":2}\n')"
