"""Bad days: the game day as a user plays it, one fault of it and in parts, and a full disk.

In one file, for they must not meet: every host exporter of this machine sees a file system that is full.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests

from demo.gameday.command import stacks_at_once
from demo.gameday.matrix import PARTS, QUIET_PART
from tests.e2e import stack as stacks
from tests.support.exporter import ROOT
from tests.support.servers import wait_until

# A few samples get through now and then: it depends on them which of the two comes.
_STORAGE = {"CrmMonitoringStorageFailing", "CrmMonitoringNothingStored"}
_MEBIBYTES = 400  # the stack's own files and as much again


@contextmanager
def _playing(state: Path, *arguments: str) -> Iterator[tuple[subprocess.Popen[bytes], Path]]:
    output = state.parent / "gameday.log"
    with output.open("wb") as out:
        process = subprocess.Popen(
            [str(ROOT / "run"), "gameday", "--port-offset", str(stacks.free_offset()), *arguments],
            stdout=out,
            stderr=out,
            env={**os.environ, "PANTRYWATCH_STATE": str(state)},
        )
    try:
        yield process, output
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
            process.wait(stacks.STOP_SECONDS)


@pytest.mark.long
@pytest.mark.timeout(900)
def test_a_fault_brings_its_alerts_and_nothing_else(tmp_path: Path) -> None:
    """One fault, and the minutes before it, match their expectations, and nothing is left behind."""
    page = tmp_path / "page.md"
    with _playing(tmp_path / "state", "database-stopped", "--write", str(page)) as (process, output):
        process.wait(850)
        text = output.read_text()
        assert process.returncode == 0, text
    assert "| database-stopped " in page.read_text()
    assert "all matches expectations" in text
    assert stacks.processes_of(tmp_path / "state") == []
    assert list((tmp_path / "state").iterdir()) == []


@pytest.mark.soak
@pytest.mark.timeout(1450)
@pytest.mark.parametrize("part", PARTS)
def test_every_fault_brings_its_alerts_and_nothing_else(
    part: str, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    """All faults of a part match their expectations, and beside one part ten quiet minutes too."""
    faults = [row.fault for row in PARTS[part]]
    quiet = ("--quiet", "10") if part == QUIET_PART else ()
    with _playing(tmp_path / "state", *faults, *quiet) as (process, output):
        process.wait(1400)
        text = output.read_text()
        for fault in faults:
            if told := re.search(rf"^{fault}: (.* \+\d+ s.*)$", text, re.MULTILINE):
                record_property(fault, told[1])
        assert process.returncode == 0, text


@pytest.mark.soak
@pytest.mark.timeout(900)
def test_ctrl_c_ends_all_stacks(tmp_path: Path) -> None:
    """Stopped in the middle, the day says so and fails, and none of its stacks runs on."""
    state, together = tmp_path / "state", min(3, stacks_at_once(speed=15, processors=os.cpu_count() or 1))
    with _playing(state, "api-errors", "cache-stopped", "--quiet", "1") as (process, output):
        wait_until(lambda: output.read_text().count("its stack is up") == together, 150, "its stacks")
        assert stacks.processes_of(state)
        process.send_signal(signal.SIGINT)
        assert process.wait(stacks.STOP_SECONDS) == 1
    assert output.read_text().endswith("error: stopped\n")
    assert stacks.processes_of(state) == []


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own."""
    if os.geteuid() != 0:
        pytest.skip("a file system can only be mounted as root")
    folder = tmp_path / "disk"
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={_MEBIBYTES}m", "none", str(folder)], check=True)
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


@pytest.mark.soak
@pytest.mark.timeout(600)
def test_a_full_disk_ends_nothing_and_is_told(disk: Path) -> None:
    """Every program survives, Alertmanager is told; with room samples and messages are kept again."""
    state = disk / "state"
    # What `up` itself prints goes to the full disk as well.
    with stacks.started(state, stacks.free_offset(), "--speed", "15") as stack:
        stacks.wait_until_up(stack)
        _fill(disk / "rest")
        wait_until(lambda: bool(_STORAGE & _alertmanager_has(stack)), 300, "Alertmanager is told")
        status = stack.run("status")
        assert stack.process.poll() is None
        assert status.returncode == 0, status.stdout
        (disk / "rest").unlink()
        # Until then it says that it cannot keep a message, and Alertmanager tries again.
        wait_until(lambda: bool(_STORAGE & _inbox_has(stack)), 120, "the inbox is told")
        wait_until(lambda: bool(stack.query("time() - timestamp(redis_up) < 10")), 60, "new samples")
        stack.process.send_signal(signal.SIGINT)
        assert stack.process.wait(stacks.STOP_SECONDS) == 0
    assert stacks.processes_of(state) == []


@pytest.mark.soak
@pytest.mark.timeout(600)
def test_nothing_outlives_supervisord_on_a_full_disk(disk: Path) -> None:
    """The supervisor is killed while no server can save: `up` says so and ends, and no server stays."""
    state = disk / "state"
    with stacks.started(state, stacks.free_offset()) as stack:
        stacks.wait_until_up(stack)
        _fill(disk / "rest")
        os.kill(int((state / "run/supervisord.pid").read_text()), signal.SIGKILL)
        assert stack.process.wait(stacks.STOP_SECONDS) == 1
        wait_until(lambda: stacks.processes_of(state) == [], 30, "all ended")


def _fill(file: Path) -> None:
    """To the last page."""
    done = subprocess.run(["dd", "if=/dev/zero", f"of={file}", "bs=4k"], capture_output=True, text=True, check=False)
    assert "No space left" in done.stderr


def _alertmanager_has(stack: stacks.Stack) -> set[str]:
    alerts = requests.get(f"{stack.addresses.url('alertmanager')}/api/v2/alerts", timeout=10).json()
    return {alert["labels"]["alertname"] for alert in alerts}


def _inbox_has(stack: stacks.Stack) -> set[str]:
    messages = requests.get(f"{stack.addresses.url('inbox')}/api/messages", timeout=10).json()["messages"]
    return {name for message in messages for name in message["alerts"]}
