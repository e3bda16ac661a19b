// Vacuum, indexes, growth.
local panel = import '../lib/panel.libsonnet';
local status = import '../lib/status.libsonnet';
local queries = import 'queries.libsonnet';
local colours = panel.colours;

[
  panel.table(
    'Tables: dead rows, vacuum and analyze',
    'The largest tables, most dead rows first. Dead: share of dead rows, by estimate; autovacuum begins at a fifth of the live ones. Never vacuumed and many dead: autovacuum is off or held back. Not analyzed since many changes: the planner guesses wrong.',
    'short',
    [
      panel.rows('%s / (%s + on (%s) %s > 0)' % [queries.table('pg_stat_user_tables_n_dead_tup'), queries.table('pg_stat_user_tables_n_dead_tup'), queries.table_labels, queries.table('pg_stat_user_tables_n_live_tup')]),
      panel.rows(queries.table('pg_stat_user_tables_n_dead_tup')),
      panel.rows(queries.table('pg_stat_user_tables_n_live_tup')),
      panel.rows(queries.table('pg_stat_user_tables_n_mod_since_analyze')),
      panel.rows('1000 * %s' % queries.table('pg_stat_user_tables_last_autovacuum')),
      panel.rows('1000 * %s' % queries.table('pg_stat_user_tables_last_autoanalyze')),
    ],
    queries.silent,
    queries.table_columns + [
      ['Value #A', 'Dead', status.coloured({ unit: 'percentunit', decimals: 1, thresholds: status.steps([[null, colours.kept], [0.2, colours.near], [1 / 3, colours.broken]]) })],
      ['Value #B', 'Dead rows', { decimals: 0 }],
      ['Value #C', 'Live rows', { decimals: 1 }],
      ['Value #D', 'Changed since analyze', { decimals: 0 }],
      ['Value #E', 'Autovacuum', { unit: 'dateTimeFromNow', mappings: status.texts({ '0': ['never', colours.unknown] }) }],
      ['Value #F', 'Autoanalyze', { unit: 'dateTimeFromNow', mappings: status.texts({ '0': ['never', colours.unknown] }) }],
    ],
    'Dead rows',
    width=24,
    height=8,
  ),
  panel.table(
    'Tables: size and growth',
    'The largest tables with their indexes, and what they grew by over the time shown. Indexes larger than their table: too many, or bloated – REINDEX CONCURRENTLY.',
    'bytes',
    [
      panel.rows(queries.table('pg_stat_user_tables_table_size_bytes')),
      panel.rows(queries.table('pg_stat_user_tables_index_size_bytes')),
      panel.rows('max by (%s) (delta(pg_stat_user_tables_table_size_bytes{%s}[$__range]))' % [queries.table_labels, queries.one]),
    ],
    queries.silent,
    queries.table_columns + [['Value #A', 'Table size', { decimals: 1 }], ['Value #B', 'Index size', { decimals: 1 }], ['Value #C', 'Grown', { decimals: 1 }]],
    'Table size',
    width=12,
    height=8,
  ),
  panel.table(
    'Tables: sequential scans',
    'Over the time shown, most rows read by scans of whole tables first. A large table scanned often is missing an index for some statement.',
    'short',
    [
      panel.rows(queries.grown('pg_stat_user_tables_seq_tup_read', queries.table_labels)),
      panel.rows(queries.grown('pg_stat_user_tables_seq_scan', queries.table_labels)),
      panel.rows(queries.grown('pg_stat_user_tables_idx_scan', queries.table_labels)),
      panel.rows('%s / (%s > 0)' % [queries.grown('pg_stat_user_tables_n_tup_hot_upd', queries.table_labels), queries.grown('pg_stat_user_tables_n_tup_upd', queries.table_labels)]),
    ],
    queries.silent,
    queries.table_columns + [
      ['Value #A', 'Rows read', { decimals: 1 }],
      ['Value #B', 'Whole scans', { decimals: 0 }],
      ['Value #C', 'Index scans', { decimals: 0 }],
      ['Value #D', 'HOT updates', { unit: 'percentunit', decimals: 0 }],
    ],
    'Rows read',
    width=12,
    height=8,
  ),
  panel.table(
    'Indexes: use',
    'The busiest indexes over the time shown, and how much of them was found in memory. An index that is never scanned costs every write and serves nobody: how many there are stands beside this.',
    'short',
    [
      panel.rows(queries.grown('pg_stat_user_indexes_idx_scan', 'instance, datname, relname, indexrelname')),
      panel.rows(
        '%(hit)s / (%(hit)s + on (instance, datname, relname, indexrelname) %(read)s > 0)' % {
          hit: queries.grown('pg_statio_user_indexes_idx_blks_hit_total', 'instance, datname, relname, indexrelname'),
          read: queries.grown('pg_statio_user_indexes_idx_blks_read_total', 'instance, datname, relname, indexrelname'),
        }
      ),
    ],
    queries.silent,
    [
      ['datname', 'Database', { 'custom.width': 90 }],
      ['relname', 'Table'],
      ['indexrelname', 'Index', { 'custom.minWidth': 160 }],
      ['Value #A', 'Scans', { decimals: 0 }],
      ['Value #B', 'In memory', { unit: 'percentunit', decimals: 1 }],
    ],
    'Scans',
    width=12,
    height=8,
  ),
  panel.stat(
    'Unused indexes',
    'Indexes, unique ones aside, that nobody has used since the statistics were reset. Each costs every write. Before dropping one: is it used on a replica, or once a quarter?',
    'none',
    [panel.now('sum by (instance, datname) (pantrywatch_database_unused_indexes{%s})' % queries.one, '{{instance}} {{datname}}')],
    queries.unanswered,
    width=6,
    height=8,
  ) + panel.decimals(0) + panel.plain_stat + panel.limits([[null, colours.kept], [1, colours.near]]),
  panel.timeseries(
    'Size of the databases',
    'Disk space by database. A step: an import or a bloated table; a slope: growth – the capacity board says when the disk is full.',
    'bytes',
    [panel.query('sum by (instance, datname) (pg_database_size_bytes{%s})' % queries.one, '{{instance}} {{datname}}')],
    queries.silent + queries.blind,
    width=6,
  ) + panel.to_board('capacity', 'When is it full?'),
  panel.table(
    'Vacuum under way',
    'Vacuums that run now, and how far they are. Long and not moving: it waits for a lock, or cost limits are too tight.',
    'percentunit',
    [panel.rows('max by (instance, datname, relname) (pg_stat_progress_vacuum_heap_blks_scanned{%s}) / (max by (instance, datname, relname) (pg_stat_progress_vacuum_heap_blks{%s}) > 0)' % [queries.one, queries.one])],
    'No vacuum runs now.',
    [['instance', 'Server'], ['datname', 'Database'], ['relname', 'Table'], ['Value', 'Scanned', { decimals: 0 }]],
    'Scanned',
    width=24,
    height=4,
    descending=false,
  ),
]
