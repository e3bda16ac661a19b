"""Process groups, with processes that really run."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from exporters.core.errors import ConfigError
from exporters.core.exposition import Family
from exporters.core.settings import decode as decode_settings
from exporters.host.processes import ProcessGroups
from exporters.host.procfs import decode
from exporters.host.settings import HostSettings, ProcessGroup
from tests.support import servers

BUSY = "import sys\nsys.stdout.write('x'); sys.stdout.flush()\nwhile True: pass  # {}"
IDLE = "import sys\nsys.stdout.write('x'); sys.stdout.flush()\nsys.stdin.read()  # {}"


@contextmanager
def _child(program: str, marker: str) -> Iterator[psutil.Process]:
    """Run a Python process whose command line holds the marker; it has said that it runs."""
    command = [sys.executable, "-c", program.format(marker)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        child.stdout.read(1)
        try:
            yield psutil.Process(child.pid)
        finally:
            child.kill()


def _values(groups: ProcessGroups) -> dict[tuple[str, str], float]:
    families: list[Family] = list(groups.families())
    prefix = "pantrywatch_process_group_"
    return {
        (family.name.removeprefix(prefix), *labels): value
        for family in families
        for labels, value in family.samples
        if family.name.startswith(prefix)
    }


def test_processes_are_counted_in_the_first_group_that_fits() -> None:
    """The command line decides; the rest is other; kernel threads are nobody's."""
    with ExitStack() as stack:
        children = [
            stack.enter_context(_child(IDLE, marker)) for marker in ("pantry-a", "pantry-a pantry-b", "pantry-c")
        ]
        groups = ProcessGroups(
            [ProcessGroup("a", "pantry-a"), ProcessGroup("b", "pantry-b"), ProcessGroup("none", "pantry-z")],
            pids=lambda: [child.pid for child in children],
        )
        values = _values(groups)
    assert [values["processes", group] for group in ("a", "b", "none", "other")] == [2, 0, 0, 1]
    assert values["threads", "a"] == 2
    assert values["memory_rss_bytes", "a"] > 2_000_000
    assert values["open_files", "a"] >= 6
    assert ("open_files", "none") not in values


def test_cpu_time_does_not_fall_when_a_process_ends() -> None:
    """What an ended process used stays in its group's counter, and a new one adds to it."""
    running: list[psutil.Process] = []
    groups = ProcessGroups([ProcessGroup("busy", "pantry-busy")], pids=lambda: [child.pid for child in running])
    with _child(BUSY, "pantry-busy") as child:
        running = [child]
        servers.wait_until(lambda: child.cpu_times().user > 0.1, 10, "it uses the processor")
        groups.refresh()
        first = _values(groups)["cpu_seconds_total", "busy"]
    assert first > 0.1
    groups.refresh()  # the process is gone
    values = _values(groups)
    assert values["cpu_seconds_total", "busy"] == first
    assert values["processes", "busy"] == 0
    with _child(BUSY, "pantry-busy") as child:
        running = [child]
        servers.wait_until(lambda: child.cpu_times().user > 0.1, 10, "it uses the processor")
        groups.refresh()
    assert _values(groups)["cpu_seconds_total", "busy"] > first + 0.1


def test_all_processes_of_the_machine_are_covered() -> None:
    """With the default groups every process is in one of them, ourselves among python's or pytest's."""
    groups = ProcessGroups(HostSettings().process_groups)
    values = _values(groups)
    counted = sum(value for (name, *_), value in values.items() if name == "processes")
    assert counted >= 2


def test_a_process_belongs_to_the_group_it_fits_now() -> None:
    """A script that waits and then becomes the server is the server's from then on; its CPU time stays counted once."""
    program = "exec 3<&0; while read -r line && [ $line != go ]; do :; done; exec sleep 3600"
    groups = ProcessGroups(
        [ProcessGroup("waiting", "exec sleep"), ProcessGroup("sleeping", "^sleep$")], pids=lambda: [child.pid]
    )
    with subprocess.Popen(["/bin/sh", "-c", program], stdin=subprocess.PIPE) as child:
        try:
            servers.wait_until(lambda: _members(groups) == {"waiting": 1}, 10, "it is the script's")
            assert child.stdin is not None
            child.stdin.write(b"go\n")
            child.stdin.flush()
            servers.wait_until(lambda: _members(groups) == {"sleeping": 1}, 10, "it is the server's")
        finally:
            child.kill()


def _members(groups: ProcessGroups) -> dict[str, float]:
    """Return group → number of processes, as of now, of the groups that have any."""
    groups.refresh()
    return {group: value for (name, group), value in _values(groups).items() if name == "processes" and value}


RENAMED = """import ctypes, sys
libc = ctypes.CDLL(None)
for line in sys.stdin.buffer:
    libc.prctl(15, line.rstrip(b"\\n"))
    sys.stdout.write("x"); sys.stdout.flush()
"""


@pytest.mark.parametrize("name", [b"MainThread", b"a) R 1 (b", b"caf\xe9", b"two\twords", b"(", b"x" * 15])
def test_a_process_that_renames_its_thread_is_known_by_its_program(name: bytes) -> None:
    """The kernel's name of a process is its first thread's, which programs change: Node calls it MainThread."""
    groups = ProcessGroups([ProcessGroup("python", r"^python[0-9.]*$")], pids=lambda: [child.pid])
    with subprocess.Popen([sys.executable, "-c", RENAMED], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        try:
            assert child.stdin is not None
            assert child.stdout is not None
            child.stdin.write(name + b"\n")
            child.stdin.flush()
            assert child.stdout.read(1) == b"x"
            assert _members(groups) == {"python": 1}
            by_name = ProcessGroups([ProcessGroup("it", f"^{re.escape(decode(name))}$")], pids=lambda: [child.pid])
            assert _members(by_name) == {"it": 1}
        finally:
            child.kill()


def test_a_process_that_has_ended_is_not_counted_but_its_time_is() -> None:
    """A zombie has no command line any more: it is in no count, and moves to no other group."""
    groups = ProcessGroups([ProcessGroup("busy", "pantry-busy")], pids=lambda: [child.pid])
    command = [sys.executable, "-c", BUSY.format("pantry-busy")]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as child:
        process = psutil.Process(child.pid)
        servers.wait_until(lambda: process.cpu_times().user > 0.1, 10, "it uses the processor")
        assert _members(groups) == {"busy": 1}
        child.kill()
        servers.wait_until(lambda: process.status() == psutil.STATUS_ZOMBIE, 10, "nobody has looked at its end")
        assert _members(groups) == {}
        values = _values(groups)
        assert values["cpu_seconds_total", "busy"] > 0.1
        assert values["cpu_seconds_total", "other"] == 0


@dataclass
class _Table:
    """A /proc of made-up processes: pid → (name, command line, ticks, start, more of the row)."""

    folder: Path

    def put(self, pid: int, name: bytes, command: bytes, ticks: int, start: int = 1) -> None:
        """Write one process."""
        (self.folder / str(pid)).mkdir(exist_ok=True)
        flags = 0x00200000 if name == b"kthreadd" else 0x00400000
        row = f"S 1 1 1 0 -1 {flags} 0 0 0 0 {ticks} 0 0 0 20 0 3 0 {start} 1000 10 99".encode()
        (self.folder / str(pid) / "stat").write_bytes(b"%d (%s) %s\n" % (pid, name, row))
        (self.folder / str(pid) / "cmdline").write_bytes(command)

    def hide(self, pid: int, *, hidden: bool = True) -> None:
        """Make the process one that may not be looked at: reading a folder is an error."""
        stat, aside = self.folder / str(pid) / "stat", self.folder / str(pid) / "aside"
        if hidden:
            stat.rename(aside)
            stat.mkdir()
        else:
            stat.rmdir()
            aside.rename(stat)


TICKS = os.sysconf("SC_CLK_TCK")
GROUPS = (ProcessGroup("postgres", r"^postgres(:|$)"), ProcessGroup("writer", "writer"))


def _cpu(groups: ProcessGroups) -> dict[str, float]:
    groups.refresh()
    return {group: value for (name, group), value in _values(groups).items() if name == "cpu_seconds_total"}


def test_time_is_counted_where_a_process_was_when_it_was_seen(tmp_path: Path) -> None:
    """What it used before it changed stays in the group before; no counter falls, nothing is counted twice."""
    table, groups = _Table(tmp_path), ProcessGroups(GROUPS, str(tmp_path))
    table.put(7, b"sh", b"sh\0entry.sh\0", 5 * TICKS)
    assert _cpu(groups) == {"postgres": 0, "writer": 0, "other": 5}
    table.put(7, b"postgres", b"postgres: writer process\0\0\0", 8 * TICKS)
    assert _cpu(groups) == {"postgres": 3, "writer": 0, "other": 5}
    table.put(7, b"writer", b"writer\0", 9 * TICKS)
    assert _cpu(groups) == {"postgres": 3, "writer": 1, "other": 5}


def test_a_process_that_could_not_be_looked_at_is_not_counted_twice(tmp_path: Path) -> None:
    """Passed over once, it goes on from where it was."""
    table, groups = _Table(tmp_path), ProcessGroups(GROUPS, str(tmp_path))
    table.put(7, b"postgres", b"", 5 * TICKS)
    assert _cpu(groups)["postgres"] == 5
    table.hide(7)
    assert _cpu(groups)["postgres"] == 5
    assert _members(groups) == {}
    table.hide(7, hidden=False)
    table.put(7, b"postgres", b"", 6 * TICKS)
    assert _cpu(groups)["postgres"] == 6


def test_a_number_given_to_another_process_is_another_process(tmp_path: Path) -> None:
    """The new one counts whole, though it has used less than the one before."""
    table, groups = _Table(tmp_path), ProcessGroups(GROUPS, str(tmp_path))
    table.put(7, b"postgres", b"", 5 * TICKS, start=100)
    assert _cpu(groups)["postgres"] == 5
    table.put(7, b"postgres", b"", 2 * TICKS, start=200)
    assert _cpu(groups)["postgres"] == 7
    table.put(7, b"postgres", b"", 1 * TICKS, start=200)  # a counter that steps back is no new process
    assert _cpu(groups)["postgres"] == 7


def test_strange_processes_cost_themselves_only(tmp_path: Path) -> None:
    """Kernel threads are left out, files that make no sense passed over, and no name is too strange for a group."""
    table = _Table(tmp_path)
    groups = ProcessGroups([*GROUPS, ProcessGroup("latin", "caf\udce9")], str(tmp_path))
    table.put(2, b"kthreadd", b"", 9 * TICKS)
    table.put(3, b"caf\xe9", b"", TICKS)
    table.put(4, b"x", b"/opt/caf\xe9/bin\0", TICKS)
    table.put(5, b"", b"", TICKS)
    for pid, text in ((6, b""), (8, b"8 (x) S 1"), (9, b"9 (x) S" + b" x" * 40), (10, b"10 (x) S" + b" 9" * 5000)):
        (tmp_path / str(pid)).mkdir()
        (tmp_path / str(pid) / "stat").write_bytes(text)
    (tmp_path / "11").mkdir()
    assert _members(groups) == {"latin": 2, "other": 1}


@pytest.mark.parametrize(
    ("wrong", "entry"),
    [
        ({"procfs": "proc"}, "host.procfs"),
        ({"process_groups": [{"name": f"g{number}", "command": "x"} for number in range(21)]}, "host.process_groups"),
        ({"process_groups": [{"name": "same", "command": "x"}] * 2}, "host.process_groups[1].name"),
        ({"process_interval_seconds": 0}, "host.process_interval_seconds"),
        ({"process_groups": [{"name": "other", "command": "x"}]}, "host.process_groups[0].name"),
        ({"process_groups": [{"name": "", "command": "x"}]}, "host.process_groups[0].name"),
        ({"process_groups": [{"name": "a", "command": "("}]}, "host.process_groups[0].command"),
    ],
)
def test_settings_that_make_no_sense_are_refused(wrong: dict[str, object], entry: str) -> None:
    """Every refusal names the entry and says what was expected: `other` is taken, a command is a regular expression."""
    with pytest.raises(ConfigError) as caught:
        decode_settings(wrong, HostSettings, "settings.yaml", entry="host")
    assert [problem.entry for problem in caught.value.problems] == [entry]
    assert caught.value.problems[0].expected.startswith("expected ")
