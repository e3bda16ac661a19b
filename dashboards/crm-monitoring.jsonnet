// Can I trust the rest?
local board = import 'lib/board.libsonnet';
local panel = import 'lib/panel.libsonnet';

board.new(
  'monitoring',
  'CRM monitoring',
  'Can I trust the other boards? What is scraped, what the exporters see, whether rules and notifications work, and what the monitoring itself costs.',
  [],
  [
    board.row('Status', [
      panel.stat(
        'Targets down',
        'Scrape targets that did not answer Prometheus last time. Good: 0. An exporter of ours answers even when what it watches is down: look for the exporter itself, or the way to it.',
        'none',
        [panel.now('count(up == 0) or 0 * count(up)')],
        'Prometheus scrapes nothing.'
      ),
    ]),
  ]
)
