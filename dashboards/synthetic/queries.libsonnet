// What the rows of the checks' board ask for.
function(config)
  local history = import '../lib/history.libsonnet';
  local checks = import '../lib/checks.libsonnet';
  local chosen = 'kind=~"$kind", check=~"$check"';

  {
    chosen:: chosen,
    silent:: 'No data: no check is configured in settings.yaml (synthetic.checks), or the exporter is down.',
    // Several places may run the same check: the worst counts.
    worst(metric, labels='check', more='', of='max'):: '%s by (%s) (%s{%s%s})' % [of, labels, metric, chosen, more],
    pass(labels='check'):: checks.pass(chosen, labels),
    rate(metric, labels='check', more='')::
      'sum by (%s) (rate(%s{%s%s}[$__rate_interval]))' % [labels, metric, chosen, more],
    // Share of runs that passed.
    passed(range):: |||
      sum by (check) (increase(pantrywatch_check_runs_total{%(chosen)s, result="success"}[%(range)s]))
        / (sum by (check) (increase(pantrywatch_check_runs_total{%(chosen)s}[%(range)s])) > 0)
    ||| % { chosen: chosen, range: range },
    // The same over days: with less than a day of history it says "too early".
    passed_days(range)::
      local runs = 'pantrywatch_check_last_run_timestamp_seconds{%s}' % chosen;
      local known = 'max by (check) (last_over_time(%s[6d] offset 1d))' % runs;
      history.or_early('(%s)' % self.passed(range), known, '(max by (check) (%s) unless %s)' % [runs, known], 'check'),
    // Time since the last run by the time between two.
    overdue:: '(time() - max by (check) (pantrywatch_check_last_run_timestamp_seconds{%(chosen)s})) / on (check) (max by (check) (pantrywatch_check_interval_seconds{%(chosen)s}) > 0)' % { chosen: chosen },
  }
