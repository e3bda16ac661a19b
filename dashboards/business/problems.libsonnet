// What could they not do?
function(config)
  local panel = import '../lib/panel.libsonnet';
  local slo_targets = (import '../lib/slo_targets.libsonnet')(config);
  local queries = (import 'queries.libsonnet')(config);

  [
    panel.timeseries(
      'Failed activity (traffic)',
      'Share of attempts of each type that ended with 5xx. ' + slo_targets.words('api-error-rate') + ' What somebody entered may be lost: inform those who saved something.',
      'percentunit',
      [panel.query(queries.share(queries.broken, 'rate', '$__rate_interval'), '{{action}}')],
      queries.silent,
      width=12,
      height=9,
    ) + panel.between(0, null) + slo_targets.bad_share('api-error-rate'),
    panel.timeseries(
      'Failed attempts',
      'Attempts per hour that ended with 5xx. For a rare activity a single one is a large share: this shows how many people were affected.',
      'short',
      [panel.query('3600 * ' + queries.count(queries.broken, 'rate', '$__rate_interval'), '{{action}}')],
      queries.silent,
      width=6,
      height=9,
    ) + panel.decimals(0),
    panel.timeseries(
      'Refused logins',
      'Logins refused (401, 403, 429) per hour. A few are forgotten passwords; many are an attack, or an authentication service that is down.',
      'short',
      [panel.query(
        '3600 * sum(rate(http_server_request_duration_seconds_count{instance=~"$application", %s, %s}[$__rate_interval]))'
        % [config.selectors.logins, config.selectors.refused],
        'refused'
      )],
      queries.silent,
      width=6,
      height=9,
    ) + panel.decimals(0) + panel.to_board('api', 'The API'),
  ]
