#!/bin/sh
# The same rule test passes with promtool 2 and fails with promtool 3: a sample exactly on the left edge of a range counts in
# Prometheus 2 and not in 3. Samples at whole minutes, as every test has them, always lie there; real scrapes hardly ever do.
set -eu
. "$(dirname "$0")/lib.sh"

debian_packages bookworm 'prometheus=2.42.*'
debian_packages forky 'promtool=3.5.*'
# $1: what the query must give. Prints passed or failed for the promtool of $2.
try() {
	cat >"$work/test.yml" <<-TEXT
		evaluation_interval: 1m
		tests:
		  - interval: 1m
		    input_series: [{series: up, values: "1x20"}]
		    promql_expr_test:
		      - {expr: 'count_over_time(up[5m])', eval_time: 10m, exp_samples: [{labels: '{}', value: $1}]}
		      - {expr: 'count_over_time(up[1m])', eval_time: 10m, exp_samples: [{labels: '{}', value: $(($1 - 4))}]}
	TEXT
	"$work/$2/usr/bin/promtool" test rules "$work/test.yml" >"$work/log" 2>&1 && echo passed || echo failed
}

expect 'promtool 2.42: [5m] of samples a minute apart holds 6, [1m] two' passed "$(try 6 bookworm)"
expect 'promtool 3.5, the same' failed "$(try 6 forky)"
expect 'promtool 3.5: [5m] holds 5, and [1m] one, of which no rate can be made' passed "$(try 5 forky)"
