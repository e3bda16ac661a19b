// What the rows of the infrastructure's board ask for.
function(config)
  local once = import '../lib/once.libsonnet';
  local signals = import '../../alert_rules/lib/signals.libsonnet';
  local host = 'instance=~"$host"';
  local silent = 'No data: the host or its exporter is down.';

  {
    host:: host,
    // What is no disk of its own, or full by design.
    disks:: host + ', fstype!~"tmpfs|ramfs|devtmpfs|squashfs|iso9660"',
    devices:: host + ', device!~"(loop|ram|zram|sr)[0-9]*"',
    interfaces:: host + ', device!~"lo|(ifb|veth|docker|br-|virbr|cali|flannel|cni).*"',

    silent:: silent,
    pressure:: silent + ' Or its kernel does not provide pressure information (PSI: Linux 4.20 and newer, not disabled by psi=0).',

    rate(metric, labels='instance', selector=host):: once(labels, 'rate(%s{%s}[$__rate_interval])' % [metric, selector]),
    recent(metric, labels='instance', selector=host):: once(labels, 'rate(%s{%s}[5m])' % [metric, selector]),
    newest(metric, labels='instance', selector=host):: 'max by (%s) (%s{%s})' % [labels, metric, selector],
    // A part of a whole, where there is a whole.
    share(part, whole, labels='instance'):: '%s / on (%s) (%s > 0)' % [part, labels, whole],

    // As `df` says it: blocks reserved for root count neither as used nor as available.
    disk_used(labels)::
      local bytes(name) = self.newest('node_filesystem_%s_bytes' % name, labels, self.disks);
      local taken = '(%s - %s)' % [bytes('size'), bytes('free')];
      '%s / (%s + %s > 0)' % [taken, taken, bytes('avail')],

    cores:: 'max by (instance) (count by (job, instance) (rate(node_cpu_seconds_total{%s, mode="idle"}[$__rate_interval])))' % host,
    // One exporter a host, whichever it is.
    of_host(expr):: 'max by (instance) (' + std.stripChars(expr, '\n') + ')',
    available:: self.of_host(signals.host.memory_available.expr(host)),
  }
