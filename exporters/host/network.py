"""Network: devices, protocols, sockets, connection tracking. Names as in node_exporter."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterable

from exporters.core.exposition import Family
from exporters.host.procfs import Roots, Table, exists, fields, label, lines, number

_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
_RECEIVE = ("bytes", "packets", "errs", "drop", "fifo", "frame", "compressed", "multicast")
_TRANSMIT = ("bytes", "packets", "errs", "drop", "fifo", "colls", "carrier", "compressed")
_DIRECTIONS = tuple(("receive", name) for name in _RECEIVE) + tuple(("transmit", name) for name in _TRANSMIT)

# Protocol and field as the kernel names them; the ones that node_exporter reports by default.
_NETSTAT = frozenset(
    f"{protocol}_{field}"
    for protocol, fields in {
        "Ip": "Forwarding",
        "Ip6": "InOctets OutOctets",
        "IpExt": "InOctets OutOctets",
        "Icmp": "InErrors InMsgs OutMsgs",
        "Icmp6": "InErrors InMsgs OutMsgs",
        "Tcp": "ActiveOpens CurrEstab InErrs InSegs OutRsts OutSegs PassiveOpens RetransSegs",
        "TcpExt": "ListenDrops ListenOverflows SyncookiesFailed SyncookiesRecv SyncookiesSent TCPSynRetrans"
        " TCPTimeouts",
        "Udp": "InDatagrams InErrors NoPorts OutDatagrams RcvbufErrors SndbufErrors",
        "Udp6": "InDatagrams InErrors NoPorts OutDatagrams RcvbufErrors SndbufErrors",
        "UdpLite": "InErrors",
        "UdpLite6": "InErrors",
    }.items()
    for field in fields.split()
)
_WORD = re.compile(r"[A-Za-z0-9_]+")
_PROTOCOLS_OF_SNMP6 = ("Icmp6", "UdpLite6", "Udp6", "Ip6")


def devices(roots: Roots) -> Iterable[Family]:
    """Return the traffic of each device, from /proc/net/dev of the host's own network."""
    table = Table("/proc/net/dev")
    rows = dict(table.rows(lines(roots.net("dev"))[2:], _traffic))
    for column, (direction, what) in enumerate(_DIRECTIONS):
        text = f"Network device, {direction} {what}, from /proc/net/dev."
        family = Family(f"node_network_{direction}_{what}_total", "counter", text, ("device",))
        for device, values in rows.items():
            family.add(values[column], device)
        yield family
    table.report()


def _traffic(line: str) -> tuple[str, list[int]]:
    # The kernel allows no colon in a name, and pads it on the left.
    name, found, values = line.partition(":")
    row = [number(value) for value in fields(values)]
    if not found or len(row) < len(_DIRECTIONS):
        raise ValueError("too few columns")
    return label(name.lstrip(" ")), row


def classes(roots: Roots) -> Iterable[Family]:
    """Return state, MTU and speed of each device, from /sys/class/net."""
    up = Family("node_network_up", "gauge", "Whether operstate is up, from /sys/class/net.", ("device",))
    mtu = Family("node_network_mtu_bytes", "gauge", "Largest packet, from /sys/class/net.", ("device",))
    speed = Family("node_network_speed_bytes", "gauge", "Speed in bytes/s, from /sys/class/net.", ("device",))
    base = f"{roots.sysfs}/class/net"
    for device in sorted(os.listdir(base)):  # noqa: PTH208 - strings, which the readers expect
        if not os.path.isdir(f"{base}/{device}"):  # noqa: PTH112 - `bonding_masters` is a file
            continue
        # A device that disappears meanwhile has none of them; one that is down, or has no speed, returns EINVAL.
        with contextlib.suppress(OSError, ValueError):
            up.add(int(roots.sys(f"class/net/{device}/operstate") == "up"), label(device))
        with contextlib.suppress(OSError, ValueError):
            mtu.add(number(roots.sys(f"class/net/{device}/mtu")), label(device))
        with contextlib.suppress(OSError, ValueError):
            speed.add(number(roots.sys(f"class/net/{device}/speed")) * 1_000_000 / 8, label(device))
    return [up, mtu, speed]


def netstat(roots: Roots) -> Iterable[Family]:
    """Return counters of IP, ICMP, TCP and UDP; untyped, as in node_exporter."""
    table, values = Table("/proc/net/netstat, snmp or snmp6"), dict[str, int]()
    for name in ("netstat", "snmp"):
        for pairs in table.rows(_pairs_of_lines(roots.net(name)), _named_values):
            values |= pairs
    with contextlib.suppress(FileNotFoundError):  # IPv6 is off
        values |= dict(table.rows(lines(roots.net("snmp6")), _value6))
    for name in sorted(_NETSTAT & values.keys()):
        yield Family(
            f"node_netstat_{name}", "untyped", f"{name} of /proc/net/netstat and snmp.", (), [((), values[name])]
        )
    table.report()


def _pairs_of_lines(text: str) -> Iterable[str]:
    """Return each line of names with the following line of numbers of the same protocol; a lone line on its own."""
    before = ""
    for line in lines(text):
        if before.partition(":")[0] == line.partition(":")[0]:
            yield f"{before}\n{line}"
            before = ""
        else:
            if before:
                yield before
            before = line
    if before:
        yield before


def _named_values(pair: str) -> dict[str, int]:
    """Return Protocol_Field → value from a line of names and one of numbers; both start with the protocol."""
    names, _, numbers = pair.partition("\n")
    protocol, _, rest = names.partition(":")
    again, _, values = numbers.partition(":")
    if protocol != again:
        raise ValueError("two different protocols")
    found = zip(fields(rest), fields(values), strict=True)
    return {f"{protocol}_{name}": number(value) for name, value in found if f"{protocol}_{name}" in _NETSTAT}


def _value6(line: str) -> tuple[str, int] | None:
    """Return Protocol_Field and value from a line like `Udp6InErrors                    	0`."""
    key, value = line.replace("\t", " ").split(" ", 1)
    protocol = next((known for known in _PROTOCOLS_OF_SNMP6 if key.startswith(known)), None)
    if protocol is None:
        return None
    return f"{protocol}_{key.removeprefix(protocol)}", number(value.strip(" "))


def sockstat(roots: Roots) -> Iterable[Family]:
    """Return sockets in use by protocol, from /proc/net/sockstat and sockstat6."""
    table = Table("/proc/net/sockstat or sockstat6")
    text = lines(roots.net("sockstat"))
    with contextlib.suppress(FileNotFoundError):  # IPv6 is off
        text += lines(roots.net("sockstat6"))
    found = {(protocol, key): value for protocol, row in table.rows(text, _sockets) for key, value in row}
    for (protocol, key), value in found.items():
        yield from _socket_families(protocol, key, value)
    table.report()


def _sockets(line: str) -> tuple[str, list[tuple[str, int]]]:
    protocol, _, rest = line.partition(":")
    words = fields(rest)
    if not all(_WORD.fullmatch(word) for word in (protocol, *words[::2])):
        raise ValueError("no name")
    return protocol, [(key, number(value)) for key, value in zip(words[::2], words[1::2], strict=True)]


def _socket_families(protocol: str, key: str, value: int) -> Iterable[Family]:
    name, text = f"node_sockstat_{protocol}_{key}", f"{protocol} {key} of /proc/net/sockstat"
    yield Family(name, "gauge", f"{text}.", (), [((), value)])
    if key == "mem":
        yield Family(f"{name}_bytes", "gauge", f"{text}, in bytes.", (), [((), value * _PAGE_BYTES)])


def softnet(roots: Roots) -> Iterable[Family]:
    """Return packets processed, dropped and deferred by each processor, from /proc/net/softnet_stat."""
    table = Table("/proc/net/softnet_stat")
    rows = table.rows(lines(roots.net("softnet_stat")), _processor)
    for column, what, text in (
        (0, "processed", "Packets processed"),
        (1, "dropped", "Packets dropped because the queue was full"),
        (2, "times_squeezed", "How often work was left over at the end of a polling cycle"),
    ):
        name = f"node_softnet_{what}_total"
        family = Family(name, "counter", f"{text}, from /proc/net/softnet_stat.", ("cpu",))
        # Linux 5.14 added the processor's own number.
        by_cpu = {row[12] if len(row) > 12 else position: row[column] for position, row in enumerate(rows)}
        for cpu, value in by_cpu.items():
            family.add(value, str(cpu))
        yield family
    table.report()


def _processor(line: str) -> list[int]:
    row = [int(value, 16) for value in fields(line)]
    if len(row) < 3:
        raise ValueError("too few columns")
    return row


def conntrack(roots: Roots) -> Iterable[Family]:
    """Return the size of the connection tracking table; nothing if connections are not tracked."""
    base = "sys/net/netfilter/nf_conntrack"
    if not exists(f"{roots.procfs}/{base}_count"):
        return []
    entries = Family(
        "node_nf_conntrack_entries", "gauge", "Connections currently tracked, from /proc/sys/net/netfilter."
    )
    entries.add(number(roots.proc(f"{base}_count")))
    limit = Family(
        "node_nf_conntrack_entries_limit",
        "gauge",
        "Maximum number of tracked connections, from /proc/sys/net/netfilter.",
    )
    limit.add(number(roots.proc(f"{base}_max")))
    return [entries, limit]
