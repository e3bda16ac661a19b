"""The game day as a user plays it: every fault brings its alerts and nothing else, and quiet minutes bring none."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import stack as stacks
from exporter import ROOT
from servers import wait_until

from pantrywatch.gameday.matrix import MATRIX

pytestmark = pytest.mark.long


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


@pytest.mark.timeout(1800)
def test_every_fault_brings_its_alerts_and_nothing_else(tmp_path: Path) -> None:
    """All faults and ten quiet minutes: all as declared, a row for each in the matrix, and nothing left behind."""
    page = tmp_path / "page.md"
    with _playing(tmp_path / "state", "--write", str(page)) as (process, output):
        process.wait(1700)
        text = output.read_text()
        assert process.returncode == 0, text
    played = ["quiet minutes", *(row.fault for row in MATRIX)]
    assert [name for name in played if f"| {name} " not in page.read_text()] == []
    assert "all as declared" in text
    assert stacks.processes_of(tmp_path / "state") == []
    assert list((tmp_path / "state").iterdir()) == []


@pytest.mark.timeout(400)
def test_ctrl_c_ends_all_stacks(tmp_path: Path) -> None:
    """Stopped in the middle, the day says so and fails, and none of its stacks runs on."""
    state = tmp_path / "state"
    with _playing(state, "api-errors", "cache-stopped", "--quiet", "1") as (process, output):
        wait_until(lambda: output.read_text().count("its stack is up") == 3, 150, "three stacks")
        assert stacks.processes_of(state)
        process.send_signal(signal.SIGINT)
        assert process.wait(stacks.STOP_SECONDS) == 1
    assert output.read_text().endswith("error: stopped\n")
    assert stacks.processes_of(state) == []
