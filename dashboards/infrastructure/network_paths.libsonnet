// Network paths to database, cache, API and third parties.
function(config)
  local panel = import '../lib/panel.libsonnet';
  local queries = (import 'queries.libsonnet')(config);
  local signals = import '../../alert_rules/lib/signals.libsonnet';
  local alerts = config.alerts;
  local colors = panel.colors;

  local none = 'No check is configured: add some to settings.yaml (synthetic.checks).';
  local no_connect = 'No check connects over TCP: add some to settings.yaml (synthetic.checks).';
  local quantile(share) = 'histogram_quantile(%s, sum by (dependency, le) (rate(pantrywatch_check_connect_seconds_bucket[$__rate_interval])))' % share;

  [
    panel.timeseries(
      'Connect time (probe)',
      'Time that checks took to connect over TCP, by what they connect to: the network, and the server at the other end; without name resolution and TLS. Good: a few milliseconds within one network. One part slow: that server or the way to it. All slow: this machine or its network. A second more is a lost packet.',
      's',
      [panel.query(quantile('0.5'), '{{dependency}} p50'), panel.query(quantile('0.95'), '{{dependency}} p95')],
      no_connect,
    ) + panel.to_board('synthetic', 'All checks'),
    panel.timeseries(
      'Connects with packet loss (probe)',
      'Share of the connects of each check that lost a packet: the kernel sent it again, or there was no answer at all. Refused is an answer. Good: 0. Above the line for minutes: CrmNetworkLoss. One check: that server (a full queue of new connections) or the way to it.',
      'percentunit',
      [panel.query('max by (check) (%s)' % std.stripChars(signals.network.loss.expr(range='$__rate_interval'), '\n'), '{{check}}')],
      no_connect,
    ) + panel.ratio + panel.decimals(1) + panel.limits([[null, colors.kept], [alerts.CrmNetworkLoss.share, colors.broken]]) + panel.lines,
    panel.timeseries(
      'Round trip (probe)',
      'Round trip to what each check connected to last, as the kernel measured it: the network alone. As long as the connect time: it is the network; far shorter: the server answers late.',
      's',
      [panel.query('max by (check) (pantrywatch_check_round_trip_seconds)', '{{check}}')],
      no_connect + ' On a system other than Linux the kernel does not say.',
    ),
    panel.timeseries(
      'Name resolution time (probe)',
      'Time to resolve the host name of each check. Good: a few milliseconds. Seconds: the first name server does not respond, and everything waits for it.',
      's',
      [panel.query('max by (check) (probe_dns_lookup_time_seconds)', '{{check}}')],
      none,
    ),
    panel.timeseries(
      'Failed connects by outcome (probe)',
      'Connects that failed, by what they connected to and how. Refused: nothing listens there; timeout: no answer at all; unreachable: no way to that network; other: this machine does not allow it. Good: 0.',
      'ops',
      [panel.query('sum by (dependency, outcome) (rate(pantrywatch_check_connects_total{outcome!="connected"}[$__rate_interval]))', '{{dependency}} {{outcome}}')],
      no_connect,
    ),
    panel.timeseries(
      'Failed runs (probe)',
      'Share of failed runs of each check, whatever the reason. All at once: this machine or its network. One: see the error class on the checks board.',
      'percentunit',
      [panel.query('(sum by (check) (rate(pantrywatch_check_runs_total{result="failure"}[$__rate_interval])) or 0 * sum by (check) (rate(pantrywatch_check_runs_total{result!=""}[$__rate_interval]))) / (sum by (check) (rate(pantrywatch_check_runs_total[$__rate_interval])) > 0)', '{{check}}')],
      none,
    ) + panel.ratio + panel.decimals(0) + panel.to_board('synthetic', 'All checks'),
    panel.timeseries(
      'Packets sent again',
      'TCP segments that each machine sent again, and those of them that open a connection, whatever program sent them. Good: near 0. More than one in a hundred of all segments: the network, or an overloaded peer.',
      'ops',
      [
        panel.query(queries.rate('node_netstat_Tcp_RetransSegs'), '{{instance}} all'),
        panel.query(queries.rate('node_netstat_TcpExt_TCPSynRetrans'), '{{instance}} opening'),
      ],
      queries.silent,
    ),
  ]
