"""Process groups, with processes that really run."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import psutil
import pytest

from exporters.core.exposition import Family
from exporters.host.processes import ProcessGroups
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
        (family.name.removeprefix(prefix), *labels): value  # type: ignore[misc]
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
            lambda: iter(children),
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
    groups = ProcessGroups([ProcessGroup("busy", "pantry-busy")], lambda: iter(list(running)))
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


@pytest.mark.parametrize(
    "wrong",
    [
        {"procfs": "proc"},
        {"process_groups": tuple(ProcessGroup(f"g{number}", "x") for number in range(21))},
        {"process_groups": (ProcessGroup("same", "x"), ProcessGroup("same", "y"))},
        {"process_interval_seconds": 0.0},
    ],
)
def test_settings_that_make_no_sense_are_refused(wrong: dict[str, object]) -> None:
    """Every refusal says what was expected."""
    with pytest.raises(ValueError, match=r"^expected "):
        HostSettings(**wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize(("name", "command"), [("other", "x"), ("", "x"), ("a", "(")])
def test_a_group_that_makes_no_sense_is_refused(name: str, command: str) -> None:
    """`other` is taken, and the command must be a regular expression."""
    with pytest.raises(ValueError, match=r"^expected "):
        ProcessGroup(name, command)
