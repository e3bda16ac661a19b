// Network paths to database, cache, API and third parties.
function(config)
  local panel = import '../lib/panel.libsonnet';

  local none = 'No check is configured: add some to settings.yaml (synthetic.checks).';

  [
    panel.timeseries(
      'Connect time (probe)',
      'Time the last run of each check took to connect: the network, and the server at the other end. One slow: that server. All slow: this machine or its network.',
      's',
      [panel.query('max by (check) (pantrywatch_check_phase_seconds{phase="connect"})', '{{check}}')],
      none,
    ) + panel.to_board('synthetic', 'All checks'),
    panel.timeseries(
      'Name resolution time (probe)',
      'Time to resolve the host name of each check. Good: a few milliseconds. Seconds: the first name server does not respond, and everything waits for it.',
      's',
      [panel.query('max by (check) (probe_dns_lookup_time_seconds)', '{{check}}')],
      none,
    ),
    panel.timeseries(
      'Failed runs (probe)',
      'Share of failed runs of each check, whatever the reason. All at once: this machine or its network. One: see the error class on the checks board.',
      'percentunit',
      [panel.query('(sum by (check) (rate(pantrywatch_check_runs_total{result="failure"}[$__rate_interval])) or 0 * sum by (check) (rate(pantrywatch_check_runs_total{result!=""}[$__rate_interval]))) / (sum by (check) (rate(pantrywatch_check_runs_total[$__rate_interval])) > 0)', '{{check}}')],
      none,
    ) + panel.ratio + panel.decimals(0) + panel.to_board('synthetic', 'All checks'),
  ]
