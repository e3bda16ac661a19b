"""Files of the kernel with strange names, lines that do not fit, and anything at all."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given
from hypothesis import strategies as st

from exporters.core.deadline import Deadline
from exporters.core.errors import CollectError, ErrorClass
from exporters.core.exposition import Family, render
from exporters.host import cgroup, cpu, disk, filesystem, memory, network, system
from exporters.host.procfs import Roots, decode, label
from tests.support.properties import cases
from tests.support.trees import tree

Collector = Callable[[Roots], Iterable[Family]]
ROW = "1 " * 16


class _Size:
    f_frsize = f_blocks = f_bfree = f_bavail = f_files = f_ffree = 1


SIZES = filesystem.MountSizes(lambda _: _Size())
DEADLINE = Deadline.after(1e9)

FILES: Mapping[str, tuple[Collector, str]] = {
    "proc/stat": (lambda roots: cpu.stat(roots, cpu.ProcessorTimes()), "cpu  9 9 9 9\ncpu0 1 2 3 4\nctxt 7\nbtime 5\n"),
    "proc/meminfo": (memory.meminfo, "MemTotal:        16 kB\nHugePages_Total:       0\nActive(anon):     3 kB\n"),
    "proc/vmstat": (memory.vmstat, "pgfault 7\nnr_free_pages 4\noom_kill 0\n"),
    "proc/diskstats": (
        lambda roots: disk.diskstats(roots, disk.DeviceTimes()),
        "   8       0 sda 1 2 3 4 5 6 7 8 9 10 11\n   8      16 sdb 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17\n",
    ),
    "proc/net/dev": (network.devices, f"Inter-|\n face |\n    lo: {ROW}\n  eth0: {ROW}\n"),
    "proc/net/netstat": (network.netstat, "TcpExt: ListenDrops TCPTimeouts\nTcpExt: 1 2\nIpExt: InOctets\nIpExt: 9\n"),
    "proc/net/sockstat": (network.sockstat, "sockets: used 5\nTCP: inuse 3 orphan 0 mem 2\n"),
    "proc/net/softnet_stat": (network.softnet, "0000001a 00000000 00000001\n00000002 00000000 00000000\n"),
    "proc/pressure/cpu": (cpu.pressure, "some avg10=0.00 avg60=0.00 total=12\nfull avg10=0.00 total=3\n"),
    "proc/1/mounts": (
        lambda roots: filesystem.filesystems(roots, SIZES, DEADLINE),
        "/dev/sda1 / ext4 rw,relatime 0 0\ntmpfs /run tmpfs ro 0 0\n",
    ),
    "root/etc/os-release": (system.release, 'ID=debian\nPRETTY_NAME="Debian 12"\n'),
    "proc/self/cgroup": (cgroup.container, "0::/a/b\n"),
    "proc/loadavg": (cpu.load, "0.10 0.20 0.30 1/100 1\n"),
    "proc/sys/fs/file-nr": (system.file_handles, "100\t0\t999\n"),
}


ONE_LINE = {"proc/loadavg", "proc/sys/fs/file-nr"}


def _roots(folder: Path, name: str, text: bytes) -> Roots:
    beside = {"proc/net/snmp": "Ip: Forwarding\nIp: 1\n", "sys/fs/cgroup/cgroup.controllers": "cpu\n"}
    roots = tree(folder, beside | {name: ""})
    (folder / name).write_bytes(text)
    return roots


def _read(collector: Collector, roots: Roots) -> tuple[list[Family], ErrorClass | None]:
    """Return the families, and the class of the error after them; other errors than those with a class are raised."""
    families = []
    try:
        for family in collector(roots):
            families.append(family)  # noqa: PERF402 - those before an error count
    except CollectError as error:
        return families, error.error_class
    except (ValueError, OSError):
        return families, ErrorClass.PROTOCOL
    return families, None


def _series(page: bytes) -> list[str]:
    return [line.rpartition(" ")[0] for line in page.decode().splitlines() if not line.startswith("#")]


@pytest.mark.parametrize("name", FILES)
@given(text=st.binary(max_size=300))
@cases(30, soak=1_000, suppress=(HealthCheck.function_scoped_fixture,))
@example(text=b"\r\n\x85\x0b\x1c 1 2 3\xe2\x80\xa8x")
def test_any_text_at_all_makes_a_valid_page(tmp_path: Path, name: str, text: bytes) -> None:
    """Whatever a file holds: no error but those with a class, valid UTF-8, no series twice."""
    collector, _ = FILES[name]
    families, _ = _read(collector, _roots(tmp_path, name, text))
    series = _series(render(families))
    assert len(series) == len(set(series))


@pytest.mark.parametrize("name", [name for name in FILES if name not in ONE_LINE])
@given(line=st.text(st.characters(codec="latin-1", exclude_characters="\n"), max_size=80), first=st.booleans())
@cases(30, soak=1_000, suppress=(HealthCheck.function_scoped_fixture,))
@example(line="a\x85b \x1c\x1d\x1e\x0b\x0c\r", first=True)
@example(line="cpu0", first=False)
def test_a_line_that_does_not_fit_costs_itself_only(tmp_path: Path, name: str, line: str, *, first: bool) -> None:
    """With a strange line before or after them, the other lines say what they said without it."""
    collector, good = FILES[name]
    expected, error = _read(collector, _roots(tmp_path, name, good.encode()))
    assert error is None
    head = good.split("\n")[:2] if name == "proc/net/dev" else []
    rest = good.encode().removeprefix("".join(f"{text}\n" for text in head).encode())
    strange = line.encode("latin-1") + b"\n"
    before = "".join(f"{text}\n" for text in head).encode()
    text = before + (strange + rest if first else rest + strange)
    found, _ = _read(collector, _roots(tmp_path, name, text))
    if name == "root/etc/os-release":
        return  # there another line may give a field another value
    missing = set(_series(render(expected))) - set(_series(render(found)))
    assert not missing


def test_a_line_that_does_not_fit_is_reported(tmp_path: Path) -> None:
    """The other lines are there, and the collector has the class protocol: nothing is left out in silence."""
    collector, good = FILES["proc/diskstats"]
    found, error = _read(collector, _roots(tmp_path, "proc/diskstats", f"8 0 sdx 1 2\n{good}".encode()))
    assert error is ErrorClass.PROTOCOL
    assert {labels[0] for family in found for labels, _ in family.samples} == {"sda", "sdb"}


@pytest.mark.parametrize("name", FILES)
def test_reading_takes_time_in_proportion_to_the_file(tmp_path: Path, name: str) -> None:
    """Eight times the lines take far less than sixty-four times as long."""
    collector, good = FILES[name]

    def seconds(times: int) -> float:
        roots = _roots(tmp_path, name, good.encode() + b"x y z 1 2 3 4 5 6 7 8 9\n" * times)
        took = []
        for _ in range(3):
            before = time.process_time()
            _read(collector, roots)
            took.append(time.process_time() - before)
        return min(took)

    assert seconds(16_000) < 32 * max(seconds(2_000), 0.001)


@given(names=st.lists(st.binary(min_size=1, max_size=12), min_size=2, max_size=2, unique=True))
@cases(500)
@example(names=[b"gr\xfcn", rb"gr\xfcn"])
@example(names=[rb"a\x5cxfc", rb"a\xfc"])
@example(names=[b"a\\\xfc", rb"a\\xfc"])
@example(names=[b"\xff", "\udcff".encode(errors="surrogatepass")])
def test_no_two_names_have_one_label(names: list[bytes]) -> None:
    """Whatever their bytes; every label is valid UTF-8, and one of plain text is the text itself."""
    labels = [label(decode(name)) for name in names]
    assert len(set(labels)) == 2
    for text in labels:
        assert text.encode().decode() == text


@pytest.mark.parametrize("name", ["plain", "grün", "a b\\c", "\\x2d of systemd", "日本"])
def test_a_name_of_valid_text_is_its_own_label(name: str) -> None:
    """Only what would be taken for an escaped byte is escaped."""
    assert label(decode(name.encode())) == name


BS = "\\"


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("good /mnt/data\r tmpfs rw 0 0", ("good", "/mnt/data\r", "tmpfs")),
        (" /mnt/m1 tmpfs rw,relatime 0 0", ("", "/mnt/m1", "tmpfs")),
        (f"dev /a{BS}040b{BS}011c{BS}134d{BS}012e{BS}043f ext4 rw 0 0", ("dev", "/a b\tc\\d\ne#f", "ext4")),
        (f"dev /{BS}377{BS}777 ext4 rw 0 0", ("dev", "/\udcff\\777", "ext4")),
        ("//nas/a share /mnt/nas cifs rw 0 0", ("//nas/a share", "/mnt/nas", "cifs")),
        ("dev /a\x85\x0b\x1c\u2028\u3000b ext4 rw 0 0", ("dev", "/a\x85\x0b\x1c\u2028\u3000b", "ext4")),
    ],
)
def test_a_mount_is_read_as_the_kernel_writes_it(line: str, expected: tuple[str, str, str]) -> None:
    """Fields end at spaces, names at nothing else; escapes are octal bytes."""
    found = filesystem.parse_mount(line)
    assert found is not None
    assert (found.device, found.mountpoint, found.fstype) == expected


@pytest.mark.parametrize("name", ["eth\x85\x0b", "br-\udcfc", "veth\u2028", "a\x1cb", "plain0"])
def test_a_network_device_may_have_any_name(tmp_path: Path, name: str) -> None:
    """In traffic and in state, under one and the same label."""
    base = tmp_path / "sys/class/net" / name
    roots = _roots(tmp_path, "proc/net/dev", f"x\ny\n{name}: {ROW}\n".encode(errors="surrogateescape"))
    base.mkdir(parents=True)
    (base / "operstate").write_text("up\n")
    traffic = {labels for family in network.devices(roots) for labels, _ in family.samples}
    state = {labels for family in network.classes(roots) for labels, _ in family.samples}
    assert traffic == state == {(label(name),)}


def test_a_device_that_goes_away_costs_itself_only(tmp_path: Path) -> None:
    """Each of its files may be gone, or hold nothing that makes sense; the other device has all."""
    roots = tree(tmp_path, {
        **{f"sys/class/net/eth{number}/{name}": text for number in range(5)
           for name, text in (("operstate", "up\n"), ("mtu", "1500\n"), ("speed", "1000\n"))},
        "sys/class/net/eth3/speed": "", "sys/class/net/eth4/mtu": "many\n",
    })  # fmt: skip
    for path in ("eth1/operstate", "eth2/mtu", "eth2/operstate", "eth2/speed"):
        (tmp_path / "sys/class/net" / path).unlink()
    (tmp_path / "sys/class/net/eth1/operstate").mkdir()  # reading it is an error
    found = {family.name: {labels[0] for labels, _ in family.samples} for family in network.classes(roots)}
    assert found == {
        "node_network_up": {"eth0", "eth3", "eth4"},
        "node_network_mtu_bytes": {"eth0", "eth1", "eth3"},
        "node_network_speed_bytes": {"eth0", "eth1", "eth4"},
    }


@pytest.mark.parametrize("missing", ["cpu", "io", "memory"])
def test_pressure_of_one_resource_may_be_missing(tmp_path: Path, missing: str) -> None:
    """The other two are there; with none at all the kernel does not have it."""
    text = "some avg10=0.00 total=1\nfull avg10=0.00 total=1\n"
    roots = tree(tmp_path, {f"proc/pressure/{name}": text for name in {"cpu", "io", "memory"} - {missing}})
    names = " ".join(family.name for family in cpu.pressure(roots))
    assert {name for name in ("cpu", "io", "memory") if name in names} == {"cpu", "io", "memory"} - {missing}
    with pytest.raises(OSError, match="No such file"):
        list(cpu.pressure(tree(tmp_path / "none", {})))


def test_a_host_name_may_hold_any_byte(tmp_path: Path) -> None:
    """It is a label, as the kernel's other words are."""
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/hostname").write_bytes(b"k\xfcche\n")
    page = render(system.uname(Roots("/proc", "/sys", str(tmp_path)))).decode()
    assert re.search(r'nodename="k\\\\xfcche"', page)
    assert os.uname().release in page
