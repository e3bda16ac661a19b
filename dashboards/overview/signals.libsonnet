// Golden signals, each with its promise drawn in.
function(config)
  local series = import '../../alert_rules/lib/slo_series.libsonnet';
  local checks = import '../lib/checks.libsonnet';
  local panel = import '../lib/panel.libsonnet';
  local slo_targets = (import '../lib/slo_targets.libsonnet')(config);
  local durations = (import '../lib/requests.libsonnet')(config);

  local requests = 'http_server_request_duration_seconds_count{' + config.selectors.api + '%s}';

  local known = requests % ', http_response_status_code!=""';

  [
    panel.timeseries(
      'Requests (traffic)',
      'Requests per second to the API, all servers together. Good: the usual curve of the day. A sudden drop while checks pass: users are cut off in front of the application.',
      'reqps',
      [panel.query('sum(rate(%s[$__rate_interval]))' % (requests % ''), 'requests')],
      'The application is not scraped, or does not export metrics.',
    ) + panel.to_board('api', 'Which endpoint, since when, whose fault?'),

    panel.timeseries(
      'Failed requests (traffic)',
      'Share of API requests that ended with a 5xx. ' + slo_targets.words('api-error-rate') + ' Good: below the line. Otherwise: the API board shows which route.',
      'percentunit',
      [panel.query(
        '(sum(rate(%s[$__rate_interval])) or 0 * sum(rate(%s[$__rate_interval]))) / (sum(rate(%s[$__rate_interval])) > 0)'
        % [requests % ', http_response_status_code=~"5.."', known, known],
        'failed'
      )],
      'No requests in the time range shown.',
    ) + slo_targets.bad_share('api-error-rate'),

    panel.timeseries(
      'API response time, p95 (traffic)',
      '95% of API requests are faster. ' + slo_targets.words('api-latency') + ' Good: below the line. Otherwise: the API board shows which route, and whether database, cache or a third party is slow.',
      's',
      [panel.query('histogram_quantile(0.95, sum by (le) (%s))' % durations.buckets(config.selectors.critical, '$__rate_interval'), 'p95')],
      'No requests in the time range shown, or the application is not scraped, or was started less than two minutes ago.',
    ) + slo_targets.latency('api-latency'),

    panel.timeseries(
      'Query time, p95 (traffic or estimate)',
      '95% of the statements of the CRM are faster, as the application sees it; where it exports no histogram of them, as pg_stat_monitor counts them exactly on the slowest server, or else as estimated from pg_stat_statements. ' + slo_targets.words('db-query-latency') + ' Good: below the line. Otherwise: check locks and top statements on the database board.',
      's',
      [
        panel.query('histogram_quantile(0.95, sum by (le) (rate(db_client_operation_duration_seconds_bucket{db_system_name="postgresql"}[$__rate_interval])))', 'p95'),
        panel.query('histogram_quantile(0.95, sum by (le) (rate(pantrywatch_pg_statement_duration_seconds_bucket[$__rate_interval]))) unless on () (db_client_operation_duration_seconds_count{db_system_name="postgresql"} or pantrywatch_pg_stat_monitor_duration_seconds_count)', 'p95 estimate'),
        panel.query('max(histogram_quantile(0.95, sum by (instance, le) (rate(pantrywatch_pg_stat_monitor_duration_seconds_bucket[$__rate_interval])))) unless on () db_client_operation_duration_seconds_count{db_system_name="postgresql"}', 'p95 exact'),
      ],
      'No statements in the time range shown: the application exports no histogram of them, and pg_stat_statements is not readable.',
    ) + slo_targets.latency('db-query-latency'),

    panel.timeseries(
      'Cache hit ratio (traffic)',
      'Share of lookups that find their key. ' + slo_targets.words('cache-hit-ratio') + ' Good: above the line. Otherwise: cold after a restart, evictions, or keys that expire too soon.',
      'percentunit',
      [panel.query(
        'sum(max by (instance) (sum by (job, instance) (rate(redis_keyspace_hits_total[$__rate_interval])))) / (sum(max by (instance) (sum by (job, instance) (rate(redis_keyspace_hits_total[$__rate_interval])))) + sum(max by (instance) (sum by (job, instance) (rate(redis_keyspace_misses_total[$__rate_interval])))) > 0)',
        'hits'
      )],
      'No lookups in the time range shown, or the cache is not monitored.',
    ) + panel.ratio + slo_targets.good_share('cache-hit-ratio'),

    panel.timeseries(
      'Largest contentful paint (field)',
      'Share of page views that showed their main content in time (LCP). ' + slo_targets.words('lcp') + ' Good: above the line.',
      'percentunit',
      [panel.query('1 - max(' + series.error_ratio('1h') + '{target="lcp"})', 'in time')],
      "Not measured: no data from users' browsers (data source `frontend` of settings.yaml).",
    ) + panel.ratio + slo_targets.good_share('lcp'),

    panel.states(
      'Checks (probe)',
      'Every check: passing or failing, and since when. Good: always passing. One that runs at several places fails where two of them see it. A gap: it did not run. The checks board says why a check failed.',
      [panel.query(checks.pass(), '{{check}}')],
      'No check is configured (data source `synthetic` of settings.yaml).',
    ) + panel.size(24, 7)
    + panel.texts({ '0': ['failing', panel.colors.hurt], '1': ['passing', panel.colors.kept] })
    + panel.to_board('synthetic', 'Why a check fails'),
  ]
