// The machines: what the operating system says is short, full or broken. Names of metrics are node_exporter's, so these
// rules hold with either exporter; where a kernel lacks pressure (PSI), the alerts that use it do without.
local alert = (import 'lib/alert.libsonnet').alert;

local mount = 'job, instance, device, mountpoint, fstype';

// What is so by design is no news: only what was otherwise within the last hour counts. Once it fires it goes on until it
// is put right, not just for that hour; after a restart of Prometheus of more than five minutes it has to be seen anew.
local since_change(name, now, before, labels) =
  '%s and on (%s) (%s or ALERTS{alertname="%s",alertstate="firing"})\n' % [now, labels, before, name];

// A root file system keeps 5 % for root: below that, writes of everybody else fail already.
local nearly_full(free, size) = |||
  %(free)s / (%(size)s > 0) < 0.05
    and on (%(mount)s) node_filesystem_readonly == 0
||| % { free: free, size: size, mount: mount };

// The line through six hours, longer than one big report or backup, reaches zero within a day; a disk that is mostly
// empty has time until somebody looks at the board anyway.
local filling_up(free, size) = |||
  predict_linear(%(free)s[6h], 86400) < 0
    and on (%(mount)s) %(free)s / (%(size)s > 0) < 0.4
    and on (%(mount)s) node_filesystem_readonly == 0
||| % { free: free, size: size, mount: mount };

{
  groups: [
    {
      name: 'host.alerts',
      rules: [
        alert(
          'CrmHostCpuSaturated',
          'medium',
          'host',
          // A busy processor harms nobody while nobody waits: with pressure known, tasks must wait a quarter of the
          // time, too. Raise it on a machine that is meant to run at its limit (a batch worker).
          |||
            sum by (job, instance) (rate(node_cpu_seconds_total{mode!~"idle|iowait"}[5m]))
              / (sum by (job, instance) (rate(node_cpu_seconds_total[5m])) > 0) > 0.9
              unless on (job, instance) rate(node_pressure_cpu_waiting_seconds_total[5m]) <= 0.25
          |||,
          // Longer than a backup's compression or a deployment.
          '15m',
          'The processors of {{ $labels.instance }} are {{ $value | humanizePercentage }} busy (limit 90%).',
          'For 15 minutes the processors have had no time left, and tasks wait for them. Look first at which process group uses the time.',
          'Everything on this machine answers late.',
        ),
        alert(
          'CrmHostMemoryLow',
          'medium',
          'host',
          // The CRM's designers warn at 85 % used. MemAvailable counts caches that can be dropped as free.
          'node_memory_MemAvailable_bytes / on (job, instance) (node_memory_MemTotal_bytes > 0) < 0.15',
          // Theirs too: half an hour is a trend and no peak.
          '30m',
          'Only {{ $value | humanizePercentage }} of the memory of {{ $labels.instance }} is available (limit 15%).',
          'For half an hour less than 15% of the memory could be had without swapping. Look first at which process group grows.',
          'Nobody notices yet; the next peak may slow everything down or end a process.',
        ),
        alert(
          'CrmHostMemoryExhausted',
          'high',
          'host',
          // Below this the kernel drops the pages of running programs and may kill one at any moment.
          'node_memory_MemAvailable_bytes / on (job, instance) (node_memory_MemTotal_bytes > 0) < 0.05',
          // Eight scrapes: no single allocation that is given back at once.
          '2m',
          '{{ $labels.instance }} is out of memory: {{ $value | humanizePercentage }} available (limit 5%).',
          'For two minutes there has been next to no memory left. The kernel may kill PostgreSQL, Redis or the application at any moment; end what grew.',
          'Answers become slow; a service may be killed.',
        ),
        alert(
          'CrmHostMemoryThrashing',
          'high',
          'host',
          // Every major fault is a read from disk: 500 in a second are what one solid-state disk can do without anything
          // else suffering. With pressure known, tasks must wait for memory a tenth of the time, too: reading in a big
          // program is no thrashing.
          |||
            rate(node_vmstat_pgmajfault[5m]) > 500
              unless on (job, instance) rate(node_pressure_memory_waiting_seconds_total[5m]) <= 0.1
          |||,
          // A restart of a large service reads its pages within that.
          '10m',
          '{{ $labels.instance }} reads memory back from disk {{ $value | humanize }} times a second (limit 500).',
          'For 10 minutes programs have waited for their own memory to be read from disk. Look first at memory by process group.',
          'Everything on this machine is slow, up to standing still.',
        ),
        alert(
          'CrmHostOomKill',
          'high',
          'host',
          // Not one is normal. Ten minutes: long enough to be seen in every message, short enough to clear by itself.
          'increase(node_vmstat_oom_kill[10m]) > 0',
          '30s',
          'The kernel of {{ $labels.instance }} killed a process for want of memory.',
          'Within the last 10 minutes a process was killed. Look first into the kernel log for which one it was, and whether it runs again.',
          'Whatever that process did has been cut off; its users saw errors.',
          type='error',
        ),
        alert(
          'CrmHostDiskNearlyFull',
          'high',
          'host',
          nearly_full('node_filesystem_avail_bytes', 'node_filesystem_size_bytes'),
          // A temporary file that is deleted at once is no reason to wake anybody.
          '5m',
          '{{ $labels.mountpoint }} on {{ $labels.instance }} has {{ $value | humanizePercentage }} left (limit 5%).',
          'The file system {{ $labels.device }} has been nearly full for 5 minutes. Look first for what grew: logs, WAL, temporary files.',
          'When it is full PostgreSQL stops, and nothing can be saved.',
        ),
        alert(
          'CrmHostDiskFillingUp',
          'medium',
          'host',
          filling_up('node_filesystem_avail_bytes', 'node_filesystem_size_bytes'),
          // The line must point down for an hour: one written file moves it for less.
          '1h',
          '{{ $labels.mountpoint }} on {{ $labels.instance }} will be full within a day.',
          'It has less than 40% left, and at the pace of the last 6 hours nothing in 24 hours. Look first for what grows: logs, WAL, temporary files.',
          'None yet; when it is full PostgreSQL stops, and nothing can be saved.',
        ),
        alert(
          'CrmHostInodesNearlyFull',
          'high',
          'host',
          nearly_full('node_filesystem_files_free', 'node_filesystem_files'),
          '5m',
          '{{ $labels.mountpoint }} on {{ $labels.instance }} has {{ $value | humanizePercentage }} of its inodes left (limit 5%).',
          'The file system {{ $labels.device }} can soon hold no more files, however much space is free. Look first for a directory with very many small files.',
          'When none is left no file can be made: uploads, sessions and the database fail.',
        ),
        alert(
          'CrmHostInodesFillingUp',
          'medium',
          'host',
          filling_up('node_filesystem_files_free', 'node_filesystem_files'),
          '1h',
          '{{ $labels.mountpoint }} on {{ $labels.instance }} will be out of inodes within a day.',
          'It has less than 40% of its inodes left, and at the pace of the last 6 hours none in 24 hours. Look first for a directory with very many small files.',
          'None yet; when none is left no file can be made.',
        ),
        alert(
          'CrmHostFilesystemReadOnly',
          'high',
          'host',
          since_change(
            'CrmHostFilesystemReadOnly',
            'node_filesystem_readonly == 1',
            'min_over_time(node_filesystem_readonly[1h]) == 0',
            mount
          ),
          // Past a remount by hand.
          '2m',
          '{{ $labels.mountpoint }} on {{ $labels.instance }} has become read-only.',
          'It was writable before. The kernel does this when the disk reports errors: look into its log first, and save what can be saved.',
          'Nothing on it can be changed: the database and uploads fail.',
          type='error',
        ),
        alert(
          'CrmHostClockWrong',
          'medium',
          'host',
          // Two seconds: beyond what the way of a scrape adds, below what breaks logins (one-time codes allow 30 s).
          'abs(node_time_seconds - on (job, instance) timestamp(node_time_seconds)) > 2',
          // A slow scrape looks like a wrong clock; twenty in a row do not.
          '5m',
          'The clock of {{ $labels.instance }} is {{ $value | humanizeDuration }} off Prometheus (limit 2 s).',
          'For 5 minutes the clock of this machine and that of Prometheus have differed. One of the two is wrong: ask a time server.',
          'Logins by token or code may fail, and times in the CRM are wrong.',
          type='error',
        ),
        alert(
          'CrmHostClockSyncLost',
          'low',
          'host',
          // A virtual machine that takes its time from its host never says that it is synchronised, and is right.
          since_change(
            'CrmHostClockSyncLost',
            'node_timex_sync_status == 0',
            'max_over_time(node_timex_sync_status[1h]) == 1',
            'job, instance'
          ),
          // The kernel gives up only after hours without a time server; a restart of the service takes minutes.
          '15m',
          'The clock of {{ $labels.instance }} is no longer kept in time.',
          'It was synchronised with a time server before, and is not now. Look first at the time service (chrony, systemd-timesyncd).',
          'None yet; the clock drifts by up to a few seconds a day.',
          type='error',
        ),
        alert(
          'CrmHostFileDescriptorsHigh',
          'medium',
          'host',
          // Every process shares them; a fifth is what a crowd of new connections takes.
          'node_filefd_allocated / on (job, instance) (node_filefd_maximum > 0) > 0.8',
          '15m',
          '{{ $labels.instance }} uses {{ $value | humanizePercentage }} of its file descriptors (limit 80%).',
          'For 15 minutes few have been left for the whole machine. Look first for the process that never closes its files or connections.',
          'When none is left no connection can be accepted and no file opened.',
        ),
        alert(
          'CrmHostDiskSaturated',
          'medium',
          'host',
          // Ten requests waiting on average: more than a disk works off at once, so that each of them waits. A disk that
          // is always busy but has no queue (an array, a fast SSD) is not saturated. With pressure known, tasks must
          // wait a fifth of the time, too.
          |||
            rate(node_disk_io_time_weighted_seconds_total[5m]) > 10
              unless on (job, instance) rate(node_pressure_io_waiting_seconds_total[5m]) <= 0.2
          |||,
          // Longer than a nightly backup of a CRM's database, which may use what is there.
          '30m',
          'Disk {{ $labels.device }} of {{ $labels.instance }} has {{ $value | humanize }} requests waiting (limit 10).',
          'For half an hour the disk has not kept up, and tasks wait for it. Look first at what reads or writes: checkpoints, sequential scans, backups.',
          'Whatever needs the disk is slow: searches, saving, reports.',
        ),
        alert(
          'CrmHostNetworkErrors',
          'low',
          'host',
          // A sound link has none. One in a hundred is enough for TCP to slow down.
          |||
            (rate(node_network_receive_errs_total[5m]) + on (job, instance, device) rate(node_network_transmit_errs_total[5m]))
              / on (job, instance, device)
                ((rate(node_network_receive_packets_total[5m]) + on (job, instance, device) rate(node_network_transmit_packets_total[5m])) > 0)
              > 0.01
          |||,
          '15m',
          '{{ $value | humanizePercentage }} of the packets on {{ $labels.device }} of {{ $labels.instance }} are broken (limit 1%).',
          'For 15 minutes the device has reported errors. Look first at cable, port, duplex and driver.',
          'Transfers over this device are slow or break off.',
          type='error',
        ),
        alert(
          'CrmHostContainerMemoryNearLimit',
          'high',
          'host',
          // The working set cannot be dropped: at the limit the kernel kills. A tenth is what one busy minute takes.
          'pantrywatch_container_memory_working_set_bytes / on (job, instance) (pantrywatch_container_memory_limit_bytes > 0) > 0.9',
          '5m',
          'The container {{ $labels.instance }} uses {{ $value | humanizePercentage }} of its memory limit (limit 90%).',
          'For 5 minutes it has had less than a tenth of its limit left; at the limit a process in it is killed. Raise the limit, or find what grows.',
          'None yet; a service may be killed.',
        ),
        alert(
          'CrmHostContainerOomKill',
          'high',
          'host',
          // Not one is normal.
          'increase(pantrywatch_container_oom_kills_total[10m]) > 0',
          '30s',
          'A process in the container {{ $labels.instance }} was killed at its memory limit.',
          'Within the last 10 minutes the kernel killed a process there. Look first whether it runs again, then at the limit.',
          'Whatever that process did has been cut off; its users saw errors.',
          type='error',
        ),
        alert(
          'CrmHostContainerCpuThrottled',
          'medium',
          'host',
          // A limit that is reached now and then does its work; in a quarter of all periods it makes answers late.
          |||
            rate(pantrywatch_container_cpu_throttled_periods_total[5m])
              / on (job, instance) (rate(pantrywatch_container_cpu_periods_total[5m]) > 0) > 0.25
          |||,
          '15m',
          'The container {{ $labels.instance }} is held back by its CPU limit {{ $value | humanizePercentage }} of the time (limit 25%).',
          'For 15 minutes tasks have been stopped because the CPU limit was reached, though the machine may have time. Raise the limit, or find what uses it.',
          'Answers take longer by up to a tenth of a second each time.',
        ),
        alert(
          'CrmHostProcessGroupGone',
          'medium',
          'host',
          // Only a group that had processes can lose them: one whose program is not installed here never did.
          since_change(
            'CrmHostProcessGroupGone',
            'pantrywatch_process_group_processes{group!="other"} == 0',
            'max_over_time(pantrywatch_process_group_processes[1h]) > 0',
            'job, instance, group'
          ),
          // A restart takes less.
          '2m',
          'No process of {{ $labels.group }} runs on {{ $labels.instance }} any more.',
          'There were some within the hour before. Look first whether somebody stopped it, then into its log.',
          'What this service did is not done now.',
          type='error',
        ),
      ],
    },
  ],
}
