// Vacuum, indexes, growth.
function(config)
  local panel = import '../lib/panel.libsonnet';
  local status = (import '../lib/status.libsonnet')(config);
  local queries = (import 'queries.libsonnet')(config);
  local colors = panel.colors;

  [
    panel.table(
      'Tables: dead rows, vacuum and analyze',
      'The largest tables, most dead rows first. Dead: estimated share of dead rows; autovacuum starts at a fifth of the live ones. Never vacuumed and many dead rows: autovacuum is off or held back. Many changes since the last analyze: the planner works with outdated statistics.',
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
        ['Value #A', 'Dead', status.colored({ unit: 'percentunit', decimals: 1, thresholds: status.steps([[null, colors.kept], [0.2, colors.near], [1 / 3, colors.broken]]) })],
        ['Value #B', 'Dead rows', { decimals: 0 }],
        ['Value #C', 'Live rows', { decimals: 1 }],
        ['Value #D', 'Changes since analyze', { decimals: 0 }],
        ['Value #E', 'Autovacuum', { unit: 'dateTimeFromNow', mappings: status.texts({ '0': ['never', colors.unknown] }) }],
        ['Value #F', 'Autoanalyze', { unit: 'dateTimeFromNow', mappings: status.texts({ '0': ['never', colors.unknown] }) }],
      ],
      'Dead rows',
      width=24,
      height=8,
    ),
    panel.table(
      'Findings',
      'What is wrong with the layout of each database, and how often. Foreign key without an index: deleting or changing a row reads the whole other table; create it CONCURRENTLY. Duplicate or unused index: every write pays for it; drop it CONCURRENTLY, after a look at the replicas. Large table scanned: most rows read from a table of 100,000 or more come from reading all of it. Vacuum overdue: twice the dead rows at which autovacuum starts. Table half empty: an estimate, of tables from 25 MiB on that the role may read; pg_repack, or VACUUM FULL while nobody works, gives the space back.',
      'short',
      [panel.rows('max by (instance, datname, finding) (pantrywatch_database_findings{%s}) > 0' % queries.one)],
      'None found. Or PostgreSQL or its exporter is down (see Server and Scrape errors).',
      [
        ['instance', 'Server', { 'custom.width': 90 }],
        ['datname', 'Database', { 'custom.width': 90 }],
        ['finding', 'Finding', {
          'custom.minWidth': 200,
          mappings: status.texts({
            'foreign-key-without-index': ['Foreign key without an index', colors.near],
            'duplicate-index': ['Duplicate index', colors.near],
            'unused-index': ['Unused index', colors.near],
            'large-table-scanned': ['Large table scanned', colors.near],
            'vacuum-overdue': ['Vacuum overdue', colors.broken],
            'table-bloat': ['Table half empty (estimate)', colors.near],
          }),
        }],
        ['Value', 'Times', { decimals: 0, 'custom.width': 80 }],
      ],
      'Times',
      width=24,
      height=6,
    ),
    panel.table(
      'Tables: size and growth',
      'The largest tables with their indexes, and their growth over the time range shown. Indexes larger than their table: too many, or bloated. Fix: REINDEX CONCURRENTLY.',
      'bytes',
      [
        panel.rows(queries.table('pg_stat_user_tables_table_size_bytes')),
        panel.rows(queries.table('pg_stat_user_tables_index_size_bytes')),
        panel.rows('max by (%s) (delta(pg_stat_user_tables_table_size_bytes{%s}[$__range]))' % [queries.table_labels, queries.one]),
      ],
      queries.silent,
      queries.table_columns + [['Value #A', 'Table size', { decimals: 1 }], ['Value #B', 'Index size', { decimals: 1 }], ['Value #C', 'Growth', { decimals: 1 }]],
      'Table size',
      width=12,
      height=8,
    ),
    panel.table(
      'Tables: sequential scans',
      'Over the time range shown, sorted by rows read in sequential scans. A large table that is scanned often is missing an index.',
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
        ['Value #B', 'Sequential scans', { decimals: 0 }],
        ['Value #C', 'Index scans', { decimals: 0 }],
        ['Value #D', 'HOT updates', { unit: 'percentunit', decimals: 0 }],
      ],
      'Rows read',
      width=12,
      height=8,
    ),
    panel.table(
      'Index usage',
      'The busiest indexes over the time range shown, and their cache hit ratio. An index that is never scanned slows down every write and helps nobody: Unused indexes counts them.',
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
        ['Value #B', 'Cache hit ratio', { unit: 'percentunit', decimals: 1 }],
      ],
      'Scans',
      width=12,
      height=8,
    ),
    panel.stat(
      'Unused indexes',
      'Indexes, except unique ones, that have not been used since the statistics were reset. Each slows down every write. Before dropping one, check whether it is used on a replica, or once a quarter.',
      'none',
      [panel.now('sum by (instance, datname) (pantrywatch_database_unused_indexes{%s})' % queries.one, '{{instance}} {{datname}}')],
      queries.unanswered,
      width=6,
      height=8,
    ) + panel.decimals(0) + panel.plain_stat + panel.limits([[null, colors.kept], [1, colors.near]]),
    panel.timeseries(
      'Database size',
      'Disk space by database. A sudden increase: an import or a bloated table; a slope: growth. The capacity board says when the disk is full.',
      'bytes',
      [panel.query('max by (instance, datname) (sum by (job, instance, datname) (pg_database_size_bytes{%s}))' % queries.one, '{{instance}} {{datname}}')],
      queries.silent + queries.blind,
      width=6,
    ) + panel.to_board('capacity', 'When will it be full?'),
    panel.table(
      'Running vacuums',
      'Vacuums running now, and their progress. Long and not moving: it waits for a lock, or its cost limits are too tight.',
      'percentunit',
      [panel.rows('max by (instance, datname, relname) (pg_stat_progress_vacuum_heap_blks_scanned{%s}) / (max by (instance, datname, relname) (pg_stat_progress_vacuum_heap_blks{%s}) > 0)' % [queries.one, queries.one])],
      'No vacuum is running, or PostgreSQL or its exporter is down.',
      [['instance', 'Server'], ['datname', 'Database'], ['relname', 'Table'], ['Value', 'Scanned', { decimals: 0 }]],
      'Scanned',
      width=24,
      height=4,
      descending=false,
    ),
  ]
