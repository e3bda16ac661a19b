"""A killed exporter: no line counts twice, none is lost, and no counter that Prometheus sees ever goes back."""

from __future__ import annotations

import random
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.exporter import ROOT, fetch
from tests.support.servers import free_port, wait_until

_SETTINGS = """
environment: test
access_log:
  state: state.json
  files: [{name: crm, path: access.log, format: nginx}]
"""
_LINE = '203.0.113.9 - - [29/Nov/2026:14:34:26 +0000] "GET /contacts HTTP/1.1" 200 12 "-" "curl/8.5" 0.123 0.120\n'
_NAME = "http_server_request_duration_seconds_count"


class _Writer:
    """Writes lines without pause, and renames the log now and then; `written` is counted before a line is there."""

    def __init__(self, folder: Path) -> None:
        self.written = 0
        self._folder, self._stop = folder, threading.Event()
        self._thread = threading.Thread(target=self._write, daemon=True)

    @contextmanager
    def writing(self) -> Iterator[None]:
        self._thread.start()
        try:
            yield
        finally:
            self._stop.set()
            self._thread.join()

    def _write(self) -> None:
        turn = 0
        while not self._stop.is_set():
            turn += 1
            if turn % 400 == 0:
                (self._folder / "access.log").rename(self._folder / f"access.log.{turn}")
            with (self._folder / "access.log").open("a") as log:
                for _ in range(20):  # half lines too: the file is written in blocks
                    self.written += 1
                    log.write(_LINE.replace("/contacts", f"/contacts/{self.written}"))
            time.sleep(0.005)


def _kill_at_moments(folder: Path, moments: int, longest_seconds: float) -> None:
    (folder / "settings.yaml").write_text(_SETTINGS)
    (folder / "access.log").touch()
    writer, chance = _Writer(folder), random.Random(5)
    seen = 0.0
    with _running(folder, free_port()):  # what was written before the first start is not counted
        pass
    with writer.writing():
        for _ in range(moments):
            seen = _one_life(folder, writer, chance.uniform(0, longest_seconds), seen)
    port = free_port()
    with _running(folder, port):
        wait_until(lambda: _scraped(port) == writer.written, 60, f"all of {writer.written} lines are counted once")


def _one_life(folder: Path, writer: _Writer, seconds: float, seen: float) -> float:
    """Run the exporter until a moment, scraping all the time; return the last count that was seen."""
    port = free_port()
    with _running(folder, port):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            count = _scraped(port)
            if count is not None:
                assert seen <= count <= writer.written
                seen = count
            time.sleep(0.05)
    return seen


@contextmanager
def _running(folder: Path, port: int) -> Iterator[None]:
    command = [sys.executable, "-m", "exporters", "serve", "access_log", "--listen", f"127.0.0.1:{port}"]
    with (
        (folder / "exporter.log").open("ab") as log,
        subprocess.Popen(command, cwd=folder, env={"PYTHONPATH": str(ROOT)}, stdout=log, stderr=log) as child,
    ):
        try:
            wait_until(lambda: child.poll() is not None or _answers(port), 30, "the exporter answers")
            yield
        finally:
            child.kill()


def _answers(port: int) -> bool:
    try:
        fetch(f"http://127.0.0.1:{port}/metrics/access_log")
    except OSError:
        return False
    return True


def _scraped(port: int) -> float | None:
    return fetch(f"http://127.0.0.1:{port}/metrics/access_log").value(_NAME)


@pytest.mark.long
def test_a_kill_counts_no_line_twice_and_loses_none(tmp_path: Path) -> None:
    """At two moments; with renames while it is running and while it is not."""
    _kill_at_moments(tmp_path, 2, 1.0)


@pytest.mark.timeout(1200)
@pytest.mark.soak
def test_fifty_kills_count_no_line_twice_and_lose_none(tmp_path: Path) -> None:
    """At fifty moments, from before the first save to after several."""
    _kill_at_moments(tmp_path, 50, 2.0)
