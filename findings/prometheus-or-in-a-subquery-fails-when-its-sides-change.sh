#!/bin/sh
# `(a > limit or 0 * a)` in a subquery is an error from the moment at which `a` crosses its limit until it leaves the range, and
# fine before and after: the left side keeps the name of the metric, the right side loses it, so what was one series in each
# step is two in the range, and the function over it drops the name of both. A rule can be correct for months.
set -eu
. "$(dirname "$0")/lib.sh"

debian_packages bookworm 'prometheus=2.42.*'
debian_packages forky 'promtool=3.5.*'
# $1: whose promtool. $2: the limited side. $3: at which minute. Prints the value or the error.
try() {
	cat >"$work/test.yml" <<-TEXT
		evaluation_interval: 1m
		tests:
		  - interval: 1m
		    input_series: [{series: 'load{instance="a"}', values: "1x10 5x10"}]
		    promql_expr_test:
		      - {expr: 'max_over_time(($2 or 0 * load)[5m:1m])', eval_time: $3, exp_samples: [{labels: '{instance="none"}', value: 0}]}
	TEXT
	"$work/$1/usr/bin/promtool" test rules "$work/test.yml" >"$work/log" 2>&1 || true
	sed -n 's/.*err: //p; s/.*got: *//p' "$work/log" | tr -d '\n' | tr -s ' '
}

expect '2.42, before the limit is crossed' '{instance="a"} 0E+00' "$(try bookworm 'load > 2' 8m)"
expect '2.42, while the range holds both' 'vector cannot contain metrics with the same labelset' "$(try bookworm 'load > 2' 13m)"
expect '2.42, when only the other side is left' '{instance="a"} 5E+00' "$(try bookworm 'load > 2' 19m)"
expect '2.42, with the name dropped on both sides' '{instance="a"} 5E+00' "$(try bookworm '1 * load > 2' 13m)"
expect '3.5, while the range holds both' 'vector cannot contain metrics with the same labelset' "$(try forky 'load > 2' 13m)"
