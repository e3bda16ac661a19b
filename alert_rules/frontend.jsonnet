// Beacons of users' browsers: whether what the field targets are counted by still arrives. The targets: targets.jsonnet.
local numbers = import 'lib/numbers.libsonnet';

function(config=(import 'config.libsonnet').defaults)
  local alert = (import 'lib/alert.libsonnet')(config);
  local time = (import 'lib/time.libsonnet')(config.speed);
  local duration = time.duration;
  local last = time.last;
  // A scrape that counts a first event says nothing about zero: plain increases.
  local increase(selector, range) = 'increase(%s[%s])' % [selector, duration(range)];
  local dropped = 'pantrywatch_rum_dropped_total{reason!~"duplicate|path"}';

  {
    groups: [
      {
        name: 'frontend.alerts',
        rules: [
          alert('CrmFrontendNoBeacons', 'medium', function(limits) {
            component: 'beacons',
            type: 'error',
            // Of several receivers one may have nothing to do.
            expr: |||
              sum by (job, instance) (%(beacons)s) == 0
                unless on () sum(%(beacons)s) > 0
                and on () sum(%(requests)s) >= %(least)s
            ||| % {
              beacons: increase('browser_beacons_total', limits.range),
              requests: increase('http_server_request_duration_seconds_count{%s}' % config.selectors.api, limits.range),
              least: time.count(limits.requests),
            },
            summary: "No beacon of a user's browser has arrived in the " + last(limits.range) + ', though the API is in use.',
            description: 'The API has answered at least ' + limits.requests + ' requests in the ' + last(limits.range) + ', but browsers report nothing. First check the latest deployment: its pages may lack the agent, its web server may not pass /rum on, or its policy may forbid it.',
            impact: 'What users feel is unknown: no field target is judged, and a slow or broken page is not seen.',
          }),
          alert('CrmFrontendBeaconsDropped', 'medium', function(limits) {
            component: 'beacons',
            type: 'error',
            expr: |||
              sum by (job, instance) (%(dropped)s)
                / (sum by (job, instance) (%(dropped)s) + sum by (job, instance) (%(accepted)s) > 0) > %(share)s
                and on (job, instance) sum by (job, instance) (%(dropped)s) >= %(least)s
            ||| % {
              dropped: increase(dropped, limits.range),
              accepted: increase('pantrywatch_rum_accepted_total', limits.range),
              share: numbers.decimal(limits.share),
              least: time.count(limits.beacons),
            },
            summary: '{{ $value | humanizePercentage }} of the beacons of browsers are dropped (limit ' + numbers.percent(limits.share) + ').',
            description: 'Share of beacons that the receiver refused in the ' + last(limits.range) + '. First check the reason: schema and syntax point to another version of the agent, origin to the web server, client_rate and total_rate to a flood or limits too low.',
            impact: 'The field targets are judged by the beacons that are left: they may be wrong, in either direction.',
          }),
        ],
      },
    ],
  }
