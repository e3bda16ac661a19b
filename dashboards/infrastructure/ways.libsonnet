// The way to database, cache, API and third parties.
local panel = import '../lib/panel.libsonnet';

local none = 'No check runs: name some in settings.yaml (synthetic.checks).';

[
  panel.timeseries(
    'Time to connect (probe)',
    'Time of the last run of each check to set up its connection: the network, and whoever accepts at the other end. One slow: that server. All slow: this machine or its network.',
    's',
    [panel.query('max by (check) (pantrywatch_check_phase_seconds{phase="connect"})', '{{check}}')],
    none,
  ) + panel.to_board('synthetic', 'All checks'),
  panel.timeseries(
    'Time to resolve names (probe)',
    'Time to resolve the host name of each check. Good: a few milliseconds. Seconds: the first name server does not answer, and everything waits for it.',
    's',
    [panel.query('max by (check) (probe_dns_lookup_time_seconds)', '{{check}}')],
    none,
  ),
  panel.timeseries(
    'Lost (probe)',
    'Share of runs of each check that failed, whatever the reason. All at once: this machine or its network. One: see the board of the checks for the class of error.',
    'percentunit',
    [panel.query('(sum by (check) (rate(pantrywatch_check_runs_total{result="failure"}[$__rate_interval])) or 0 * sum by (check) (rate(pantrywatch_check_runs_total[$__rate_interval]))) / (sum by (check) (rate(pantrywatch_check_runs_total[$__rate_interval])) > 0)', '{{check}}')],
    none,
  ) + panel.ratio + panel.decimals(0) + panel.to_board('synthetic', 'All checks'),
]
