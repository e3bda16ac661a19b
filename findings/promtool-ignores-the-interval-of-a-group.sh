#!/bin/sh
# `promtool test rules` evaluates every group at the test's evaluation_interval, whatever interval the group has: one of five
# minutes has a new value each minute, and one of twenty seconds has none in between. So a test of recorded rules at a pace of
# their own passes for windows that hold no sample in Prometheus, and fails for others that do.
set -eu
. "$(dirname "$0")/lib.sh"

debian_packages bookworm 'prometheus=2.42.*'
debian_packages forky 'promtool=3.5.*'

# $1: interval of the group, $2: time of the question, $3: value recorded last (1.5 a minute).
write_test() {
	cat >"$work/rules.yml" <<-TEXT
		groups:
		  - {name: own-pace, interval: $1, rules: [{record: seen, expr: counted}]}
	TEXT
	cat >"$work/test.yml" <<-TEXT
		rule_files: [rules.yml]
		evaluation_interval: 1m
		tests:
		  - interval: 20s
		    input_series: [{series: counted, values: '0+0.5x60'}]
		    promql_expr_test:
		      - {expr: seen, eval_time: $2, exp_samples: [{labels: seen, value: $3}]}
	TEXT
}

verdict() { if (cd "$work" && "$work/$1/usr/bin/promtool" test rules test.yml >"$work/promtool.log" 2>&1); then echo passes; else echo fails; fi; }

for suite in bookworm forky; do
	write_test 5m 7m 10.5
	expect "$suite: a group of 5 minutes, the value at 7 minutes is of 7" passes "$(verdict $suite)"
	write_test 5m 7m 7.5
	expect "$suite: a group of 5 minutes, the value at 7 minutes is of 5" fails "$(verdict $suite)"
	write_test 20s 2m20s 3
	expect "$suite: a group of 20 seconds, the value at 2:20 is of 2:00" passes "$(verdict $suite)"
done
