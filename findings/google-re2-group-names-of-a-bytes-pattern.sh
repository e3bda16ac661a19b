#!/bin/sh
# google-re2 has the interface of the standard library's `re`, but the names of the groups of a bytes pattern are bytes:
# a match knows the group "status" by its number and by b"status", and raises IndexError for the name that `re` takes.
set -eu
. "$(dirname "$0")/lib.sh"

pip_packages google-re2==1.1.20251105
python=$work/venv/bin/python

# $1: the module; prints what `match.group(NAME)` gives, or the error.
group() {
	"$python" -c 'import importlib, sys
match = importlib.import_module(sys.argv[1]).compile(rb"(?P<status>[0-9]+)").match(b"200")
name = sys.argv[2].encode() if sys.argv[3:] else sys.argv[2]
try:
    print(match.group(name))
except IndexError as error:
    print(type(error).__name__)' "$@"
}

expect 're: match.group("status")' "b'200'" "$(group re status)"
expect 're2: match.group("status")' IndexError "$(group re2 status)"
expect 're2: match.group(b"status")' "b'200'" "$(group re2 status bytes)"
expect 're: match.group(b"status")' IndexError "$(group re status bytes)"
