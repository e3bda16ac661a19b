"""The disk of the stack is full: it goes on, says so, and recovers when there is room."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
import stack as stacks
from servers import wait_until

pytestmark = [pytest.mark.long, pytest.mark.timeout(600)]

# A few samples get through now and then: it depends on them which of the two comes.
_STORAGE = {"CrmMonitoringStorageFailing", "CrmMonitoringNothingStored"}
_MEBIBYTES = 400  # the stack's own files and as much again


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
