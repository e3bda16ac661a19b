"""A killed exporter: no line counts twice, none is lost, and no counter that Prometheus sees ever goes back."""

from __future__ import annotations

import random
import subprocess
import sys
import threading
import time
from bisect import bisect_right
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests

from tests.support.exporter import ROOT, fetch
from tests.support.filled_prometheus import running_prometheus
from tests.support.servers import PATIENCE_SECONDS, free_port, wait_until
from tests.unit.followed_logs.logs import csv_record

# Exporter → its section, a line, and what counts it.
_KINDS = {
    "access_log": (
        "access_log: {state: state.json, files: [{name: crm, path: access.log, format: nginx}]}",
        '203.0.113.9 - - [29/Nov/2026:14:34:26 +0000] "GET /contacts HTTP/1.1" 200 12 "-" "curl/8.5" 0.123 0.120\n',
        ("http_server_request_duration_seconds_count", {}),
    ),
    "database_log": (
        "database_log: [{name: crm, path: access.log, state: state.json}]",
        csv_record("/contacts").decode(),
        ("pantrywatch_database_errors_total", {"severity": "ERROR", "class": "22"}),
    ),
}

_BLOCK = 20  # lines written at a time
_INTERVAL_SECONDS = 15.0  # between two scrapes, where settings say nothing; here they are a second apart


class _Writer:
    """Writes lines without pause, and renames the log now and then; `written` is counted before a line is there."""

    def __init__(self, folder: Path, line: str) -> None:
        self.written, self._line = 0, line
        self._begun, self._ended = [0.0], [0.0]  # wall clock, of each block of lines
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
            self._begun.append(time.time())
            with (self._folder / "access.log").open("a") as log:
                for _ in range(_BLOCK):  # half lines too: the file is written in blocks
                    self.written += 1
                    log.write(self._line.replace("/contacts", f"/contacts/{self.written}"))
            self._ended.append(time.time())
            time.sleep(0.005)

    def at_least(self, moment: float) -> int:
        """Return how many lines were in the log for certain at a moment of the wall clock."""
        return _BLOCK * (bisect_right(self._ended, moment) - 1)

    def at_most(self, moment: float) -> int:
        """Return how many lines may have been in the log by then."""
        return _BLOCK * (bisect_right(self._begun, moment) - 1)


def _kill_at_moments(folder: Path, kind: str, moments: int, longest_seconds: float) -> None:
    section, line, _ = _KINDS[kind]
    (folder / "settings.yaml").write_text(f"environment: test\n{section}\n")
    (folder / "access.log").touch()
    writer, chance = _Writer(folder, line), random.Random(5)
    seen = 0.0
    with _running(folder, kind, free_port()):  # what was written before the first start is not counted
        pass
    with writer.writing():
        for _ in range(moments):
            seen = _one_life(folder, kind, writer, chance.uniform(0, longest_seconds), seen)
    port = free_port()
    with _running(folder, kind, port):
        wait_until(
            lambda: _scraped(port, kind) == writer.written, 60, f"all of {writer.written} lines are counted once"
        )


def _one_life(folder: Path, kind: str, writer: _Writer, seconds: float, seen: float) -> float:
    """Run the exporter until a moment, scraping all the time; return the last count that was seen."""
    port = free_port()
    with _running(folder, kind, port):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            count = _scraped(port, kind)
            if count is not None:
                assert seen <= count <= writer.written
                seen = count
            time.sleep(0.05)
    return seen


@contextmanager
def _running(folder: Path, kind: str, port: int) -> Iterator[None]:
    command = [sys.executable, "-m", "exporters", "serve", kind, "--listen", f"127.0.0.1:{port}"]
    with (
        (folder / "exporter.log").open("ab") as log,
        subprocess.Popen(command, cwd=folder, env={"PYTHONPATH": str(ROOT)}, stdout=log, stderr=log) as child,
    ):
        try:
            wait_until(lambda: child.poll() is not None or _answers(port, kind), 30, "the exporter answers")
            yield
        finally:
            child.kill()


def _answers(port: int, kind: str) -> bool:
    try:
        fetch(f"http://127.0.0.1:{port}/metrics/{kind}")
    except OSError:
        return False
    return True


def _scraped(port: int, kind: str) -> float | None:
    _, _, (name, labels) = _KINDS[kind]
    return fetch(f"http://127.0.0.1:{port}/metrics/{kind}").value(name, **labels)


@pytest.mark.long
@pytest.mark.parametrize("kind", _KINDS)
def test_a_kill_counts_no_line_twice_and_loses_none(tmp_path: Path, kind: str) -> None:
    """At two moments; with renames while it is running and while it is not."""
    _kill_at_moments(tmp_path, kind, 2, 1.0)


@pytest.mark.timeout(1200)
@pytest.mark.soak
@pytest.mark.parametrize("kind", _KINDS)
def test_fifty_kills_count_no_line_twice_and_lose_none(tmp_path: Path, kind: str) -> None:
    """At fifty moments, from before the first save to after several."""
    _kill_at_moments(tmp_path, kind, 50, 2.0)


def _seen_by_prometheus(folder: Path, kind: str, moments: int, longest_seconds: float, behind_seconds: float) -> None:
    """Kill an exporter that a Prometheus scrapes; what Prometheus has is what was written, now or not long ago."""
    section, line, (name, labels) = _KINDS[kind]
    matchers = ",".join(f'{label}="{value}"' for label, value in labels.items())
    metric = f"{name}{{{matchers}}}"
    (folder / "settings.yaml").write_text(f"environment: test\n{section}\n")
    (folder / "access.log").touch()
    port, writer, chance = free_port(), _Writer(folder, line), random.Random(7)
    job = {
        "job_name": kind,
        "metrics_path": f"/metrics/{kind}",
        "scrape_interval": "1s",
        "scrape_timeout": "1s",
        "static_configs": [{"targets": [f"127.0.0.1:{port}"]}],
    }
    with running_prometheus(folder, {"scrape_configs": [job]}) as url:
        with _running(folder, kind, port):  # what was written before the first start is not counted
            wait_until(lambda: bool(_samples(url, "up == 1")), 60, "the first scrape")
        with writer.writing():
            for _ in range(moments):
                with _running(folder, kind, port):
                    time.sleep(chance.uniform(0, longest_seconds))
        with _running(folder, kind, port):
            wait_until(
                lambda: (_samples(url, f"{metric}[1m]") or [(0, 0.0)])[-1][1] == writer.written,
                60,
                f"Prometheus has all of {writer.written} lines",
            )
            _judge(url, metric, writer, behind_seconds)


def _judge(url: str, metric: str, writer: _Writer, behind_seconds: float) -> None:
    durations = dict(_samples(url, "scrape_duration_seconds[1h]"))
    seen = _samples(url, f"{metric}[1h]")
    assert _samples(url, f"resets({metric}[1h])")[-1][1] == 0
    assert len(seen) > 1
    for moment, count in seen:
        assert count <= writer.at_most(moment + durations[moment] + 0.001), "no line is counted twice"
        assert count >= writer.at_least(moment - behind_seconds), "it is not further behind"


def _samples(url: str, query: str) -> list[tuple[float, float]]:
    """Return the samples of the only series that a query finds, as (seconds, value)."""
    answer = requests.get(f"{url}/api/v1/query", {"query": query}, timeout=10).json()["data"]["result"]
    assert len(answer) <= 1, answer
    return [
        (float(moment), float(value))
        for series in answer
        for moment, value in series.get("values", [series.get("value")])
    ]


@pytest.mark.long
@pytest.mark.parametrize("kind", _KINDS)
def test_prometheus_sees_each_line_once(tmp_path: Path, kind: str) -> None:
    """At three moments. How far behind is judged by the soak level, on a machine with nothing else to do."""
    _seen_by_prometheus(tmp_path, kind, 3, 2.0, PATIENCE_SECONDS)


@pytest.mark.timeout(1200)
@pytest.mark.soak
@pytest.mark.parametrize("kind", _KINDS)
def test_prometheus_sees_each_line_once_and_a_scrape_late_at_most(tmp_path: Path, kind: str) -> None:
    """At fifty moments."""
    _seen_by_prometheus(tmp_path, kind, 50, 4.0, _INTERVAL_SECONDS)
