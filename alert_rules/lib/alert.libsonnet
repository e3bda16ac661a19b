// One alert, with the labels and annotations every alert carries:
//
//   alert('CrmCacheDown', 'high', function(limits) { component: 'cache', expr: …, summary: …, description: …, impact: … })
//
// `limits`: the alert's entry in config/, each value that differs by severity already chosen. The fields:
//   component    one of components.libsonnet
//   expr         what must hold for as long as the entry's `for`
//   summary, description, impact    what people read
//   type         of alert, for routing: performance (the default), error, security, business or unusual
//   waits_for    what `for` counts: scrapes, of an outage that the next scrape may find over; time (the default) of all others
//   narrow_by    labels of the alert that fill variables of its board, so that a message opens the right server
//   last_failure whether what a browser check keeps of its last failure is linked: the alert has a label `check`
//
// A gap of ten minutes is felt in a `range` of up to an hour, and until the range holds nothing of it: such an alert goes on
// for a quarter of an hour after its condition ends, or for the entry's `keep_firing_for`. Not a critical one, whose second
// step would then be told of what is over.
local annotations = import 'annotations.libsonnet';
local components = import 'components.libsonnet';

local required = ['component', 'expr', 'summary', 'description', 'impact'];
local allowed = { [field]: true for field in required + ['type', 'narrow_by', 'waits_for', 'last_failure'] };
local past_a_gap = '15m';
local feels_it = '1h';
// Fields of an entry that say what the user wants of the finished alert (mixin.libsonnet): not limits.
local of_users = { enabled: true, expr: true, severity: true, labels: true, annotations: true };

// A label that is missing or empty would choose nothing on the board: it is left out, with those after it.
local board_url(name, component, labels) =
  local variable(label) =
    if label in component.variables then component.variables[label]
    else error '%s: no variable of %s is filled by the label %s' % [name, component.board, label];
  local filled(index) =
    local label = labels[index];
    '{{ with $labels.' + label + ' }}' + (if index == 0 then '?' else '&')
    + 'var-' + variable(label) + '={{ . | urlquery }}';
  local count = std.length(labels);
  '/d/' + component.board + std.join('', std.makeArray(count, filled)) + std.repeat('{{ end }}', count);

local checked(name, fields) =
  local missing = [field for field in required if !(field in fields)];
  local unknown = [field for field in std.objectFields(fields) if !(field in allowed)];
  if missing != [] then error '%s: missing field %s' % [name, std.join(', ', missing)]
  else if unknown != [] then error '%s: unknown field %s' % [name, std.join(', ', unknown)]
  else if !(fields.component in components) then error '%s: unknown component %s' % [name, fields.component]
  else fields;

function(config)
  // Locals are evaluated once, fields each time they are read.
  local entries = config.alerts;
  local time = (import 'time.libsonnet')(config.speed);

  function(name, severity, describe)
    assert name in entries : name + ' has no entry in alert_rules/config/';
    local entry = entries[name];
    local limits = {
      [key]: if std.isObject(entry[key]) then entry[key][severity] else entry[key]
      for key in std.objectFields(entry)
      if !(key in of_users)
    };
    local fields = checked(name, describe(limits));
    local component = components[fields.component];
    local is_short = 'range' in limits && severity != 'critical' && time.seconds(limits.range) <= time.seconds(feels_it);
    local kept = if 'keep_firing_for' in limits then limits.keep_firing_for else if is_short then past_a_gap else '';
    {
      alert: name,
      expr: fields.expr,
      'for': (if std.get(fields, 'waits_for') == 'scrapes' then time.of_scrapes else time.duration)(limits['for']),
      labels: {
        severity: severity,
        layer: component.layer,
        component: fields.component,
        team: component.team,
        type: if 'type' in fields then fields.type else 'performance',
      },
      annotations: annotations.of(name) {
        summary: fields.summary,
        description: fields.description,
        impact: fields.impact,
        dashboard_url: board_url(name, component, if 'narrow_by' in fields then fields.narrow_by else []),
      } + (if std.get(fields, 'last_failure', false) then annotations.last_failure else {}),
    } + (if kept == '' then {} else { keep_firing_for: time.duration(kept) })
