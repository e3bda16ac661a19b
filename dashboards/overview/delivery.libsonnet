// What DORA measures: how often is deployed, how often that fails, how long it takes to restore.
function(config)
  local series = import '../../alert_rules/lib/delivery_series.libsonnet';
  local panel = import '../lib/panel.libsonnet';

  local unmarked = 'No deployment is marked (`pantrywatch mark VERSION`).';

  [
    panel.stat(
      'Deployments a week',
      'Marked deployments of the last 30 days, a week (the newest 20 versions are known). Good: as often as you mean to. None for weeks: changes pile up, and the next deployment is a large one.',
      'none',
      [panel.now('max(' + series.deployments + ') * 7 / 30')],
      unmarked,
    ) + panel.size(8, 4) + panel.plain_stat + panel.decimals(1),

    panel.stat(
      'Change-failure share',
      'Share of the deployments of the last 30 days after which a critical or high alert began and fired within an hour. Good: below 15%. Otherwise: smaller changes, and a canary.',
      'percentunit',
      [panel.now('max(' + series.failure_ratio + ')')],
      'No deployment was marked in 30 days.',
    ) + panel.size(8, 4) + panel.plain_stat + panel.decimals(0),

    panel.stat(
      'Time to restore',
      'Mean time of the last 30 days from the first critical or high alert until none fires. Good: below an hour. Otherwise: the report (docs/report.md) lists the incidents with their times.',
      's',
      [panel.now('max(' + series.time_to_restore + ')')],
      'No incident has ended in 30 days.',
    ) + panel.size(8, 4) + panel.plain_stat + panel.decimals(0),
  ]
