"""The command: waiting for data, what ends it, and its exit codes, with a Prometheus and a clock that are played."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from exporters.core.errors import ConfigError
from pantrywatch.analysis.gate.command import Gate, Outputs, run_gate
from pantrywatch.web.prometheus import Answer, Prometheus

ROOT = Path(__file__).parents[3]
_DEPLOYED = 1_800_000_000.0
_OUTPUTS = Outputs(as_json=False, github=False, junit=None)
_WEEK = 7 * 86400


@dataclass
class _Clock:
    now: float = _DEPLOYED
    slept: list[float] = field(default_factory=list)

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        self.slept.append(self.now - _DEPLOYED)


class _Played(Prometheus):
    """Counts the same events in each five minutes; target → events, bad ones before, bad ones since."""

    def __init__(
        self, clock: _Clock, counts: Mapping[str, tuple[float, float, float]], marks: Mapping[str, float] | None = None
    ) -> None:
        super().__init__("http://nowhere.invalid")
        self._clock, self._counts = clock, counts
        self._marks = {"v1": _DEPLOYED} if marks is None else marks

    def query(self, path: str, parameters: list[tuple[str, str]]) -> Answer:
        asked = dict(parameters)
        if asked["query"] == "vector(time())":
            return _success([{"metric": {}, "value": [self._clock.now, str(self._clock.now)]}])
        if path == "query":
            known = [(version, at) for version, at in self._marks.items() if self._clock.now >= at + 20]
            return _success([{"metric": {"version": name}, "value": [0, str(at)]} for name, at in known])
        if "_bucket" in asked["query"]:
            return _success([])
        which = 1 if "events_bad" in asked["query"] else 0
        return _success(
            [
                {"metric": {"target": name}, "values": self._values(asked, counts, which)}
                for name, counts in self._counts.items()
            ]
        )

    def _values(self, asked: Mapping[str, str], counts: tuple[float, float, float], which: int) -> list[list[object]]:
        times = range(int(float(asked["start"])), int(float(asked["end"])) + 1, int(asked["step"]))
        assert times[-1] <= self._clock.now
        return [[at, str(counts[0] if not which else counts[2] if at > _DEPLOYED else counts[1])] for at in times]


def _success(result: object) -> Answer:
    return Answer(200, json.dumps({"status": "success", "data": {"result": result}}).encode())


def _run(prometheus: Prometheus, clock: _Clock, wait: float, *required: str, since: str = "v1") -> int:
    return run_gate(prometheus, ROOT, Gate(since, wait, required), _OUTPUTS, clock.sleep)


def test_it_waits_until_everything_can_be_judged(capsys: pytest.CaptureFixture[str]) -> None:
    """It ends before the limit, when twice as many errors would have been found; progress goes to stderr."""
    clock = _Clock()
    assert _run(_Played(clock, {"api-error-rate": (1500, 30, 30), "cache-hit-ratio": (3500, 200, 200)}), clock, 60) == 0
    out, err = capsys.readouterr()
    assert out.endswith("Nothing is worse\n")
    assert 300 < clock.slept[-1] < 3600
    assert "gate: 5 of at most 60 minutes: waiting for api-error-rate (" in err


def test_it_ends_at_the_limit_with_too_little_data(capsys: pytest.CaptureFixture[str]) -> None:
    """Few errors: exit code 3 at the limit, and what was counted by then, never the same."""
    clock = _Clock()
    assert _run(_Played(clock, {"api-error-rate": (1500, 3, 3)}), clock, 15) == 3
    assert 900 < clock.slept[-1] < 1020
    out = capsys.readouterr().out
    assert "15 minutes, compared with those before and with the same hours last week" in out
    assert "too little data" in out
    assert "minutes are needed" in out


def test_an_outage_ends_the_wait_at_once(capsys: pytest.CaptureFixture[str]) -> None:
    """Half of all requests fail: exit code 1 after five minutes, without errors before too."""
    for before in (0, 30):
        clock = _Clock()
        counts = {"api-error-rate": (1500.0, float(before), 750.0), "cache-hit-ratio": (3500.0, 20.0, 20.0)}
        assert _run(_Played(clock, counts), clock, 60) == 1
        assert clock.slept[-1] < 450
    assert capsys.readouterr().out.endswith("Worse: api-error-rate\n")


def test_what_looks_worse_early_does_not_end_the_wait() -> None:
    """Twice as many errors from the first five minutes on: it waits as long as without them, for chance."""
    lasted = []
    for after in (30, 60):
        clock = _Clock()
        _run(_Played(clock, {"api-error-rate": (1500, 30, after)}), clock, 60)
        lasted.append(clock.slept[-1])
    assert lasted[0] == lasted[1] > 450


def test_what_is_deployed_next_ends_it() -> None:
    """Five minutes of v1, then v2: the verdict on v1 does not wait, nor count what v2 does."""
    clock = _Clock()
    prometheus = _Played(clock, {"api-error-rate": (1500, 3, 3)}, {"v1": _DEPLOYED, "v2": _DEPLOYED + 400})
    assert _run(prometheus, clock, 60) == 3
    assert clock.slept[-1] < 450


def test_last_week_is_left_out_if_something_was_deployed_then(capsys: pytest.CaptureFixture[str]) -> None:
    """Else its effect would be expected to come again."""
    clock = _Clock(_DEPLOYED + 1000)
    marks = {"v1": _DEPLOYED, "v0": _DEPLOYED - _WEEK + 100}
    assert _run(_Played(clock, {"api-error-rate": (1500, 30, 30)}, marks), clock, 0) == 0
    assert "compared with those before\n" in capsys.readouterr().out


def test_what_is_required_must_be_decided(capsys: pytest.CaptureFixture[str]) -> None:
    """Too little data on it is exit code 3, though another promise is fine; without events it is undecided too."""
    for required in ("db-error-rate", "lcp"):
        clock = _Clock(_DEPLOYED + 1000)
        counts = {"api-error-rate": (1500.0, 30.0, 30.0), "db-error-rate": (1500.0, 1.0, 1.0)}
        assert _run(_Played(clock, counts), clock, 0, required) == 3
        assert capsys.readouterr().out.endswith(f"Too little data on what is required: {required}\n")


def test_nothing_counted_is_too_little_data() -> None:
    """A Prometheus without these rules, or a deployment of just now, is neither good nor bad."""
    assert _run(_Played(clock := _Clock(_DEPLOYED + 1000), {}), clock, 0) == 3
    assert _run(_Played(clock := _Clock(_DEPLOYED + 30), {"api-error-rate": (1500, 30, 30)}), clock, 0) == 3


@pytest.mark.parametrize(
    ("gate", "expected"),
    [
        (Gate("v2", 0, ()), "a mark, one of v1"),
        (Gate("v2", 0, ("api-errors",)), "did you mean api-error-rate?"),
        (Gate("v1", 90, ()), "expected 0 to 60 minutes"),
        (Gate("yesterday", 0, ()), "expected a time such as"),
    ],
)
def test_a_wrong_option_is_a_configuration_error(gate: Gate, expected: str) -> None:
    """It says what was expected, before anything is judged."""
    clock = _Clock(_DEPLOYED + 1000)
    with pytest.raises(ConfigError, match=expected.replace("?", r"\?")):
        run_gate(_Played(clock, {}), ROOT, gate, _OUTPUTS, clock.sleep)


def test_a_mark_of_just_now_is_waited_for() -> None:
    """Prometheus knows it after the next scrape; without --wait it is unknown."""
    clock = _Clock(_DEPLOYED)
    assert _run(_Played(clock, {"api-error-rate": (1500, 30, 750)}), clock, 15) == 1
    with pytest.raises(ConfigError, match="Prometheus knows none"):
        _run(_Played(_Clock(_DEPLOYED), {}), _Clock(_DEPLOYED), 0)
