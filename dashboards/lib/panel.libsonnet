// Panels. Each says what it shows, in which unit, and what it means when it is empty:
//
//   panel.timeseries(title, description, unit, [panel.query(expr, legend)], empty) + panel.size(8, 8) + panel.ratio
//
// `description`: what it is, what is good, what to do. `empty`: the text shown where there is no data, and why.
// Everything that is added with `+` is further down: sizes, ranges, limits, texts for values, links.
local datasource = { type: 'prometheus', uid: '${datasource}' };

// The same color means the same everywhere; a text beside it says it to those who do not see colors.
local colors = { kept: 'green', near: 'yellow', broken: 'orange', hurt: 'red', unknown: '#8e8e8e', plain: 'text' };

local letters = std.stringChars('ABCDEFGHIJKLMNOPQRSTUVWXYZ');

local many(queries) =
  std.length(queries) > 1
  || [query for query in queries if std.findSubstr('{{', query.legendFormat) != []] != [];

local base(type, title, description, unit, queries, empty, width, height) = {
  size:: { w: width, h: height },
  type: type,
  title: title,
  description: description,
  datasource: datasource,
  targets: std.mapWithIndex(function(index, query) query { refId: letters[index] }, queries),
  fieldConfig: {
    defaults: {
      unit: unit,
      // Shown as it is: there is no Markdown in it.
      noValue: std.strReplace(empty, '`', ''),
      decimals: 2,
      color: { mode: 'thresholds' },
      thresholds: { mode: 'absolute', steps: [{ color: colors.plain, value: null }] },
      mappings: [],
      links: [],
    },
    overrides: [],
  },
  options: {},
};

local custom(fields) = { fieldConfig+: { defaults+: { custom+: fields } } };
// Only a graph has axes: added to a panel of another type this is nothing.
local axis(fields) = {
  local whole = self,
  fieldConfig+: { defaults+: if std.get(whole, 'type') == 'timeseries' then { custom+: fields } else {} },
};
local defaults(fields) = { fieldConfig+: { defaults+: fields } };
local override(field, properties) = {
  fieldConfig+: {
    overrides+: [{
      matcher: { id: 'byName', options: field },
      properties: [{ id: id, value: properties[id] } for id in std.objectFields(properties)],
    }],
  },
};

{
  colors:: colors,

  // A query over the time shown; `legend` with {{label}}.
  query(expr, legend='', extra={}):: {
    datasource: datasource,
    expr: expr,
    legendFormat: legend,
    range: true,
    instant: false,
    editorMode: 'code',
  } + extra,

  // A query of the newest value only.
  now(expr, legend='', extra={}):: $.query(expr, legend, { range: false, instant: true } + extra),

  // A query of the newest values as rows of a table.
  rows(expr, extra={}):: $.now(expr, '', { format: 'table' } + extra),

  // The buckets of a histogram by `le`, for a heat map.
  buckets(expr):: $.query(expr, '{{le}}', { format: 'heatmap' }),

  timeseries(title, description, unit, queries, empty, width=8, height=8)::
    base('timeseries', title, description, unit, queries, empty, width, height)
    + custom({
      drawStyle: 'line',
      lineWidth: 1,
      // Surfaces of several lines add up to gray.
      fillOpacity: if many(queries) then 0 else 8,
      showPoints: 'never',
      spanNulls: false,
      axisSoftMin: 0,
      thresholdsStyle: { mode: 'off' },
      stacking: { mode: 'none', group: 'A' },
    })
    + defaults({ color: { mode: 'palette-classic' } })
    + {
      options: {
        legend: {
          showLegend: many(queries),
          displayMode: 'table',
          placement: 'bottom',
          calcs: ['lastNotNull', 'max'],
          sortBy: 'Max',
          sortDesc: true,
        },
        tooltip: { mode: 'multi', sort: 'desc' },
      },
    },

  // One number, or a few; the text takes the color of the limits.
  stat(title, description, unit, queries, empty, width=4, height=4)::
    base('stat', title, description, unit, queries, empty, width, height)
    + {
      options: {
        reduceOptions: { calcs: ['lastNotNull'], fields: '', values: false },
        colorMode: 'value',
        graphMode: 'area',
        justifyMode: 'auto',
        orientation: 'auto',
        textMode: if many(queries) then 'value_and_name' else 'auto',
        wideLayout: true,
      },
    },

  // Bars side by side; needs a range (`ratio`, `between`).
  bars(title, description, unit, queries, empty, width=8, height=8)::
    base('bargauge', title, description, unit, queries, empty, width, height)
    + {
      options: {
        reduceOptions: { calcs: ['lastNotNull'], fields: '', values: false },
        displayMode: 'basic',
        orientation: 'horizontal',
        valueMode: 'text',
        showUnfilled: true,
        minVizHeight: 16,
        minVizWidth: 8,
        namePlacement: 'auto',
        sizing: 'auto',
      },
    },

  // Which state, since when: give the states texts and colors with `texts`.
  states(title, description, queries, empty, width=12, height=8, unit='none')::
    base('state-timeline', title, description, unit, queries, empty, width, height)
    + custom({ fillOpacity: 80, lineWidth: 0 })
    + defaults({ decimals: 0 })
    + {
      options: {
        mergeValues: true,
        showValue: 'never',
        alignValue: 'left',
        rowHeight: 0.85,
        legend: { showLegend: true, displayMode: 'list', placement: 'bottom' },
        tooltip: { mode: 'single', sort: 'none' },
      },
    },

  // `queries` made by `rows`; `columns`: the columns shown, in this order: series label or 'Value' (with several queries
  // 'Value #A' …) → heading, unit and so on as properties of Grafana's overrides. The first sort is by `sort`.
  table(title, description, unit, queries, empty, columns, sort='', width=12, height=8, descending=true)::
    base('table', title, description, unit, queries, empty, width, height)
    + custom({ align: 'auto', cellOptions: { type: 'auto' }, filterable: false })
    + {
      transformations:
        (if std.length(queries) > 1 then [{ id: 'merge', options: {} }] else [])
        + [{
          id: 'organize',
          options: {
            // Whatever is not asked for (Time, the job) stays away, under every version of Grafana.
            includeByName: { [column[0]]: true for column in columns },
            indexByName: { [columns[index][0]]: index for index in std.range(0, std.length(columns) - 1) },
            renameByName: { [column[0]]: column[1] for column in columns },
          },
        }],
      options: {
        cellHeight: 'sm',
        showHeader: true,
        sortBy: if sort == '' then [] else [{ displayName: sort, desc: descending }],
      },
    }
    + std.foldl(
      // A row without this value is no reason for the sentence of the whole panel in its cell.
      function(sum, column) sum + override(column[1], { noValue: '–' } + (if std.length(column) > 2 then column[2] else {})),
      columns,
      {}
    ),

  // A query made by `buckets`.
  heatmap(title, description, unit, queries, empty, width=12, height=8)::
    base('heatmap', title, description, unit, queries, empty, width, height)
    + {
      options: {
        calculate: false,
        cellGap: 1,
        cellValues: { unit: 'short', decimals: 1 },
        color: { mode: 'scheme', scheme: 'Oranges', exponent: 0.5, steps: 32, fill: 'dark-orange' },
        filterValues: { le: 1e-9 },
        legend: { show: true },
        rowsFrame: { layout: 'auto' },
        tooltip: { mode: 'single', yHistogram: false },
        yAxis: { axisPlacement: 'left', unit: unit, reverse: false },
      },
    },

  // What can be added.
  size(width, height):: { size:: { w: width, h: height } },
  decimals(count):: defaults({ decimals: count }),
  // Ends of the axis; null leaves one to the data.
  between(min, max):: defaults(std.prune({ min: min, max: max })),
  // Where the axis begins unless the data goes lower.
  soft_from(value):: axis({ axisSoftMin: value }),
  // Where it ends unless the data goes higher.
  soft_to(value):: axis({ axisSoftMax: value }),
  // Shares from 0 to 1.
  ratio:: defaults({ unit: 'percentunit', min: 0, max: 1 }),
  // Without lines: that of a series at zero would be drawn on top of the others.
  stacked:: custom({ stacking: { mode: 'normal', group: 'A' }, fillOpacity: 70, lineWidth: 0 }),
  logarithmic:: custom({ scaleDistribution: { type: 'log', log: 10 } }),
  points:: custom({ drawStyle: 'points', showPoints: 'always', pointSize: 5 }),
  // Bars for counts of what happened between two points.
  columns:: custom({ drawStyle: 'bars', fillOpacity: 60, lineWidth: 0 }),
  // Series of this name ending are limits, not measurements: a dashed line without a surface.
  limit_series(ending)::
    self.one_like(ending + '$', {
      color: { mode: 'fixed', fixedColor: colors.broken },
      'custom.lineStyle': { fill: 'dash', dash: [8, 8] },
      'custom.fillOpacity': 0,
    }),
  // The percentiles p50, p95 and p99 look the same on every board.
  quantiles::
    self.color('p50', 'light-blue') + self.color('p95', 'blue') + self.color('p99', 'purple')
    + custom({ fillOpacity: 0 }) + { options+: { legend+: { sortBy: 'Name', sortDesc: false } } },
  // The text of a table's cells in the color of their limits.
  colored_cells:: custom({ cellOptions: { type: 'color-text' } }),
  // The names instead of the values: what matters is which series there are.
  names:: { options+: { textMode: 'name' } },
  // No small graph behind the number.
  plain_stat:: { options+: { graphMode: 'none' } },

  // Colors from a value on, as [[null, colors.kept], [0.8, colors.near]]; drawn as lines where there are axes.
  limits(steps)::
    defaults({ thresholds: { mode: 'absolute', steps: [{ color: step[1], value: step[0] } for step in steps] } }),
  lines:: axis({ thresholdsStyle: { mode: 'dashed' } }),

  // Value → [text, color].
  texts(values):: defaults({
    mappings: [{
      type: 'value',
      options: {
        [key]: { text: values[key][0], color: values[key][1], index: std.find(key, std.objectFields(values))[0] }
        for key in std.objectFields(values)
      },
    }],
  }),

  // Properties of one series or column, by its name as shown.
  one(field, properties):: override(field, properties),
  // Properties of the series whose names match.
  one_like(pattern, properties):: {
    fieldConfig+: {
      overrides+: [{
        matcher: { id: 'byRegexp', options: '/' + pattern + '/' },
        properties: [{ id: id, value: properties[id] } for id in std.objectFields(properties)],
      }],
    },
  },
  color(field, color):: override(field, { color: { mode: 'fixed', fixedColor: color } }),

  // A click on a value leads there, with the time shown.
  link(title, url):: defaults({ links+: [{ title: title, url: url, targetBlank: false }] }),
  to_slo(target):: $.link('Target: ' + target, '/d/crm-slo?var-target=%s&${__url_time_range}' % target),
  to_board(board, title):: $.link(title, '/d/crm-' + board + '?${__url_time_range}&${__all_variables}'),
}
