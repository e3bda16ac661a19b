"""Same name, same meaning: our page beside node_exporter's, of the same machine at the same time."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from fnmatch import fnmatch

import pytest

from tests.support import servers
from tests.support.exporter import Exporter, Page, exporter, fetch
from tools.record_metrics import without

# Name → why the values may differ although both are right; type and label names are compared all the same.
EXCLUDED = {
    "node_scrape_collector_duration_seconds": "each exporter's own collectors",
    "node_scrape_collector_success": "each exporter's own collectors",
}
# What moves by itself between two reads: how far it may, and why.
_MIB = 1024 * 1024
_MOVING: dict[str, tuple[float, str]] = {
    "node_memory_Committed_AS_": (1024 * _MIB, "a program that starts reserves much at once"),
    "node_memory_": (64 * _MIB, "memory is taken and given back by every process, our readers included"),
    "node_filesystem_": (64 * _MIB, "files are written by whoever runs here"),
    "node_sockstat_TCP_mem_bytes": (_MIB, "each exporter's own sockets are among them"),
    "node_sockstat_": (20, "each exporter's own sockets are among them"),
    "node_netstat_Tcp_CurrEstab": (20, "each exporter's own sockets are among them"),
    "node_filefd_allocated": (200, "each exporter's own files are among them"),
    "node_procs_": (10, "processes come and go"),
    "node_load": (1, "recomputed every five seconds"),
    "node_disk_io_now": (20, "requests come and go"),
    "node_entropy_": (256, "used by whoever asks"),
    "node_timex_": (0.001, "the kernel steers the clock"),
}
_DEBIAN_12 = "1.5."
_LEFT_OUT = without()["node_exporter"]


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Exporter]:
    """Our exporter of this machine."""
    with exporter(tmp_path_factory.mktemp("ours"), "environment: test\nhost: {}\n", ["host"]) as running:
        running.scrape("/metrics/host")
        yield running


@pytest.fixture(scope="module")
def theirs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of Debian's node_exporter, with the filters that its authors ship in place of Debian's."""
    assert shutil.which("prometheus-node-exporter"), "apt-get install prometheus-node-exporter"
    port, log = servers.free_port(), tmp_path_factory.mktemp("theirs") / "log"
    command = ["prometheus-node-exporter", f"--web.listen-address=127.0.0.1:{port}",
               "--collector.netdev.device-exclude=^$", "--collector.netclass.ignored-devices=^$",
               "--collector.diskstats.device-exclude=^(ram|loop|fd|(h|s|v|xv)d[a-z]|nvme\\d+n\\d+p)\\d+$",
               "--collector.filesystem.mount-points-exclude=^/(dev|proc|sys)($|/)"]  # fmt: skip
    url = f"http://127.0.0.1:{port}/metrics"
    with servers.process(command, log):
        servers.wait_until(lambda: _answers(url), 10, "node_exporter answers")
        yield url


def _answers(url: str) -> bool:
    try:
        fetch(url)
    except OSError:
        return False
    return True


def _samples(page: Page, name: str) -> dict[frozenset[tuple[str, str]], float]:
    return {frozenset(labels.items()): value for labels, value in page.samples(name)}


def _close(name: str, low: float, middle: float, high: float) -> bool:
    noise = 1e-9 * abs(low)  # node_exporter multiplies by 0.001 where we divide by 1000
    if min(low, high) - noise <= middle <= max(low, high) + noise:
        return True
    allowed = next((most for prefix, (most, _) in _MOVING.items() if name.startswith(prefix)), None)
    return allowed is not None and abs(middle - low) <= allowed


def test_shared_names_have_the_same_type_labels_and_values(ours: Exporter, theirs: str) -> None:
    """For every name on both pages type and labels are equal, and their value lies between two of ours around it."""
    before, their_page, after = ours.scrape("/metrics/host"), fetch(theirs), ours.scrape("/metrics/host")
    shared = {name for name in before.types if name.startswith("node_") and name in their_page.types}
    assert len(shared) > 180
    differences = [
        f"{name}: {before.types[name]}, theirs {their_page.types[name]}"
        for name in shared
        if before.types[name] != their_page.types[name]
    ]
    for name in sorted(shared):
        first, middle, last = _samples(before, name), _samples(their_page, name), _samples(after, name)
        label_names = [{key for labels in page for key, _ in labels} for page in (first, middle)]
        if label_names[0] != label_names[1]:
            differences.append(f"{name}: labels {label_names}")
        if name in EXCLUDED:
            continue
        if first.keys() != middle.keys():
            differences.append(f"{name}: {sorted(map(sorted, first.keys() ^ middle.keys()))}")
        differences += [
            f"{name}{sorted(labels)}: {first[labels]}, theirs {middle[labels]}, {last[labels]}"
            for labels in first.keys() & middle.keys() & last.keys()
            if not _close(name, first[labels], middle[labels], last[labels])
        ]
    assert not differences, "\n".join(differences)


def test_names_left_out_are_known(ours: Exporter, theirs: str) -> None:
    """What node_exporter has and we have not is in peers.yaml with a reason; a newer one's is printed."""
    page = fetch(theirs)
    missing = {name for name in page.types if name.startswith("node_")} - ours.scrape("/metrics/host").types.keys()
    unknown = sorted(name for name in missing if not any(fnmatch(name, pattern) for pattern in _LEFT_OUT))
    version = page.samples("node_exporter_build_info")[0][0]["version"]
    if version.startswith(_DEBIAN_12):
        assert not unknown
    elif unknown:
        print(f"node_exporter {version} has, and we neither have nor list: {', '.join(unknown)}")


def test_the_page_passes_promtool(ours: Exporter) -> None:
    """Nothing is found by promtool but what the names of node_exporter force."""
    page = ours.scrape("/metrics/host")
    result = subprocess.run(
        ["promtool", "check", "metrics"], input=page.text, text=True, capture_output=True, timeout=20, check=False
    )
    complaints = [line for line in (result.stderr + result.stdout).splitlines() if line and not _forced(line)]
    assert not complaints


def _forced(line: str) -> bool:
    """Return whether a complaint is about a name of node_exporter's: the kernel's words, untyped families, bits."""
    return line.startswith(("node_netstat_", "node_vmstat_", "node_sockstat_", "node_memory_", "node_entropy_"))


def test_the_page_is_small(ours: Exporter) -> None:
    """This machine has at most 550 series, as node_exporter has."""
    page = ours.scrape("/metrics/host")
    assert 250 < sum(len(family.samples) for family in page.families.values()) < 550
    assert page.error_classes() == {}


def test_overlapping_scrapes_leak_nothing(ours: Exporter) -> None:
    """Fifty scrapes at once are all answered in time; descriptors and threads are afterwards what they were."""
    ours.scrape("/metrics/host")
    descriptors, threads = ours.process.num_fds(), ours.process.num_threads()
    with ThreadPoolExecutor(50) as pool:
        pages = list(pool.map(lambda _: ours.scrape("/metrics/host"), range(50)))
    assert all(page.value("node_load1") is not None for page in pages)
    servers.wait_until(lambda: ours.process.num_fds() <= descriptors, 10, "descriptors are back")
    servers.wait_until(lambda: ours.process.num_threads() <= threads + 1, 10, "threads are back")
