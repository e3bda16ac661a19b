// A board: what is alike on all of them, and panels laid out in the order given.
//
//   board.new('cache', 'CRM cache', 'What it answers.', [variables…], [board.row('Status', [panels…]), …])
//
// Rows in this order: status, problems, performance, detail; deep ones with collapsed=true.
local annotations = import 'annotations.libsonnet';
local links = import 'links.libsonnet';
local variables = import 'variables.libsonnet';

local columns = 24;

// Panels side by side while they fit, else below the tallest of their line.
local flow(panels, top) = std.foldl(
  function(laid, panel)
    local fits = laid.x + panel.size.w <= columns;
    local x = if fits then laid.x else 0;
    local y = if fits then laid.y else laid.bottom;
    {
      x: x + panel.size.w,
      y: y,
      bottom: std.max(laid.bottom, y + panel.size.h),
      panels: laid.panels + [panel { gridPos: { x: x, y: y, w: panel.size.w, h: panel.size.h } }],
    },
  panels,
  { x: 0, y: top, bottom: top, panels: [] }
);

local laid_out(rows) = std.foldl(
  function(laid, row)
    local inner = flow(row.panels, laid.y + 1);
    local heading = {
      type: 'row',
      title: row.title,
      collapsed: row.collapsed,
      gridPos: { x: 0, y: laid.y, w: columns, h: 1 },
    };
    {
      y: if row.collapsed then laid.y + 1 else inner.bottom,
      panels: laid.panels + (
        if row.collapsed then [heading { panels: inner.panels }] else [heading { panels: [] }] + inner.panels
      ),
    },
  rows,
  { y: 0, panels: [] }
).panels;

// Numbers in the order they are read. A row counts its hidden panels.
local numbered(panels) = std.foldl(
  function(sum, panel)
    local inner = if 'panels' in panel then panel.panels else [];
    {
      next: sum.next + 1 + std.length(inner),
      panels: sum.panels + [
        panel { id: sum.next } + (
          if inner == [] then {}
          else { panels: std.mapWithIndex(function(index, each) each { id: sum.next + 1 + index }, inner) }
        ),
      ],
    },
  panels,
  { next: 1, panels: [] }
).panels;

{
  row(title, panels, collapsed=false):: { title: title, panels: panels, collapsed: collapsed },

  // `name`: the uid is crm-<name>. `alerts`: matchers for the alerts drawn on it, see annotations.libsonnet.
  new(name, title, description, choices, rows, alerts=''):: {
    uid: 'crm-' + name,
    id: null,
    title: title,
    description: description,
    tags: ['crm', 'generated'],
    schemaVersion: 39,
    version: 1,
    editable: false,
    graphTooltip: 1,
    refresh: '30s',
    time: { from: 'now-6h', to: 'now' },
    timezone: 'browser',
    timepicker: {},
    weekStart: '',
    fiscalYearStartMonth: 0,
    liveNow: false,
    links: [links.boards, links.runbooks, links.terms],
    annotations: { list: [annotations.alerts(alerts), annotations.deployments, annotations.applied, annotations.excluded(if std.startsWith(alerts, 'target=') then alerts else ''), annotations.generated] },
    templating: { list: [variables.datasource, variables.runbooks] + choices },
    panels: numbered(laid_out(rows)),
  },
}
