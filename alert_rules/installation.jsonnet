// What the settings say: which days are holidays, and which targets are fed here: 1, or 0 for "not measured" (`notMeasured`).
// A target of the part `browser` or `frontend` is fed where Prometheus has that exporter to scrape: a browser is a program
// that many machines lack, and in containers both come with a profile. One that vanishes is missed for a day
// (CrmTargetNoData). A receiver that was restarted has counted nothing before somebody's first beacon: not measured until then.
// A target of the application's own metrics is fed where they can count it: a library may have no bucket edge at the
// threshold, no status, no histogram of statements. What was counted once is missed for a week.
local baselines = import 'lib/baseline_series.libsonnet';
local matchers = import 'lib/matchers.libsonnet';
local record = import 'lib/record.libsonnet';
local series = import 'lib/slo_series.libsonnet';
local sources = std.parseYaml(importstr '../components.yaml').data_sources;

function(config=(import 'config.libsonnet').defaults)
  local time = (import 'lib/time.libsonnet')(config.speed);
  local targets = (import 'lib/targets.libsonnet')(config.targets, time);

  local optional(target) = [
    config.selectors[source]
    for source in ['browser', 'frontend']
    if std.member(target.requires, source)
  ];
  // Whether the receiver answers and has not counted anything for a target yet. A counter is there from its start, at 0: there
  // it stays where no browser of the users counts interactions.
  local unused(target) =
    local none =
      if 'histogram' in target.sli then 'absent(%s)' % targets.series(target.sli.histogram, '_count')
      else 'sum(%s) == 0' % std.join(' or ', target.sli.total);
    if !std.member(target.requires, 'frontend') then ''
    else ' unless on () (max(up{%s}) == 1 and on () %s)' % [config.selectors.frontend, none];
  // A capacity run has a result: until the first one nobody knows.
  local of_capacity(target) = std.member(target.requires, 'capacity');
  local of_application(target) = std.setInter(std.set(target.requires), ['application', 'statements']) != [];

  // pg_stat_monitor counts as an application does where the exporter can read it, and its ranges fit.
  local is_on_server(target) = std.member(target.requires, 'pg_stat_monitor');

  // pg_stat_statements may not be installed: until there is an estimate, nobody can be asked for it.
  local is_estimated(target) = target.basis == 'estimate';

  // What an application's page lacks for a target: [condition, in words], from what a reader sees first to the last.
  local lacks(target) =
    local selectors = if 'histogram' in target.sli then [targets.series(target.sli.histogram, '_count')] else target.sli.total;
    local name = std.split(selectors[0], '{')[0];
    local own = matchers.of(selectors[0]);
    local words = {
      route_group: 'none of its routes is one of `routes` or `critical` in the settings',
      http_response_status_code: 'its requests have no label with the status',
    };
    local none(selectors) = '(%s)' % std.join(' and on () ', ['absent(%s)' % selector for selector in selectors]);
    if std.length(selectors) > 1 then [
      [none(selectors), 'it exports no ' + std.strReplace(name, '_count', '') + ', and no check counts for this target'],
      [
        none(targets.tells(target, selectors[0]) + selectors[1:]),
        'its calls have neither a status nor an error_type, and no check counts for this target',
      ],
    ] else [
      ['absent(%s)' % name, 'it exports no %s, or none yet' % std.strReplace(name, '_count', '')],
    ] + [
      ['absent(%s{%s})' % [name, std.join(',', own[0:count])], std.get(words, label, 'no series has the right label ' + label)]
      for count in std.range(1, std.length(own))
      for label in [matchers.label(own[count - 1])]
    ] + (
      if !('histogram' in target.sli) then [] else [[
        'absent(%s)' % targets.series(target.sli.histogram, '_bucket', targets.edge_matcher(target.threshold)),
        'its histogram has no bucket edge at %s s' % targets.decimal(target.threshold),
      ]]
    );

  // Unmeasured targets of the application, with the first reason that holds.
  local reasons(target) =
    local unmeasured = 'max by (target, layer) (%s{target="%s"} == 0)' % [series.measured, target.id];
    local up = 'up{%s}' % config.selectors.application;
    local known = [
      ['absent(%s == 1)' % up, 'the application does not answer Prometheus'],
    ] + lacks(target) + [['vector(1)', 'nothing was counted in ten minutes']];
    local because(value, condition, reason) =
      'label_replace(%d + %s and on () %s, "reason", "%s", "", "")' % [value, unmeasured, condition, reason];
    std.join('\nor on (target) ', [because(0, 'absent(%s offset %s)' % [up, time.duration('5m')], 'no data yet')] + [
      because(1, reason[0], reason[1])
      for reason in known
    ]);

  local unmeasured(target, reason, condition='') =
    'label_replace(1 + max by (target, layer) (%s{target="%s"} == 0)%s, "reason", "%s", "", "")'
    % [series.measured, target.id, condition, reason];
  local unfit(target) =
    'pg_stat_monitor has no range that ends at %s s, or drops its buckets within a minute: pantrywatch validate'
    % targets.decimal(target.threshold);
  local unread = 'pg_stat_monitor counts nothing, or nothing yet: it must be installed and readable: pantrywatch validate';

  local not_measured(target) =
    if std.member(config.notMeasured, target.id) then [
      record(series.not_measured, 'vector(1)', {
        target: target.id,
        layer: target.layer,
        reason: 'not set up here: it takes ' + std.join(' and ', [sources[source] for source in target.requires]),
      }),
    ] else if of_capacity(target) then [
      record(
        series.not_measured,
        unmeasured(target, 'no capacity run yet: pantrywatch capacity'),
        { target: target.id, layer: target.layer }
      ),
    ] else if is_on_server(target) then [
      record(
        series.not_measured,
        unmeasured(target, unfit(target), ' and on () max(pantrywatch_pg_stat_monitor_usable) == 0') + ' or on (target) ' + unmeasured(target, unread),
        { target: target.id, layer: target.layer }
      ),
    ] else if is_estimated(target) then [
      record(
        series.not_measured,
        unmeasured(target, 'no estimate, or none yet: pg_stat_statements must be installed and readable'),
        { target: target.id, layer: target.layer }
      ),
    ] else if of_application(target) then [record(series.not_measured, reasons(target), { target: target.id, layer: target.layer })] else [];

  local fed(target) =
    if std.member(config.notMeasured, target.id) then 'vector(0)'
    else if optional(target) != []
    then 'max(max_over_time(up{%s}[%s])) >= bool 0%s or vector(0)' % [optional(target)[0], time.duration('1d'), unused(target)]
    else if of_capacity(target) then
      'max(present_over_time(pantrywatch_capacity_requests_per_minute[%s])) or vector(0)' % time.duration('1d')
    else if of_application(target) || is_on_server(target) || is_estimated(target) then
      'max(present_over_time(%(bad)s{%(of)s}[%(now)s]) or present_over_time(%(sampled)s{%(of)s}[%(week)s])) or vector(0)' % {
        bad: series.events_bad,
        sampled: series.sampled_bad,
        of: 'target="%s"' % target.id,
        now: time.duration('10m'),
        week: time.duration('7d'),
      }
    else 'vector(1)';

  // Days since 1970, of a day such as 2026-12-25.
  local day_number(text) =
    local parts = std.map(std.parseInt, std.split(text, '-'));
    local year = if parts[1] > 2 then parts[0] else parts[0] - 1;
    local month = (parts[1] + 9) % 12;
    365 * year + std.floor(year / 4) - std.floor(year / 100) + std.floor(year / 400)
    + std.floor((153 * month + 2) / 5) + parts[2] - 1 - 719468;
  // Computed from the days each time, not looked up at an offset: so a holiday that is added later, or an installation that is
  // young, has it for the weeks before, too.
  local is_holiday(weeks) =
    local day = 'floor(vector((time() - %s) / 86400))' % time.horizon(weeks + 'w');
    if config.holidays == [] then 'vector(0)'
    else std.join(' + ', ['(%s == bool %d)' % [day, day_number(holiday)] for holiday in config.holidays]);

  {
    groups: [
      {
        name: 'slo.measured',
        interval: time.duration('1m'),
        rules: [
          record(series.measured, fed(target), {
            target: target.id,
            layer: target.layer,
            team: target.team,
            basis: target.basis,
            requires: std.join(', ', target.requires),
          })
          for target in targets.targets
        ] + std.flatMap(not_measured, targets.targets),
      },
      {
        name: 'baselines.holidays',
        interval: time.duration('1m'),
        rules: [record(baselines.holiday, is_holiday(weeks), { weeks: '%d' % weeks }) for weeks in std.range(0, 4)],
      },
    ] + (
      if !config.milliseconds then [] else [{
        // Names and bucket edges are converted when they are scraped, a sum cannot be. At the pace of the scrapes: rates
        // over it need as many samples as over the others.
        name: 'application.milliseconds',
        interval: time.duration('15s'),
        rules: [record('http_server_request_duration_seconds_sum', 'http_server_request_duration_milliseconds_sum / 1000')],
      }]
    ),
  }
