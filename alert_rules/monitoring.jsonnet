// The monitoring watches itself: what must hold before any other alert can be believed.
local alert = (import 'lib/alert.libsonnet').alert;

{
  groups: [
    {
      name: 'monitoring.alerts',
      rules: [
        alert(
          'Watchdog',
          'none',
          'prometheus',
          'vector(1)',
          '0s',
          'The alerting pipeline works.',
          'This alert always fires. Whoever stops receiving it has no alerting.',
          'None while it arrives.',
        ),
        alert(
          'CrmMonitoringTargetDown',
          'high',
          'scrape',
          'up == 0',
          // Four scrapes: one that is lost on the way is no outage.
          '1m',
          'Prometheus cannot scrape {{ $labels.job }}/{{ $labels.instance }}.',
          'The target has not answered a scrape for a minute. An exporter of ours answers even when what it watches is down, so the exporter itself or the way to it is broken.',
          'Everything measured by this target is unknown now.',
        ),
        alert(
          'CrmMonitoringCollectorFailing',
          'medium',
          'collector',
          'pantrywatch_collector_error > 0',
          // Long enough that a restart of the watched server is over.
          '5m',
          'Collector {{ $labels.exporter }}/{{ $labels.collector }} on {{ $labels.instance }} fails: {{ $labels.class }}.',
          'The collector has failed for 5 minutes with the class {{ $labels.class }}. Its metrics are missing, not zero.',
          'Panels and alerts that use these metrics are blind.',
        ),
        alert(
          'CrmMonitoringCheckNotRun',
          'high',
          'check',
          // Four intervals: the check itself gives up within one. A check that has never run has no time at all.
          |||
            time() - pantrywatch_check_last_run_timestamp_seconds > 4 * pantrywatch_check_interval_seconds
              or (pantrywatch_check_interval_seconds unless pantrywatch_check_last_run_timestamp_seconds)
          |||,
          '1m',
          'Check {{ $labels.check }} does not run.',
          'The check has not run for more than four of its intervals. This says nothing about what it checks.',
          'The availability this check feeds is unknown now.',
        ),
      ],
    },
  ],
}
