// What the rows of the checks' board ask for.
function(config)
  local chosen = 'kind=~"$kind", check=~"$check"';

  {
    chosen:: chosen,
    silent:: 'No data: no check is configured in settings.yaml (synthetic.checks), or the exporter is down.',
    // Several places may run the same check: the worst counts.
    worst(metric, labels='check', more='', of='max'):: '%s by (%s) (%s{%s%s})' % [of, labels, metric, chosen, more],
    rate(metric, labels='check', more='')::
      'sum by (%s) (rate(%s{%s%s}[$__rate_interval]))' % [labels, metric, chosen, more],
    // Share of runs that passed.
    passed(range):: |||
      sum by (check) (increase(pantrywatch_check_runs_total{%(chosen)s, result="success"}[%(range)s]))
        / (sum by (check) (increase(pantrywatch_check_runs_total{%(chosen)s}[%(range)s])) > 0)
    ||| % { chosen: chosen, range: range },
    // Time since the last run by the time between two.
    overdue:: '(time() - max by (check) (pantrywatch_check_last_run_timestamp_seconds{%(chosen)s})) / on (check) (max by (check) (pantrywatch_check_interval_seconds{%(chosen)s}) > 0)' % { chosen: chosen },
  }
