// What goes wrong in users' browsers, what they have to carry, and which of their reports did not count.
function(config)
  local panel = import '../lib/panel.libsonnet';
  local slo_targets = (import '../lib/slo_targets.libsonnet')(config);
  local users = (import 'users.libsonnet');

  local count(metric, by='', range='15m') =
    (if by == '' then 'sum' else 'sum by (%s) ' % by) + '(increase(%s[%s]))' % [metric, range];
  local a_minute(metric, by) = '60 * sum by (%s) (rate(%s[$__rate_interval]))' % [by, metric];
  // Two counters are extrapolated apart: in the first minutes their quotient can exceed 1.
  local sampled = 'clamp_max(%s / (%s > 0), 1)' % [count('browser_beacons_total', range='1h'), count('browser_beacons_estimated_total', range='1h')];
  local interactions = count('browser_interactions_total') + ' > 0';
  local per_load(expr) = '%s / on () group_left () (%s > 0)' % [expr, count('browser_weighed_page_loads_total')];

  {
    burden:: [
      panel.timeseries(
        'Errors per interaction (field)',
        slo_targets.words('frontend-error-rate') + ' Interactions that a script error or an unhandled rejection followed. Since a deployment: undo it first.',
        'percentunit',
        [panel.query('%s / (%s)' % [count('browser_interaction_errors_total'), interactions], 'errors')],
        users.silent,
      ) + panel.decimals(2) + slo_targets.bad_share('frontend-error-rate'),
      panel.timeseries(
        'Errors by kind (field)',
        'Per minute. Error and rejection: your scripts; opaque: a script of another origin, whose error the browser hides; worker: a worker of yours. Observer (a resize loop) and resource (a missing file) do not count against the target.',
        'none',
        [
          panel.query(a_minute('browser_script_errors_total', 'kind'), '{{kind}}'),
          panel.query(a_minute('browser_page_errors_total', 'kind'), '{{kind}}, not counted'),
        ],
        users.silent,
      ) + panel.decimals(2),
      panel.timeseries(
        'Failed API calls per interaction (field)',
        'Requests of scripts without a response, or with a status of 500 and above, as users saw them. More than Errors on the API board: they do not reach it.',
        'percentunit',
        [panel.query('%s / (%s)' % [count('browser_failed_requests_total'), interactions], 'failed calls')],
        users.silent,
      ) + panel.decimals(2),
      panel.timeseries(
        'Blocked time per page load (field)',
        'Time in which the page could not react, beyond 50 ms at once, by whose script it was: first, your origin; third, another one; unknown, the browser does not say. Third party: ask whether the page needs it.',
        's',
        [panel.query(per_load(count('browser_blocking_seconds_total', 'party')), '{{party}}')],
        users.silent,
      ) + panel.stacked,
      panel.timeseries(
        'Weight of a page load (field)',
        'Bytes over the network per page load by kind, compressed as sent. Scripts also take time to run. A step: a deployment.',
        'bytes',
        [panel.query(per_load('sum by (kind) (increase(browser_resource_bytes_total{from="network"}[15m]))'), '{{kind}}')],
        users.silent,
      ) + panel.stacked,
      panel.timeseries(
        'From a cache (field)',
        'Share of the files of a page load that came from a cache, by kind. Low for scripts, styles and fonts: they are sent without a lifetime, or under a new name each time.',
        'percentunit',
        [panel.query(
          'sum by (kind) (increase(browser_resources_total{from="cache"}[15m])) / (sum by (kind) (increase(browser_resources_total{from=~"cache|network"}[15m])) > 0)',
          '{{kind}}'
        )],
        users.silent,
      ) + panel.ratio,
    ],

    beacons:: [
      panel.timeseries(
        'Beacons by visitor (field)',
        'Accepted per minute. Only users count in everything above; bots and our own checks are kept apart.',
        'none',
        [panel.query(a_minute('pantrywatch_rum_accepted_total', 'visitor'), '{{visitor}}')],
        'No receiver of beacons is scraped: settings.yaml has no section `rum`.',
        width=6,
      ) + panel.decimals(1) + panel.stacked,
      panel.timeseries(
        'Beacons dropped by reason (field)',
        'Per minute. origin: a page that `rum.origins` does not list; schema: an agent of another version; client_rate, total_rate: a flood, or a limit that is too low; slow, http: not a browser; duplicate: sent twice, harmless.',
        'none',
        [panel.query(a_minute('pantrywatch_rum_dropped_total', 'reason') + ' > 0', '{{reason}}')],
        'None dropped in this time.',
        width=6,
      ) + panel.decimals(1) + panel.stacked,
      panel.stat(
        'Sampled',
        'Share of page loads that the agent measures. Counts above are of this share; shares and percentiles need no correction.',
        'percentunit',
        [panel.now(sampled)],
        'no beacons',
      ) + panel.decimals(1) + panel.plain_stat,
      panel.stat(
        'Values left out',
        'Measurements in the last hour that were negative or did not belong to their kind of navigation. Many: an agent of another version.',
        'none',
        [panel.now('sum(increase(pantrywatch_rum_values_dropped_total[1h]))')],
        'no receiver',
      ) + panel.decimals(0) + panel.plain_stat,
      panel.stat(
        'Folded',
        'Measurements in the last hour that lost their route, device and connection, since a histogram has its most label sets (`rum.most_label_sets`).',
        'none',
        [panel.now('sum(increase(pantrywatch_rum_label_sets_folded_total[1h]))')],
        'no receiver',
      ) + panel.decimals(0) + panel.plain_stat,
      panel.stat(
        'Replayed',
        'In a demo: which browser sent the recorded beacons that its traffic sends again, and on which day. They are counted as those of users.',
        'none',
        [panel.now('max by (browser, recorded) (demo_replayed_beacons_info)', '{{browser}}, recorded {{recorded}}')],
        'None: every beacon is of a browser.',
        width=12,
      ) + panel.plain_stat + panel.names,
    ],
  }
