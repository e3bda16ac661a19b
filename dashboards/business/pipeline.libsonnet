// What comes of the work?
function(config)
  local panel = import '../lib/panel.libsonnet';
  local numbers = import 'numbers.libsonnet';
  local colors = panel.colors;

  [
    panel.stat(
      'Win rate',
      'Of the opportunities closed within 30, 90 and 365 days: the share that was won. Falling over 30 days and steady over 365: look at what changed, and at the lead sources. A few closed opportunities make a rate that jumps: the table says how many there are.',
      'percentunit',
      [panel.now('sum by (window) (crm_opportunities_closed{stage="closed-won"}) / (sum by (window) (crm_opportunities_closed{stage=~"closed-won|closed-lost"}) > 0)', '{{window}}')],
      'Nothing was closed, or ' + numbers.missing_short,
      width=8,
    ) + panel.decimals(0) + panel.plain_stat,
    panel.stat(
      'Sales cycle',
      'From opening to closing, of all opportunities that were won: half of them took at most p50, nine of ten at most p90. The pipeline of today becomes income after about so long.',
      's',
      [
        panel.now('86400 * max(crm_sales_cycle_%s_days{stage="closed-won"})' % one[0], one[1])
        for one in [['median', 'p50'], ['p90', 'p90']]
      ],
      'Nothing was won, or ' + numbers.missing_short,
      width=8,
    ) + panel.decimals(0) + panel.plain_stat,
    panel.stat(
      'Age of the oldest number',
      'Time since the last run of each entry of the pack that succeeded: the age of the oldest. Entries run every 5 or 15 minutes. Older: the row Scrape errors on CRM monitoring says which fails, and why.',
      's',
      [panel.now('max(time() - pantrywatch_query_last_success_timestamp_seconds{exporter="database", query=~"business_.+"})')],
      'No numbers: `./run validate` says why.',
      width=8,
    ) + panel.limits([[null, colors.plain], [config.alerts.CrmMonitoringQueryStale.seconds, colors.broken]]) + panel.plain_stat,
    panel.table(
      'Pipeline by stage',
      'All opportunities that are not deleted, by stage, with their estimated value in the currency of the CRM, and those closed within 90 days. Much value in an early stage and little in the late ones: the next months will be thin.',
      'short',
      [
        panel.rows('sum by (stage) (crm_opportunities)'),
        panel.rows('sum by (stage) (crm_opportunities_value)'),
        panel.rows('sum by (stage) (crm_opportunities_closed{window="90d"}) > 0'),
      ],
      numbers.missing,
      [
        ['stage', 'Stage', { 'custom.minWidth': 120 }],
        ['Value #A', 'Opportunities', { decimals: 0 }],
        ['Value #B', 'Value', { decimals: 1 }],
        ['Value #C', 'Closed in 90 days', { decimals: 0 }],
      ],
      'Value',
    ),
    panel.table(
      'Lead sources',
      'Opportunities opened within 90 days, by where they came from, and how far they are: won, lost, or still open. Spend on what is won, not on what is many.',
      'none',
      [
        panel.rows('sum by (lead_source) (crm_opportunities_opened)'),
        panel.rows('sum by (lead_source) (crm_opportunities_opened{stage="closed-won"})'),
        panel.rows('sum by (lead_source) (crm_opportunities_opened{stage="closed-lost"})'),
        panel.rows('sum by (lead_source) (crm_opportunities_opened{stage="closed-won"}) / (sum by (lead_source) (crm_opportunities_opened{stage=~"closed-won|closed-lost"}) > 0)'),
      ],
      numbers.missing,
      [
        ['lead_source', 'Lead source', { 'custom.minWidth': 120 }],
        ['Value #A', 'Opened', { decimals: 0 }],
        ['Value #B', 'Won', { decimals: 0 }],
        ['Value #C', 'Lost', { decimals: 0 }],
        ['Value #D', 'Win rate', { unit: 'percentunit', decimals: 0 }],
      ],
      'Opened',
    ),
    panel.table(
      'Customers without contact',
      'Organizations by priority, and those without an interaction for 30, 60 and 90 days (never had one: since they were created). Call those of priority A first.',
      'none',
      [panel.rows('sum by (priority_level) (crm_organizations)')] + [
        panel.rows('sum by (priority_level) (crm_organizations_without_contact{longer_than="%s"})' % days)
        for days in ['30d', '60d', '90d']
      ],
      numbers.missing,
      [
        ['priority_level', 'Priority', { 'custom.minWidth': 80 }],
        ['Value #A', 'All', { decimals: 0 }],
        ['Value #B', '30 days', { decimals: 0 }],
        ['Value #C', '60 days', { decimals: 0 }],
        ['Value #D', '90 days', { decimals: 0 }],
      ],
      'Priority',
      descending=false,
    ),
    panel.table(
      'Follow-ups',
      'Organizations by when their next follow-up is due, and how late the oldest one is. What is overdue for more than 30 days will not be done: drop it, or do it today.',
      'none',
      [
        panel.rows('sum by (due) (crm_follow_ups)'),
        panel.rows('86400 * max by (due) (crm_follow_ups_oldest_days)'),
      ],
      numbers.missing,
      [
        ['due', 'Due', { 'custom.minWidth': 150, mappings: numbers.due }],
        ['Value #A', 'Organizations', { decimals: 0 }],
        ['Value #B', 'Oldest', { unit: 's', decimals: 0 }],
      ],
      'Organizations',
    ),
  ]
