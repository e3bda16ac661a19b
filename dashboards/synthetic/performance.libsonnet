// What takes the time?
function(config)
  local panel = import '../lib/panel.libsonnet';
  local queries = (import 'queries.libsonnet')(config);

  [
    panel.timeseries(
      'Duration of the last run (probe)',
      'How long each check took, including the network from here. A sudden increase of all: this machine or its network; of one: what it checks.',
      's',
      [panel.query(queries.worst('probe_duration_seconds'), '{{check}}')],
      queries.silent,
      width=12,
      height=9,
    ) + panel.logarithmic,
    panel.timeseries(
      'Slowest check by phase (probe)',
      'Time of each phase in the last run of whichever chosen check was slowest at it; choose one check above to see it alone. resolve: name resolution; connect: network; tls: handshake; processing: the server works; transfer: the response arrives.',
      's',
      [panel.query(queries.worst('pantrywatch_check_phase_seconds', 'phase'), '{{phase}}')],
      queries.silent,
      width=12,
      height=9,
    ),
    panel.table(
      'Time by phase and check (last five minutes)',
      'The longest time of each phase in the last five minutes. One large number in a row is where to look.',
      's',
      [
        panel.rows('max by (check) (max_over_time(pantrywatch_check_phase_seconds{%s, phase="%s"}[5m]))' % [queries.chosen, phase])
        for phase in ['resolve', 'connect', 'tls', 'query', 'processing', 'transfer']
      ] + [
        panel.rows('histogram_quantile(0.95, sum by (le, check) (increase(pantrywatch_check_duration_seconds_bucket{%s}[$__range]))) >= 0' % queries.chosen),
      ],
      queries.silent,
      [
        ['check', 'Check', { 'custom.minWidth': 150 }],
        ['Value #A', 'Resolve'],
        ['Value #B', 'Connect'],
        ['Value #C', 'TLS'],
        ['Value #D', 'Query'],
        ['Value #E', 'Processing'],
        ['Value #F', 'Transfer'],
        ['Value #G', 'p95 over time range'],
      ],
      'p95 over time range',
      width=16,
    ) + panel.decimals(1),
    panel.heatmap(
      'Run time distribution',
      'How many runs of the chosen checks took how long. Several checks are several bands; a band that rises or spreads is getting slower.',
      's',
      [panel.buckets('sum by (le) (increase(pantrywatch_check_duration_seconds_bucket{%s}[$__rate_interval]))' % queries.chosen)],
      queries.silent,
      width=8,
    ),
  ]
