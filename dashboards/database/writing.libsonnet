// Disk, checkpoints, write-ahead log.
function(config)
  local panel = import '../lib/panel.libsonnet';
  local queries = (import 'queries.libsonnet')(config);

  // The server counts milliseconds, and only with track_io_timing; without it there is nothing, rather than zero.
  local timed(metric) =
    '%s / 1000 and on (instance) max by (instance) (pg_settings_track_io_timing{%s}) == 1'
    % [queries.rate(metric, 'instance'), queries.server];

  // Some happen in an hour: a rate over a minute is mostly 0. The second name is PostgreSQL 17's.
  local last_hour(name, newer) = '(max by (instance) (sum by (job, instance) (increase(%s{%s}[1h]))) or max by (instance) (sum by (job, instance) (increase(%s{%s}[1h]))))' % [name, queries.server, newer, queries.server];
  local checkpoints = '(%s + on (instance) %s > 0)' % [
    last_hour('pg_stat_bgwriter_checkpoints_timed_total', 'pg_stat_checkpointer_num_timed_total'),
    last_hour('pg_stat_bgwriter_checkpoints_req_total', 'pg_stat_checkpointer_num_requested_total'),
  ];
  local each_took(name, newer) = '%s / 1000 / on (instance) %s' % [last_hour(name, newer), checkpoints];

  [
    panel.timeseries(
      'Rows',
      'Rows per second read by scans (returned), fetched through an index, and changed. Many returned and few fetched: whole tables are read. See Sequential scans below.',
      'ops',
      [
        panel.query(queries.rate('pg_stat_database_tup_returned', 'job'), 'returned'),
        panel.query(queries.rate('pg_stat_database_tup_fetched', 'job'), 'fetched'),
        panel.query(queries.rate('pg_stat_database_tup_inserted', 'job'), 'inserted'),
        panel.query(queries.rate('pg_stat_database_tup_updated', 'job'), 'updated'),
        panel.query(queries.rate('pg_stat_database_tup_deleted', 'job'), 'deleted'),
      ],
      queries.silent,
    ) + panel.logarithmic,
    panel.timeseries(
      'Blocks read from disk',
      'Blocks per second (8 KiB by default) that were not in shared_buffers; the operating system may still have cached them. Rising together with slower statements: memory is short, or a statement reads whole tables.',
      'ops',
      [panel.query(queries.rate('pg_stat_database_blks_read', 'instance, datname'), '{{instance}} {{datname}}')],
      queries.silent,
    ),
    panel.timeseries(
      'I/O wait of statements',
      'Seconds per second that statements waited to read and write blocks; 100% is one session that waits all the time. Good: far below 100%. High: the disk is slow, or the data no longer fits into memory.',
      'percentunit',
      [
        panel.query(timed('pg_stat_database_blk_read_time'), '{{instance}} reading'),
        panel.query(timed('pg_stat_database_blk_write_time'), '{{instance}} writing'),
      ],
      queries.silent + ' Or track_io_timing is off: ALTER SYSTEM SET track_io_timing = on.',
    ),
    panel.timeseries(
      'Checkpoints per hour',
      'Checkpoints in the hour before each point: scheduled by checkpoint_timeout, and requested because WAL reached max_wal_size. Good: hardly any requested. Many: raise max_wal_size.',
      'short',
      [
        panel.query(last_hour('pg_stat_bgwriter_checkpoints_timed_total', 'pg_stat_checkpointer_num_timed_total'), '{{instance}} scheduled'),
        panel.query(last_hour('pg_stat_bgwriter_checkpoints_req_total', 'pg_stat_checkpointer_num_requested_total'), '{{instance}} requested'),
      ],
      queries.silent,
    ) + panel.decimals(1),
    panel.timeseries(
      'Checkpoint duration',
      'Average time that checkpoints in the hour before each point took to write and to sync files. Writing is spread over most of checkpoint_timeout and harmless; seconds of syncing stall every commit: the disk is too slow.',
      's',
      [
        panel.query(each_took('pg_stat_bgwriter_checkpoint_write_time_total', 'pg_stat_checkpointer_write_time_total'), '{{instance}} writing'),
        panel.query(each_took('pg_stat_bgwriter_checkpoint_sync_time_total', 'pg_stat_checkpointer_sync_time_total'), '{{instance}} syncing'),
      ],
      'No checkpoint ended in an hour, or PostgreSQL or its exporter is down (see Server and Scrape errors).',
    ),
    panel.timeseries(
      'Buffers written',
      'Who wrote changed blocks, per second: checkpoints and the background writer should; sessions that must write themselves are slowed down.',
      'ops',
      [
        panel.query('%s or %s' % [queries.rate('pg_stat_bgwriter_buffers_checkpoint_total', 'instance', queries.server), queries.rate('pg_stat_checkpointer_buffers_written_total', 'instance', queries.server)], '{{instance}} checkpoints'),
        panel.query(queries.rate('pg_stat_bgwriter_buffers_clean_total', 'instance', queries.server), '{{instance}} background writer'),
        panel.query('%s or %s' % [queries.rate('pg_stat_bgwriter_buffers_backend_total', 'instance', queries.server), queries.rate('pg_stat_io_writes_total', 'instance', queries.server + ', backend_type="client backend"')], '{{instance}} sessions'),
      ],
      queries.silent,
    ),
    panel.timeseries(
      'Data read and written',
      'Bytes of tables and indexes per second that all processes of the server read, wrote and extended files by, as asked of the operating system: much may come from its cache. Reads far above usual: the working set no longer fits, see Cache hit ratio; extended: data that is new.',
      'Bps',
      [
        panel.query(queries.rate('pg_stat_io_read_bytes_total', 'instance', queries.server), '{{instance}} read'),
        panel.query(queries.rate('pg_stat_io_write_bytes_total', 'instance', queries.server), '{{instance}} written'),
        panel.query(queries.rate('pg_stat_io_extend_bytes_total', 'instance', queries.server), '{{instance}} extended'),
      ],
      queries.silent + ' Needs PostgreSQL 16 or later.',
    ),
    panel.timeseries(
      'WAL written',
      'Write-ahead log per second: what is archived, sent to replicas and replayed after a crash. It peaks after each checkpoint, when full pages are written.',
      'Bps',
      [panel.query(queries.rate('pg_stat_wal_bytes_total', 'instance', queries.server), '{{instance}}')],
      queries.silent + ' PostgreSQL 13 does not report it.',
    ),
    panel.timeseries(
      'WAL size',
      'Size of pg_wal and max_wal_size. Above the line for long: an inactive replication slot or a failing archive retains it; when the disk is full the server stops.',
      'bytes',
      [
        panel.query('max by (instance) (pg_wal_size_bytes{%s})' % queries.server, '{{instance}} pg_wal'),
        panel.query('max by (instance) (pg_settings_max_wal_size_bytes{%s})' % queries.server, '{{instance}} max_wal_size'),
      ],
      queries.silent + queries.blind,
    ) + panel.limit_series('max_wal_size'),
    panel.timeseries(
      'Load by role',
      'Time that statements of each role run on the server: 100% is one statement running all the time. Compare with the number of cores of the host.',
      'percentunit',
      [panel.query(queries.rate('pg_stat_statements_seconds_total', 'user'), '{{user}}')],
      queries.no_statements,
      width=24,
    ) + panel.stacked,
  ]
