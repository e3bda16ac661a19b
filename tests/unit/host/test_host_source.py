"""The host as a source, on kernels that lack this and that."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from exporters.core.deadline import Deadline
from exporters.core.errors import ErrorClass
from exporters.core.exposition import Family
from exporters.core.scrape import Run
from exporters.host import cpu, disk, network, system
from exporters.host.filesystem import MountSizes
from exporters.host.settings import HostSettings
from exporters.host.source import HostSource
from tests.support.trees import tree


def _run(settings: HostSettings, only: str | None = None) -> Run:
    source = HostSource(settings, MountSizes())
    run = Run(source, Deadline.after(5), only)
    source.collect(run)
    run.finish()
    return run


def _samples(families: list[Family]) -> dict[str, list[tuple[tuple[str, ...], float]]]:
    return {family.name: family.samples for family in families if family.samples}


def test_what_a_kernel_lacks_costs_its_own_metrics_only(tmp_path: Path) -> None:
    """With next to nothing in /proc the rest is there; what is missing is class version, with no sample."""
    roots = tree(tmp_path, {"proc/loadavg": "0.10 0.20 0.30 1/100 1\n", "proc/stat": "btime 5\n"})
    run = _run(HostSettings(procfs=roots.procfs, sysfs=roots.sysfs, rootfs=roots.rootfs, process_groups=()))
    classes = {outcome.collector: outcome.error_class for outcome in run.outcomes()}
    assert classes["loadavg"] is None
    assert classes["stat"] is None
    assert classes["conntrack"] is None  # not loaded is no failure
    assert classes["pressure"] is ErrorClass.VERSION
    assert classes["diskstats"] is ErrorClass.VERSION
    names = {family.name for family in run.families() if not isinstance(family, Family) or family.samples}
    assert {"node_load1", "node_boot_time_seconds", "node_time_seconds"} <= names
    assert not [name for name in names if name.startswith(("node_pressure", "node_disk", "node_memory"))]


def test_what_we_may_not_read_is_a_permission() -> None:
    """PermissionError is class permission, a missing file or switched-off feature version."""
    source = HostSource(HostSettings())
    assert source.classify(PermissionError()) is ErrorClass.PERMISSION
    assert source.classify(OSError(95, "not supported")) is ErrorClass.VERSION
    assert source.classify(ValueError()) is ErrorClass.INTERNAL


def test_only_one_collector_runs_where_one_is_asked_for() -> None:
    """The command `check` runs a single collector."""
    assert [outcome.collector for outcome in _run(HostSettings(), "loadavg").outcomes()] == ["loadavg"]


def test_processor_time_is_in_seconds_and_guests_stand_alone(tmp_path: Path) -> None:
    """Ticks become seconds, for each processor and mode; a kernel without guest times has no guest samples."""
    ticks = os.sysconf("SC_CLK_TCK")
    text = f"cpu 1 1 1\ncpu0 {ticks} 0 0 {5 * ticks} 0 0 0 0 {2 * ticks} 0\nctxt 7\nintr 9 1 2 3\n"
    found = _samples(list(cpu.stat(tree(tmp_path, {"proc/stat": text}), cpu.ProcessorTimes())))
    assert (("0", "idle"), 5.0) in found["node_cpu_seconds_total"]
    assert found["node_cpu_guest_seconds_total"] == [(("0", "user"), 2.0), (("0", "nice"), 0.0)]
    assert found["node_intr_total"] == [((), 9)]
    old = _samples(list(cpu.stat(tree(tmp_path / "old", {"proc/stat": "cpu0 1 0 0 5\n"}), cpu.ProcessorTimes())))
    assert "node_cpu_guest_seconds_total" not in old


def test_disks_of_an_older_kernel_lack_the_newer_columns(tmp_path: Path) -> None:
    """Eleven columns are eleven metrics; partitions are left out, sectors are 512 bytes."""
    text = "8 0 sda 1 2 3 4000 5 6 7 8 0 10 11\n8 1 sda1 1 2 3 4 5 6 7 8 9 10 11\n259 0 nvme0n1 0 0 0 0 0 0 0 0 0 0 0\n"
    found = _samples(list(disk.diskstats(tree(tmp_path, {"proc/diskstats": text}), disk.DeviceTimes())))
    assert len(found) == 11
    assert found["node_disk_read_bytes_total"] == [(("sda",), 1536), (("nvme0n1",), 0)]
    assert found["node_disk_read_time_seconds_total"][0] == (("sda",), 4.0)


def test_network_numbers_come_from_the_hosts_namespace(tmp_path: Path) -> None:
    """Process 1's network is read, not the exporter's own, which in a container is another."""
    head = "Inter-|\n face |\n"
    row = "eth0: 10 1 0 0 0 0 0 0 20 2 0 0 0 0 0 0\n"
    roots = tree(tmp_path, {"proc/1/net/dev": head + row, "proc/net/dev": head + row.replace("10", "99")})
    found = _samples(list(network.devices(roots)))
    assert found["node_network_receive_bytes_total"] == [(("eth0",), 10)]
    assert found["node_network_transmit_packets_total"] == [(("eth0",), 2)]


def test_sockets_without_ipv6_are_read(tmp_path: Path) -> None:
    """A missing sockstat6 is a machine without IPv6; pages of memory are given in bytes too."""
    found = _samples(
        list(network.sockstat(tree(tmp_path, {"proc/net/sockstat": "sockets: used 5\nTCP: inuse 3 mem 2\n"})))
    )
    assert found == {
        "node_sockstat_sockets_used": [((), 5)],
        "node_sockstat_TCP_inuse": [((), 3)],
        "node_sockstat_TCP_mem": [((), 2)],
        "node_sockstat_TCP_mem_bytes": [((), 2 * os.sysconf("SC_PAGE_SIZE"))],
    }


def test_a_network_device_without_speed_has_no_speed(tmp_path: Path) -> None:
    """The other numbers of the device are there."""
    base = "sys/class/net/eth0"
    roots = tree(tmp_path, {f"{base}/operstate": "up\n", f"{base}/mtu": "1500\n", "sys/class/net/bonding_masters": ""})
    found = _samples(list(network.classes(roots)))
    assert found == {"node_network_up": [(("eth0",), 1)], "node_network_mtu_bytes": [(("eth0",), 1500)]}


@pytest.mark.parametrize("present", [True, False])
def test_the_operating_system_is_the_hosts(tmp_path: Path, *, present: bool) -> None:
    """os-release is read under the host's root; without one there is no sample."""
    files = {"root/etc/os-release": 'ID=debian\nPRETTY_NAME="Debian 12"\n'} if present else {}
    families = list(system.release(tree(tmp_path, files)))
    assert bool(families) == present
    if present:
        values = dict(zip(families[0].label_names, families[0].samples[0][0], strict=True))
        assert (values["id"], values["pretty_name"], values["variant"]) == ("debian", "Debian 12", "")
