// Who uses the CRM, and for what?
function(config)
  local panel = import '../lib/panel.libsonnet';
  local numbers = import 'numbers.libsonnet';

  local active(window) = 'sum by (role) (crm_users_active{window="%s"})' % window;

  [
    panel.table(
      'Active users',
      'Users who logged in or entered an interaction within a day, a week and 30 days, by role. Roles with few users are in "other", so that no number is about one person. A role that stays away needs training, or a reason.',
      'none',
      [
        panel.rows('sum by (role) (crm_users)'),
        panel.rows(active('1d')),
        panel.rows(active('7d')),
        panel.rows(active('30d')),
        panel.rows('sum by (role) (crm_users_logged_in{window="30d"})'),
      ],
      numbers.missing,
      [
        ['role', 'Role', { 'custom.minWidth': 100 }],
        ['Value #A', 'All', { decimals: 0 }],
        ['Value #B', 'Day', { decimals: 0 }],
        ['Value #C', 'Week', { decimals: 0 }],
        ['Value #D', '30 days', { decimals: 0 }],
        ['Value #E', 'Logged in (30 days)', { decimals: 0 }],
      ],
      'All',
    ),
    panel.bars(
      'Adoption in 7 days',
      'Of the users who did anything within 7 days: the share that used a feature. Low and worth its upkeep: show it to people.',
      'percentunit',
      [panel.now('sum by (feature) (crm_feature_users{feature!="any"}) / on () group_left () (sum(crm_feature_users{feature="any"}) > 0)', '{{feature}}')],
      'Nobody did anything for a week, or ' + numbers.missing,
      width=12,
    ) + panel.ratio + panel.decimals(0),
    panel.timeseries(
      'Interactions per active user and day',
      'Interactions entered within 7 days, for each user active in these days and each day, by type. Compare with what is agreed. Falling while Active users is steady: people get less done, or enter less of it.',
      'none',
      [panel.query('sum by (interaction_type) (crm_interactions{window="7d"}) / 7 / on () group_left () (sum(crm_users_active{window="7d"}) > 0)', '{{interaction_type}}')],
      'Nobody was active for a week, or ' + numbers.missing,
      width=12,
    ) + panel.stacked,
    panel.stat(
      'Sessions of use',
      'Within 24 hours: how many times somebody worked in the CRM (entries up to 30 minutes apart are one session), and how long that was on average, from the first to the last entry. A session with a single entry takes no time.',
      'none',
      [
        panel.now('sum(crm_use_sessions)', 'sessions'),
        panel.now('sum(crm_use_sessions_seconds) / (sum(crm_use_sessions) > 0)', 'mean duration'),
      ],
      'No entry for a day, or no numbers.',
      width=4,
      height=8,
    ) + panel.decimals(0) + panel.plain_stat + panel.one('mean duration', { unit: 's' }),
    panel.table(
      'Missing fields',
      'Records without something that decisions need; for the close date of an open opportunity, also one that has passed. Ask for it in the form, or stop reporting on it.',
      'none',
      [panel.rows('sum by (field) (crm_organizations_lacking) or sum by (field) (crm_organizations_lacking_contact) or sum by (field) (crm_opportunities_lacking)')],
      numbers.missing,
      [
        ['field', 'Field', { 'custom.minWidth': 120, mappings: numbers.fields }],
        ['Value', 'Records', { decimals: 0 }],
      ],
      'Records',
      width=8,
    ),
  ]
