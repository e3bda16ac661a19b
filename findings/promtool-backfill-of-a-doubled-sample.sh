#!/bin/sh
# A backfill that says one series twice for one moment, with two values, is refused in one file and accepted in another, by how many
# samples lie between the two: promtool commits 5000 at a time, and only what is committed is compared. Accepted, the later value
# is gone without a word and the exit code is 0, so a generator that doubles samples looks right until its file grows.
set -eu
. "$(dirname "$0")/lib.sh"

debian_packages bookworm 'prometheus=2.42.*'
debian_packages forky 'promtool=3.5.*'
# $1: whose promtool. $2: how many other series lie between the two samples. Prints the error, or the value that is kept.
try() {
	blocks=$work/blocks-$1-$2
	mkdir -p "$blocks/wal"
	{
		echo '# TYPE x gauge'
		seq 0 "$2" | sed 's/.*/x{a="&"} 1 1700000000/'
		echo 'x{a="0"} 2 1700000000'
		echo '# EOF'
	} >"$work/page"
	if "$work/$1/usr/bin/promtool" tsdb create-blocks-from openmetrics "$work/page" "$blocks" >"$work/log" 2>&1; then
		"$work/$1/usr/bin/promtool" tsdb dump "$blocks" 2>"$work/log" | sed -n 's/.*a="0".* \([0-9.]*\) 1700000000000/accepted, the value is \1/p'
	else
		sed -n 's/.*add sample: \(duplicate sample for timestamp\).*/\1/p' "$work/log"
	fi
}

expect '2.42, with 100 series between them' 'accepted, the value is 1' "$(try bookworm 100)"
expect '2.42, with 6000 series between them' 'duplicate sample for timestamp' "$(try bookworm 6000)"
expect '3.5, with 100 series between them' 'accepted, the value is 1' "$(try forky 100)"
expect '3.5, with 6000 series between them' 'duplicate sample for timestamp' "$(try forky 6000)"
