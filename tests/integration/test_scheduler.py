"""The scheduler and a real Prometheus: what was recorded becomes lines, across absences, kills and restarts."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import date, timedelta
from pathlib import Path

import pytest
import requests
from prometheus_client.parser import text_string_to_metric_families

from pantrywatch.scheduler.day import DAY_SECONDS, Day, day_of, end_of, parse_day
from pantrywatch.scheduler.memory import FILE
from tests.support.exporter import ROOT
from tests.support.servers import free_port, process, stop, wait_until

_DAYS = 9  # more than one question, so that a month may end between them
_STEP_SECONDS = 300
_MISSING = 4  # of the days, nothing was recorded


def _samples(today: date) -> Iterator[str]:
    """Yield what rules record each five minutes: of one target all days but one, of the other the last day only.

    A sample lies on the boundary of each two days: it belongs to one of them.
    """
    begin, last = end_of(today - timedelta(days=_DAYS + 1)), end_of(today - timedelta(days=1))
    times = [int(begin) + number * _STEP_SECONDS for number in range(_DAYS * DAY_SECONDS // _STEP_SECONDS)]
    lcp = [at for at in times if (at - begin) // DAY_SECONDS != _MISSING]
    fid = [at for at in times if at >= last - DAY_SECONDS / 2]
    for name, values in (
        ("slo:events_total:sampled5m", {"lcp": 100, "fid": 10}), ("slo:events_bad:sampled5m", {"lcp": 5, "fid": 0}),
        ("slo:objective:ratio", {"lcp": 0.75, "fid": 0.9}), ("slo:events_total:excluded5m", {"fid": 1}),
        ("slo:events_bad:excluded5m", {"fid": 1}),
    ):  # fmt: skip
        yield f"# TYPE {name} gauge"
        for target, value in values.items():
            yield from (
                f'{name}{{target="{target}",sloth_slo="{target}"}} {value} {at}' for at in (lcp, fid)[target == "fid"]
            )
    yield "# EOF\n"


@contextmanager
def _prometheus(folder: Path, port: int) -> Iterator[None]:
    command = [
        "prometheus", f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/data",
        "--storage.tsdb.retention.time=60d", f"--web.listen-address=127.0.0.1:{port}",
    ]  # fmt: skip
    with process(command, folder / "prometheus.log"):
        yield


@contextmanager
def _scheduler(folder: Path, prometheus: int, port: int) -> Iterator[subprocess.Popen[bytes]]:
    command = [sys.executable, "-m", "pantrywatch", "scheduler", "--settings", str(folder / "settings.yaml")]
    command += [
        "--prometheus",
        f"127.0.0.1:{prometheus}",
        "--listen",
        f"127.0.0.1:{port}",
        "--keep",
        str(folder / "kept"),
    ]
    with process(command, folder / "scheduler.log", environment={"PYTHONPATH": str(ROOT)}) as child:
        yield child


def _page(port: int) -> dict[tuple[str, ...], float]:
    with suppress(requests.RequestException):
        text = requests.get(f"http://127.0.0.1:{port}/metrics", timeout=10).text
        return {
            (sample.name, *sample.labels.values()): sample.value
            for family in text_string_to_metric_families(text)
            for sample in family.samples
        }
    return {}


def _lines(folder: Path) -> list[Day]:
    return [parse_day(line) for line in (folder / "kept" / FILE).read_bytes().splitlines()]


@pytest.mark.long
def test_days_come_from_a_real_prometheus_once(tmp_path: Path) -> None:
    """While it is away the page says so; then every day it has is a line, with its own samples; a kill costs none."""
    today, port, page_port = day_of(time.time() - 900), free_port(), free_port()
    (tmp_path / "settings.yaml").write_text("environment: test\n")
    (tmp_path / "prometheus.yml").write_text("{}")
    (tmp_path / "samples.txt").write_text("\n".join(_samples(today)))
    command = ["promtool", "tsdb", "create-blocks-from", "openmetrics", "samples.txt", "data"]
    subprocess.run(command, check=True, capture_output=True, timeout=100, cwd=tmp_path)
    failures = ("pantrywatch_scheduler_failures_total", "daily")
    with _scheduler(tmp_path, port, page_port) as child:
        wait_until(lambda: _page(page_port).get(failures, 0) > 0, 60, "Prometheus is missed")
        with _prometheus(tmp_path, port):
            wait_until(lambda: _page(page_port).get(("pantrywatch_scheduler_success", "daily")) == 1, 120, "filled")
            page = _page(page_port)
        stop(child, signal.SIGKILL)
    found = {day.key: day for day in _lines(tmp_path)}
    dates = [today - timedelta(days=_DAYS - number) for number in range(_DAYS)]
    whole = 288 * 100
    assert {key for key in found if key[1] == "lcp"} == {(on, "lcp") for on in dates if on != dates[_MISSING]}
    for (on, target), day in found.items():
        if target == "lcp":
            assert day == Day(on, "lcp", whole * 0.95, whole, 0.75, DAY_SECONDS)
    assert [day for day in found.values() if day.target == "fid"] == [
        Day(dates[-1], "fid", 1440, 1440, 0.9, DAY_SECONDS / 2, 0, 144)
    ]
    assert page["pantrywatch_scheduler_days_left_out",] == 1
    assert page["slo:daily_good:ratio", "lcp"] == 0.95
    with (tmp_path / "kept" / FILE).open("ab") as file:
        file.write(b'{"date": "20')
    with _prometheus(tmp_path, port), _scheduler(tmp_path, port, page_port):
        wait_until(lambda: _page(page_port).get(("pantrywatch_scheduler_success", "daily")) == 1, 120, "asked again")
    assert {day.key: day for day in _lines(tmp_path)} == found
    assert len(_lines(tmp_path)) == len(found)
    assert "cut short" in (tmp_path / "scheduler.log").read_text()
