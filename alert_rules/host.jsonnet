// The machines: what the operating system says is short, full or broken. Names of metrics are node_exporter's, so these
// rules hold with either exporter; where a kernel lacks pressure (PSI), the alerts that use it do without.
local numbers = import 'lib/numbers.libsonnet';
local signals = import 'lib/signals.libsonnet';
local decimal = numbers.decimal;
local percent = numbers.percent;

local mount = 'job, instance, device, mountpoint, fstype';

function(config=(import 'config.libsonnet').defaults)
  local alert = (import 'lib/alert.libsonnet')(config);
  local time = (import 'lib/time.libsonnet')(config.speed);
  local duration = time.duration;
  local words = time.words;
  local last = time.last;
  local known = (import 'lib/known.libsonnet')(time);

  // What is so by design is not news: only what was otherwise shortly before counts. Once it fires it goes on until it is
  // fixed, not just for that time: it has fired within the last day, whatever was missing in between.
  local since_change(name, now, before, labels) =
    '%s and on (%s) (%s or max_over_time(ALERTS{alertname="%s",alertstate="firing"}[%s]))\n'
    % [now, labels, before, name, duration('1d')];

  local nearly_full(free, size, limits) = |||
    %(free)s / (%(size)s > 0) < %(left)s
      and on (%(mount)s) %(readonly)s == 0
  ||| % { free: known.gauge(free), size: known.gauge(size), readonly: known.gauge('node_filesystem_readonly'), mount: mount, left: decimal(limits.left) };

  local filling_up(free, size, limits) = |||
    predict_linear(%(free)s[%(range)s], %(ahead)s) < 0
      and on (%(mount)s) predict_linear(%(free)s[%(recent)s], %(ahead)s) < 0
      and on (%(mount)s) %(known)s / (%(size)s > 0) < %(left)s
      and on (%(mount)s) %(readonly)s == 0
  ||| % {
    free: free,
    known: known.gauge(free),
    size: known.gauge(size),
    readonly: known.gauge('node_filesystem_readonly'),
    mount: mount,
    range: duration(limits.range),
    recent: duration(limits.recent),
    ahead: time.horizon(limits.ahead),
    left: decimal(limits.left),
  };

  {
    groups: [
      {
        name: 'host.alerts',
        rules: [
          alert('CrmHostCpuSaturated', 'medium', function(limits) {
            component: 'host',
            narrow_by: ['instance'],
            expr: |||
              %(signal)s > %(busy)s
                unless on (job, instance) %(waits)s <= %(waiting)s
            ||| % {
              signal: known.rate(signals.host.cpu_busy.expr(range=duration(limits.range))),
              waits: known.rate('rate(node_pressure_cpu_waiting_seconds_total[%s])' % duration(limits.range)),
              busy: decimal(limits.busy),
              waiting: decimal(limits.waiting),
            },
            summary: 'The CPUs of {{ $labels.instance }} are {{ $value | humanizePercentage }} busy (limit ' + percent(limits.busy) + ').',
            description: 'For ' + words(limits['for']) + ' the CPUs have had no time to spare, and tasks wait for them. First check which process group uses the time.',
            impact: 'Everything on this machine is slow.',
          }),
          alert('CrmHostMemoryLow', 'medium', function(limits) {
            component: 'host',
            narrow_by: ['instance'],
            expr: signals.host.memory_available.expr(known=known.gauge) + ' < ' + decimal(limits.available),
            summary: 'Only {{ $value | humanizePercentage }} of the memory of {{ $labels.instance }} is available (limit ' + percent(limits.available) + ').',
            description: 'For ' + words(limits['for']) + ' less than ' + percent(limits.available) + ' of memory has been available without swapping. First check which process group is growing.',
            impact: 'None yet; the next peak may slow everything down or get a process killed.',
          }),
          alert('CrmHostMemoryExhausted', 'high', function(limits) {
            component: 'host',
            narrow_by: ['instance'],
            expr: signals.host.memory_available.expr(known=known.gauge) + ' < ' + decimal(limits.available),
            summary: '{{ $labels.instance }} is out of memory: {{ $value | humanizePercentage }} available (limit ' + percent(limits.available) + ').',
            description: 'For ' + words(limits['for']) + ' almost no memory has been left. The kernel may kill PostgreSQL, Redis or the application at any moment; stop what is growing.',
            impact: 'Responses become slow; a service may be killed.',
          }),
          alert('CrmHostMemoryThrashing', 'high', function(limits) {
            component: 'host',
            narrow_by: ['instance'],
            expr: |||
              %(read)s > %(faults)d
                unless on (job, instance) %(waits)s <= %(waiting)s
            ||| % {
              read: known.rate('rate(node_vmstat_pgmajfault[%s])' % duration(limits.range)),
              waits: known.rate('rate(node_pressure_memory_waiting_seconds_total[%s])' % duration(limits.range)),
              faults: limits.faults,
              waiting: decimal(limits.waiting),
            },
            summary: '{{ $labels.instance }} reads memory back from disk {{ $value | humanize }} times a second (limit ' + limits.faults + ').',
            description: 'For ' + words(limits['for']) + ' programs have waited for their own memory to be read from disk. First check memory by process group.',
            impact: 'Everything on this machine is slow or hangs.',
          }),
          alert('CrmHostOomKill', 'high', function(limits) {
            component: 'host',
            narrow_by: ['instance'],
            type: 'error',
            expr: 'increase(node_vmstat_oom_kill[%s]) > 0' % duration(limits.range),
            summary: 'The kernel of {{ $labels.instance }} killed a process because memory ran out.',
            description: 'It happened in the ' + last(limits.range) + '. First check the kernel log for which process it was, and whether it is running again.',
            impact: 'Whatever that process was doing was cut off; its users saw errors.',
          }),
          alert('CrmHostDiskNearlyFull', 'high', function(limits) {
            component: 'host',
            narrow_by: ['instance'],
            expr: nearly_full('node_filesystem_avail_bytes', 'node_filesystem_size_bytes', limits),
            summary: '{{ $labels.mountpoint }} on {{ $labels.instance }} has {{ $value | humanizePercentage }} of its space left (limit ' + percent(limits.left) + ').',
            description: 'The file system {{ $labels.device }} has been nearly full for ' + words(limits['for']) + '. First check what grew: logs, WAL, temporary files.',
            impact: 'When it is full PostgreSQL stops, and nothing can be saved.',
          }),
          alert('CrmHostDiskFillingUp', 'medium', function(limits) {
            component: 'host',
            narrow_by: ['instance'],
            expr: filling_up('node_filesystem_avail_bytes', 'node_filesystem_size_bytes', limits),
            summary: '{{ $labels.mountpoint }} on {{ $labels.instance }} will be full within ' + words(limits.ahead) + '.',
            description: 'Less than ' + percent(limits.left) + ' is left, and at the pace of the ' + last(limits.range) + ' it will be full within ' + words(limits.ahead) + '. First check what is growing: logs, WAL, temporary files.',
            impact: 'None yet; when it is full PostgreSQL stops, and nothing can be saved.',
          }),
          alert('CrmHostInodesNearlyFull', 'high', function(limits) {
            component: 'host',
            narrow_by: ['instance'],
            expr: nearly_full('node_filesystem_files_free', 'node_filesystem_files', limits),
            summary: '{{ $labels.mountpoint }} on {{ $labels.instance }} has {{ $value | humanizePercentage }} of its inodes left (limit ' + percent(limits.left) + ').',
            description: 'The file system {{ $labels.device }} will soon hold no more files, however much space is free. First check for a directory with very many small files.',
            impact: 'When none is left no file can be created: uploads, sessions and the database fail.',
          }),
          alert('CrmHostInodesFillingUp', 'medium', function(limits) {
            component: 'host',
            narrow_by: ['instance'],
            expr: filling_up('node_filesystem_files_free', 'node_filesystem_files', limits),
            summary: '{{ $labels.mountpoint }} on {{ $labels.instance }} will run out of inodes within ' + words(limits.ahead) + '.',
            description: 'Less than ' + percent(limits.left) + ' of its inodes are left, and at the pace of the ' + last(limits.range) + ' none will be left within ' + words(limits.ahead) + '. First check for a directory with very many small files.',
            impact: 'None yet; when none is left no file can be created.',
          }),
          alert('CrmHostFilesystemReadOnly', 'high', function(limits) {
            component: 'host',
            narrow_by: ['instance'],
            type: 'error',
            expr: since_change(
              'CrmHostFilesystemReadOnly',
              known.gauge('node_filesystem_readonly') + ' == 1',
              'min_over_time(node_filesystem_readonly[%s]) == 0' % duration(limits.before),
              mount
            ),
            summary: '{{ $labels.mountpoint }} on {{ $labels.instance }} has become read-only.',
            description: 'It was writable before. The kernel does this when the disk reports errors: check the kernel log first, and save what you can.',
            impact: 'Nothing on it can be changed: the database and uploads fail.',
          }),
          alert('CrmHostClockWrong', 'medium', function(limits) {
            component: 'host',
            narrow_by: ['instance'],
            type: 'error',
            // A subquery: timestamp() asks for an instant. Its minute holds four scrapes. The clock is read between the begin of
            // a scrape and its end: on a busy machine that is seconds.
            local off = 'abs(last_over_time((%s)[%s:%s]))' % [
              signals.host.clock_offset.expr(),
              duration('15m'),
              duration('1m'),
            ],
            expr: '%(off)s > %(most)s unless on (job, instance) %(off)s <= on (job, instance) %(most)s + max_over_time(scrape_duration_seconds[%(range)s])' % {
              off: off,
              most: decimal(limits.seconds),
              range: duration('15m'),
            },
            summary: 'The clock of {{ $labels.instance }} is {{ $value | humanizeDuration }} off from Prometheus (limit ' + decimal(limits.seconds) + 's).',
            description: 'The clocks of this machine and of Prometheus have disagreed for ' + words(limits['for']) + '. One of the two is wrong: compare them with a time server.',
            impact: 'Logins by token or code may fail, and times in the CRM are wrong.',
          }),
          alert('CrmHostClockSyncLost', 'low', function(limits) {
            component: 'host',
            narrow_by: ['instance'],
            type: 'error',
            expr: since_change(
              'CrmHostClockSyncLost',
              known.gauge('node_timex_sync_status') + ' == 0',
              'max_over_time(node_timex_sync_status[%s]) == 1' % duration(limits.before),
              'job, instance'
            ),
            summary: 'The clock of {{ $labels.instance }} is no longer synchronized.',
            description: 'It was synchronized with a time server before, and is not now. First check the time service (chrony, systemd-timesyncd).',
            impact: 'None yet; the clock drifts by up to a few seconds a day.',
          }),
          alert('CrmHostFileDescriptorsHigh', 'medium', function(limits) {
            component: 'host',
            narrow_by: ['instance'],
            expr: signals.host.file_descriptors_used.expr(known=known.gauge) + ' > ' + decimal(limits.share),
            summary: '{{ $labels.instance }} uses {{ $value | humanizePercentage }} of its file descriptors (limit ' + percent(limits.share) + ').',
            description: 'For ' + words(limits['for']) + ' few have been left for the whole machine. First check for a process that never closes its files or connections.',
            impact: 'None yet; when none is left no connection can be accepted and no file opened.',
          }),
          alert('CrmHostDiskSaturated', 'medium', function(limits) {
            component: 'host',
            narrow_by: ['instance'],
            expr: |||
              %(queued)s > %(queue)d
                unless on (job, instance) %(waits)s <= %(waiting)s
            ||| % {
              queued: known.rate('rate(node_disk_io_time_weighted_seconds_total[%s])' % duration(limits.range)),
              waits: known.rate('rate(node_pressure_io_waiting_seconds_total[%s])' % duration(limits.range)),
              queue: limits.queue,
              waiting: decimal(limits.waiting),
            },
            summary: 'Disk {{ $labels.device }} of {{ $labels.instance }} has {{ $value | humanize }} requests queued (limit ' + limits.queue + ').',
            description: 'For ' + words(limits['for']) + ' the disk has not kept up, and tasks wait for it. First check what reads or writes: checkpoints, sequential scans, backups.',
            impact: 'Everything that needs the disk is slow: searching, saving, reports.',
          }),
          alert('CrmHostNetworkErrors', 'low', function(limits) {
            component: 'host',
            narrow_by: ['instance'],
            type: 'error',
            expr: known.rate(|||
              (rate(node_network_receive_errs_total[%(range)s]) + on (job, instance, device) rate(node_network_transmit_errs_total[%(range)s]))
                / on (job, instance, device)
                  ((rate(node_network_receive_packets_total[%(range)s]) + on (job, instance, device) rate(node_network_transmit_packets_total[%(range)s])) > 0)
            ||| % { range: duration(limits.range) }) + ' > ' + decimal(limits.share),
            summary: '{{ $value | humanizePercentage }} of the packets on {{ $labels.device }} of {{ $labels.instance }} have errors (limit ' + percent(limits.share) + ').',
            description: 'The interface has reported errors for ' + words(limits['for']) + '. First check cable, port, duplex and driver.',
            impact: 'Transfers over this interface are slow or break off.',
          }),
          alert('CrmHostContainerMemoryNearLimit', 'high', function(limits) {
            component: 'host',
            narrow_by: ['instance'],
            expr: '%s / on (job, instance) (%s > 0) > %s' % [
              known.gauge('pantrywatch_container_memory_working_set_bytes'),
              known.gauge('pantrywatch_container_memory_limit_bytes'),
              decimal(limits.share),
            ],
            summary: 'Container {{ $labels.instance }} uses {{ $value | humanizePercentage }} of its memory limit (limit ' + percent(limits.share) + ').',
            description: 'It has been near its limit for ' + words(limits['for']) + '; at the limit a process in it is killed. Raise the limit, or find what is growing.',
            impact: 'None yet; a service may be killed.',
          }),
          alert('CrmHostContainerOomKill', 'high', function(limits) {
            component: 'host',
            narrow_by: ['instance'],
            type: 'error',
            expr: 'increase(pantrywatch_container_oom_kills_total[%s]) > 0' % duration(limits.range),
            summary: 'A process in container {{ $labels.instance }} was killed at its memory limit.',
            description: 'The kernel killed a process there in the ' + last(limits.range) + '. First check whether it is running again, then the limit.',
            impact: 'Whatever that process was doing was cut off; its users saw errors.',
          }),
          alert('CrmHostContainerCpuThrottled', 'medium', function(limits) {
            component: 'host',
            narrow_by: ['instance'],
            expr: known.rate(signals.host.container_throttled.expr(range=duration(limits.range))) + ' > ' + decimal(limits.share),
            summary: 'Container {{ $labels.instance }} is throttled by its CPU limit {{ $value | humanizePercentage }} of the time (limit ' + percent(limits.share) + ').',
            description: 'For ' + words(limits['for']) + ' tasks have been paused because the CPU limit was reached, although the machine may have time to spare. Raise the limit, or find what uses it.',
            impact: 'Responses take longer, by up to a tenth of a second each time.',
          }),
          alert('CrmHostProcessGroupGone', 'medium', function(limits) {
            component: 'host',
            narrow_by: ['instance'],
            type: 'error',
            expr: since_change(
              'CrmHostProcessGroupGone',
              known.gauge('pantrywatch_process_group_processes{group!="other"}') + ' == 0',
              'max_over_time(pantrywatch_process_group_processes[%s]) > 0' % duration(limits.before),
              'job, instance, group'
            ),
            summary: 'No {{ $labels.group }} process is running on {{ $labels.instance }}.',
            description: 'Some were running less than ' + words(limits.before) + ' before. First check whether somebody stopped them, then the log.',
            impact: 'Whatever this service does is not being done.',
          }),
        ],
      },
    ],
  }
