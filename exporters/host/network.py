"""Network: devices, protocols, sockets, connection tracking. Names as node_exporter."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable

from exporters.core.exposition import Family
from exporters.host.procfs import Roots, exists

_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
_RECEIVE = ("bytes", "packets", "errs", "drop", "fifo", "frame", "compressed", "multicast")
_TRANSMIT = ("bytes", "packets", "errs", "drop", "fifo", "colls", "carrier", "compressed")
_DIRECTIONS = tuple(("receive", name) for name in _RECEIVE) + tuple(("transmit", name) for name in _TRANSMIT)

# Protocol and field as the kernel names them; what node_exporter gives by default.
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
_PROTOCOLS_OF_SNMP6 = ("Icmp6", "UdpLite6", "Udp6", "Ip6")


def devices(roots: Roots) -> Iterable[Family]:
    """Return the traffic of each device, from /proc/net/dev of the host's own network."""
    rows = [line.partition(":") for line in roots.net("dev").splitlines()[2:]]
    readings = [(name.strip(), values.split()) for name, _, values in rows]
    families = []
    for column, (direction, what) in enumerate(_DIRECTIONS):
        text = f"Network device, {direction} {what}, from /proc/net/dev."
        family = Family(f"node_network_{direction}_{what}_total", "counter", text, ("device",))
        for device, values in readings:
            family.add(int(values[column]), device)
        families.append(family)
    return families


def classes(roots: Roots) -> Iterable[Family]:
    """Return state, size of packet and speed of each device, from /sys/class/net."""
    up = Family("node_network_up", "gauge", "Whether operstate is up, from /sys/class/net.", ("device",))
    mtu = Family("node_network_mtu_bytes", "gauge", "Largest packet, from /sys/class/net.", ("device",))
    speed = Family("node_network_speed_bytes", "gauge", "Speed in bytes/s, from /sys/class/net.", ("device",))
    base = f"{roots.sysfs}/class/net"
    for device in sorted(os.listdir(base)):  # noqa: PTH208 - strings, as the readers take
        if not os.path.isdir(f"{base}/{device}"):  # noqa: PTH112 - `bonding_masters` is a file
            continue
        up.add(int(roots.sys(f"class/net/{device}/operstate") == "up"), device)
        mtu.add(int(roots.sys(f"class/net/{device}/mtu")), device)
        try:
            speed.add(int(roots.sys(f"class/net/{device}/speed")) * 1_000_000 / 8, device)
        except OSError:
            continue  # EINVAL: a device that is down, or has no speed
    return [up, mtu, speed]


def netstat(roots: Roots) -> Iterable[Family]:
    """Return counters of IP, ICMP, TCP and UDP; untyped, as node_exporter has them."""
    values = {**_pairs_of_lines(roots.net("netstat")), **_pairs_of_lines(roots.net("snmp"))}
    with contextlib.suppress(FileNotFoundError):  # IPv6 is off
        values |= _snmp6(roots.net("snmp6"))
    return [
        Family(f"node_netstat_{name}", "untyped", f"{name} of /proc/net/netstat and snmp.", (), [((), values[name])])
        for name in sorted(_NETSTAT & values.keys())
    ]


def _pairs_of_lines(text: str) -> dict[str, int]:
    """Return Protocol_Field → value from pairs of lines: names, then numbers."""
    values = {}
    lines = text.splitlines()
    for names, numbers in zip(lines[::2], lines[1::2], strict=True):
        protocol, _, rest = names.partition(":")
        for name, value in zip(rest.split(), numbers.partition(":")[2].split(), strict=True):
            values[f"{protocol}_{name}"] = int(value)
    return values


def _snmp6(text: str) -> dict[str, int]:
    """Return Protocol_Field → value from lines like `Udp6InErrors 0`."""
    values = {}
    for line in text.splitlines():
        key, value = line.split()
        protocol = next((known for known in _PROTOCOLS_OF_SNMP6 if key.startswith(known)), None)
        if protocol:
            values[f"{protocol}_{key.removeprefix(protocol)}"] = int(value)
    return values


def sockstat(roots: Roots) -> Iterable[Family]:
    """Return sockets in use by protocol, from /proc/net/sockstat and sockstat6."""
    families: list[Family] = []
    lines = roots.net("sockstat").splitlines()
    with contextlib.suppress(FileNotFoundError):  # IPv6 is off
        lines += roots.net("sockstat6").splitlines()
    for line in lines:
        protocol, *words = line.replace(":", " ").split()
        for key, value in zip(words[::2], words[1::2], strict=True):
            families += _socket_families(protocol, key, int(value))
    return families


def _socket_families(protocol: str, key: str, value: int) -> Iterable[Family]:
    name, text = f"node_sockstat_{protocol}_{key}", f"{protocol} {key} of /proc/net/sockstat"
    yield Family(name, "gauge", f"{text}.", (), [((), value)])
    if key == "mem":
        yield Family(f"{name}_bytes", "gauge", f"{text}, in bytes.", (), [((), value * _PAGE_BYTES)])


def softnet(roots: Roots) -> Iterable[Family]:
    """Return packets handled, dropped and postponed by each processor, from /proc/net/softnet_stat."""
    rows = [line.split() for line in roots.net("softnet_stat").splitlines()]
    families = []
    for column, what, text in (
        (0, "processed", "Packets processed"),
        (1, "dropped", "Packets dropped, the queue being full"),
        (2, "times_squeezed", "How often work was left over at the end of a turn"),
    ):
        name = f"node_softnet_{what}_total"
        family = Family(name, "counter", f"{text}, from /proc/net/softnet_stat.", ("cpu",))
        for position, row in enumerate(rows):
            cpu = int(row[12], 16) if len(row) > 12 else position  # the column came with Linux 5.14
            family.add(int(row[column], 16), str(cpu))
        families.append(family)
    return families


def conntrack(roots: Roots) -> Iterable[Family]:
    """Return the size of the table of tracked connections; nothing where connections are not tracked."""
    base = "sys/net/netfilter/nf_conntrack"
    if not exists(f"{roots.procfs}/{base}_count"):
        return []
    entries = Family("node_nf_conntrack_entries", "gauge", "Connections tracked now, from /proc/sys/net/netfilter.")
    entries.add(int(roots.proc(f"{base}_count")))
    limit = Family(
        "node_nf_conntrack_entries_limit", "gauge", "Most connections tracked, from /proc/sys/net/netfilter."
    )
    limit.add(int(roots.proc(f"{base}_max")))
    return [entries, limit]
