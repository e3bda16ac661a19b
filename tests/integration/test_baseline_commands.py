"""`baseline test`, `save` and `compare` with a real Prometheus: what was recorded, in words and as exit codes."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from pantrywatch.analysis.baseline.bands import WEEK_HOURS
from pantrywatch.analysis.baseline.snapshot import Measured, Snapshot, file_of, save
from pantrywatch.cli import main
from pantrywatch.scheduler.day import DAY_SECONDS, day_of
from tests.support.filled_prometheus import filled_prometheus

_HOUR = 3600
_DAYS = 24  # of targets: 14 before, and the last 10 that are worse


def _lines(name: str, labels: str, times: range, value: Callable[[int], float], *, named: bool = True) -> Iterator[str]:
    yield from [f"# TYPE {name} gauge"] if named else []
    yield from (f"{name}{{{labels}}} {value(at)} {at}" for at in times)


def _samples(now: int) -> str:
    """Return seven weeks of a signal with one doubled hour and a holiday, one young signal, and days of a target."""
    end = now // _HOUR * _HOUR
    hours = range(end - 7 * WEEK_HOURS * _HOUR, end + 1, _HOUR)
    young = 'signal="connections",kind="gauge",instance="b"'
    strange, free = end - 50 * _HOUR, end - 60 * _HOUR

    def clients(at: int) -> float:
        return (2 if at in (strange, free) else 1) * (10 + 5 * math.sin(at * math.tau / DAY_SECONDS))

    today = now // DAY_SECONDS * DAY_SECONDS
    five = range(today - _DAYS * DAY_SECONDS + 300, today + 1, 300)
    target = 'target="api-latency"'
    return "\n".join([
        *_lines("crm:signal:hour", 'signal="cache clients",kind="gauge",instance="a"', hours, clients),
        *_lines("crm:signal:hour", young, hours[-100:], clients, named=False),
        *_lines("crm:holiday:bool", 'weeks="0"', range(free - 300, free, 60), lambda _: 1),
        *_lines("slo:events_total:sampled5m", target, five, lambda _: 10),
        *_lines("slo:events_bad:sampled5m", target, five, lambda at: 0.1 if at < today - 10 * DAY_SECONDS else 1),
        *_lines("slo:objective:ratio", target, five, lambda _: 0.95),
        "# EOF", "",
    ])  # fmt: skip


@pytest.mark.long
def test_what_is_usual_is_tried_and_targets_are_compared(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """An hour of two weeks is outside, a young series too early; ten bad days are worse, a damaged file is refused."""
    monkeypatch.setenv("PANTRYWATCH_STATE", str(tmp_path / "state"))
    now = int(time.time())
    (tmp_path / "prometheus").mkdir()
    with filled_prometheus(tmp_path / "prometheus", _samples(now)) as url:

        def said(*command: str) -> tuple[int, str]:
            code = main(["baseline", *command, "--prometheus", url])
            return code, capsys.readouterr().out

        code, text = said("test")
        assert code == 0
        assert [line.split() for line in text.splitlines()[1:4]] == [
            ["a", "cache", "clients", "2", "335", "0.30%"],
            ["b", "connections", "0", "0", "too", "early"],
            ["all", "2", "335", "0.30%"],
        ]
        last = day_of(now) - timedelta(days=11)
        before = Measured("api-latency", 39_917, 40_320, 14, 0.001)
        file = file_of(tmp_path / "state", "before")
        save(file, Snapshot(last - timedelta(days=13), last, [before]))
        code, text = said("compare", "before")
        assert code == 0
        assert text.splitlines()[1].split()[:3] == ["api-latency", "worse", "99.000%"]
        assert "90.000% of 28800 on 10 days; noise 0." in text
        assert said("compare", "before", "--since", str(now))[0] == 1
        assert said("save", "today")[0] == 0
        assert said("save", "today")[0] == 2
        code, text = said("compare", "today")
        assert (code, "no whole day has passed" in text) == (1, True)
        file.write_text(file.read_text()[:100])
        assert said("compare", "before")[0] == 2
    assert said("test")[0] == 2
