#!/bin/sh
# RESP3 lets a map have keys of any type. hiredis makes a dict of it, whose keys cannot be a list, and raises TypeError instead of
# its own ProtocolError: a client that catches hiredis' errors ends, and the reader has lost its place in the stream.
set -eu
. "$(dirname "$0")/lib.sh"

pip_packages hiredis==3.5.0
read_reply() {
	"$work/venv/bin/python" - "$1" <<-'TEXT'
		import sys
		import hiredis
		reader = hiredis.Reader()
		reader.feed(sys.argv[1].encode().decode("unicode_escape").encode())
		try:
		    print(repr(reader.gets()))
		except Exception as error:
		    print(type(error).__name__, isinstance(error, hiredis.HiredisError))
	TEXT
}
expect 'a map with a number as its key' '{1: 2}' "$(read_reply '%1\r\n:1\r\n:2\r\n')"
expect 'a map with a list of one number as its key: error, is it one of hiredis' 'TypeError False' \
	"$(read_reply '%1\r\n*1\r\n:1\r\n:2\r\n')"
