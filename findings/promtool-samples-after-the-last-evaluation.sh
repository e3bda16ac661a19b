#!/bin/sh
# `promtool test rules` shows a question between two evaluations only the input up to the evaluation before it: asked at 2:30,
# with samples each 15 s and evaluations each minute, those of 2:15 and 2:30 are not there. The last value is that of 2:00, and a
# rate over the last minute is too low by what is missing, without a word.
set -eu
. "$(dirname "$0")/lib.sh"

debian_packages bookworm 'prometheus=2.42.*'
debian_packages forky 'promtool=3.5.*'

# $1: evaluation_interval, $2: expression, $3: its value at 2:30. The counter grows by one a second.
write_test() {
	cat >"$work/test.yml" <<-TEXT
		evaluation_interval: $1
		tests:
		  - interval: 15s
		    input_series: [{series: counted, values: '0+15x40'}]
		    promql_expr_test:
		      - {expr: '$2', eval_time: 2m30s, exp_samples: [{value: $3}]}
	TEXT
}

verdict() { if (cd "$work" && "$work/$1/usr/bin/promtool" test rules test.yml >"$work/promtool.log" 2>&1); then echo passes; else echo fails; fi; }

for suite in bookworm forky; do
	write_test 30s 'counted + 0' 150
	expect "$suite: evaluated each 30 s, the value at 2:30 is that of 2:30" passes "$(verdict $suite)"
	write_test 1m 'counted + 0' 150
	expect "$suite: evaluated each minute, it is that of 2:30" fails "$(verdict $suite)"
	write_test 1m 'counted + 0' 120
	expect "$suite: evaluated each minute, it is that of 2:00" passes "$(verdict $suite)"
	write_test 1m 'rate(counted[59s]) < bool 0.9' 1
	expect "$suite: evaluated each minute, the rate at 2:30 is lower than one a second" passes "$(verdict $suite)"
done
