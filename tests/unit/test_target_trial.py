"""What a target would have burnt and paged, from events of five minutes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from exporters.core.errors import ConfigError
from pantrywatch.build.target_try import try_targets
from pantrywatch.build.trial import STEPS, Events, tried
from pantrywatch.config.targets import read_targets
from pantrywatch.web.prometheus import Prometheus

ROOT = Path(__file__).parents[2]
_TARGETS = read_targets(ROOT / "targets.yaml")
_ERRORS = _TARGETS.by_id("api-error-rate")  # 0.1 % of requests may fail
_HOUR, _DAY = 12, 288


def _fired(total: list[float | None], bad: list[float | None]) -> dict[str, tuple[int, int]]:
    trial = tried(_ERRORS, _TARGETS, Events(total, bad))
    return {fired.severity: (fired.times, fired.steps) for fired in trial.fired}


def test_a_month_as_promised_burns_half_and_pages_nobody() -> None:
    """Half of the allowed share, evenly: half of the budget, and no alert."""
    trial = tried(_ERRORS, _TARGETS, Events([1000.0] * STEPS, [0.5] * STEPS))
    assert trial.good_share == pytest.approx(0.9995)
    assert trial.spent == pytest.approx(0.5)
    assert trial.measured_days == 30
    assert {(fired.severity, fired.times) for fired in trial.fired} == {
        ("critical", 0), ("high", 0), ("medium", 0), ("low", 0),
    }  # fmt: skip


def test_an_outage_pages_once_and_clears() -> None:
    """Ten minutes with every request failing: critical after two, until nothing fails; then it costs its share."""
    bad: list[float | None] = [0.0] * STEPS
    bad[_DAY : _DAY + _HOUR] = [1000.0] * _HOUR
    total: list[float | None] = [1000.0] * STEPS
    fired = _fired(total, bad)
    assert fired["critical"][0] == 1
    assert fired["critical"][1] == pytest.approx(_HOUR, abs=2)
    trial = tried(_ERRORS, _TARGETS, Events(total, bad))
    assert trial.spent == pytest.approx(12 * 1000 / (STEPS * 1000 * 0.001))


def test_one_failure_at_night_pages_nobody() -> None:
    """Two of two requests fail: fewer than the least number of bad events, whatever their share."""
    bad: list[float | None] = [0.0] * STEPS
    bad[100] = 2.0
    total: list[float | None] = [2.0] * STEPS
    assert {times for times, _ in _fired(total, bad).values()} == {0}


def test_what_was_not_measured_is_no_health_and_no_failure() -> None:
    """A gap counts nowhere, the allowance is that of the traffic seen; without any event there is no share."""
    total: list[float | None] = [None] * (STEPS - 10 * _DAY) + [100.0] * (10 * _DAY)
    bad: list[float | None] = [None if one is None else 0.1 for one in total]
    trial = tried(_ERRORS, _TARGETS, Events(total, bad))
    assert trial.measured_days == 10
    assert trial.spent == pytest.approx(1 / 3), "a third of the 30 days that it is a budget for"
    nothing = tried(_ERRORS, _TARGETS, Events([None] * STEPS, [None] * STEPS))
    assert (nothing.good_share, nothing.spent, nothing.measured_days) == (None, None, 0)


def test_a_tier_that_cannot_fire_is_left_out() -> None:
    """With an objective of 75 % even every event being bad is no 14.4 times what is allowed."""
    target = replace(_ERRORS, objective=0.75)
    trial = tried(target, _TARGETS, Events([1.0] * STEPS, [1.0] * STEPS))
    assert {fired.severity for fired in trial.fired} == {"medium", "low"}


def test_a_file_without_a_change_is_refused() -> None:
    """There is nothing to try in targets.yaml itself: it says what to do."""
    with pytest.raises(ConfigError, match=r"change a copy of targets\.yaml"):
        try_targets(ROOT / "targets.yaml", ROOT, Prometheus("http://127.0.0.1:9"))


def test_a_prometheus_that_does_not_answer_is_named(tmp_path: Path) -> None:
    """The server is named, with what is wrong: no traceback."""
    file = tmp_path / "targets.yaml"
    file.write_text((ROOT / "targets.yaml").read_text().replace("threshold: 2.5\n", "threshold: 4\n", 1))
    with pytest.raises(ConfigError, match=r"http://127.0.0.1:9: Prometheus: .*does not answer"):
        try_targets(file, ROOT, Prometheus("http://127.0.0.1:9"))
