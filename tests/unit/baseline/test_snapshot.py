"""Snapshots of the targets: their file, and how later days compare."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporters.core.errors import ConfigError
from pantrywatch.analysis.baseline.compare import compared
from pantrywatch.analysis.baseline.snapshot import Measured, Snapshot, file_of, load, measured, save
from pantrywatch.scheduler.day import Day
from tests.support.properties import cases

_FIRST = date(2026, 11, 2)
_SNAPSHOT = Snapshot(_FIRST, date(2026, 11, 15), [Measured("api-latency", 9_600.0, 10_000.0, 14, 0.01)])


def _days(share: float, days: int = 14, *, events: int = 1000, differ: float = 0.0, seed: int = 1) -> Iterator[Day]:
    """Yield days of one target whose shares differ by so much."""
    random = Random(seed)
    for number in range(days):
        good = events * min(1.0, share + random.uniform(-differ, differ))
        yield Day(_FIRST + timedelta(days=number), "api-latency", good, events, 0.95, 86400)


def _verdict(before: Iterator[Day], after: Iterator[Day]) -> str:
    (found,) = compared(measured(before), measured(after))
    return found.verdict


def test_a_change_beyond_the_noise_between_days_is_better_or_worse() -> None:
    """Two points less good are worse where days differ by a half, and the same where they differ by ten."""
    assert _verdict(_days(0.97, differ=0.005), _days(0.95, differ=0.005, seed=2)) == "worse"
    assert _verdict(_days(0.95, differ=0.005), _days(0.97, differ=0.005, seed=2)) == "better"
    assert _verdict(_days(0.90, differ=0.1), _days(0.88, differ=0.1, seed=2)) == "same"


def test_chance_in_few_events_is_no_change() -> None:
    """One bad event after days without any is the same, though those days did not differ at all."""
    after = [*_days(1.0, 13), *_days(0.999, 1)]
    assert _verdict(_days(1.0), iter(after)) == "same"


def test_the_same_days_are_rarely_called_different() -> None:
    """Of 200 pairs of weeks that only chance tells apart, at most 3% are better or worse."""
    found = [
        _verdict(_days(0.95, 7, differ=0.02, seed=seed), _days(0.95, 7, differ=0.02, seed=1000 + seed))
        for seed in range(200)
    ]
    assert sum(verdict != "same" for verdict in found) <= 6


def test_few_days_few_events_and_a_target_of_one_side_are_too_little() -> None:
    """Three days, 99 events, or no later day at all: nothing is said."""
    assert _verdict(_days(0.97), _days(0.5, 3)) == "too little data"
    assert _verdict(_days(0.97), _days(0.5, 9, events=11)) == "too little data"
    assert _verdict(_days(0.97), iter(())) == "too little data"


def test_days_without_events_count_for_nothing() -> None:
    """A target has the days with events, their sum, and how far their shares are apart."""
    days = [*_days(0.5, 2), Day(date(2026, 12, 24), "api-latency", 0, 0, 0.95, 86400), *_days(1.0, 2)]
    (found,) = measured(days)
    assert (found.days, found.total, found.share) == (4, 4000, 0.75)
    assert found.noise == pytest.approx(0.2887, abs=1e-4)


def test_a_snapshot_is_read_as_it_was_written_and_never_replaced(tmp_path: Path) -> None:
    """Saving and loading give the same; a second one of the name is refused, and the first is left as it is."""
    file = file_of(tmp_path, "before-1.4")
    save(file, _SNAPSHOT)
    assert load(file) == _SNAPSHOT
    with pytest.raises(ConfigError, match="expected a name without a snapshot"):
        save(file, Snapshot(_FIRST, _FIRST, []))
    assert load(file) == _SNAPSHOT
    assert [path.name for path in file.parent.iterdir()] == ["before-1.4.json"]


@pytest.mark.parametrize("name", ["", "../days", "a/b", ".hidden", "A", "x" * 64])
def test_a_name_that_is_not_one_of_a_file_is_refused(tmp_path: Path, name: str) -> None:
    """Nothing outside the folder of snapshots can be named."""
    with pytest.raises(ConfigError, match="NAME"):
        file_of(tmp_path, name)


def test_a_missing_snapshot_is_named_with_those_there_are(tmp_path: Path) -> None:
    """The message lists what can be compared."""
    with pytest.raises(ConfigError, match="baseline save NAME"):
        load(file_of(tmp_path, "first"))
    save(file_of(tmp_path, "before"), _SNAPSHOT)
    with pytest.raises(ConfigError, match="expected one of before"):
        load(file_of(tmp_path, "first"))


def _damaged(file: Path, text: bytes) -> None:
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(text)
    with pytest.raises(ConfigError, match=r"a\.json: snapshot: expected a snapshot of version 1"):
        load(file)


@pytest.mark.parametrize(
    ("entry", "value"),
    [
        ("version", 2), ("first", "2026-11-31"), ("last", "2026-11-01"), ("last", "2029-11-01"), ("targets", None),
        ("targets", [{"target": "a"}]),
        *(
            ("targets", [{"target": "a", "good": 1, "total": 2, "days": 1, "noise": 0} | {name: bad}])
            for name, bad in (
                ("good", 3), ("good", -1), ("total", 0), ("total", "2"), ("total", True), ("days", 0), ("noise", 2),
                ("noise", None), ("target", "A b"), ("target", 1), ("good", float("nan")), ("total", float("inf")),
            )
        ),
    ],
)  # fmt: skip
def test_a_value_that_no_snapshot_has_is_damage(tmp_path: Path, entry: str, value: Any) -> None:
    """The file is named, and nothing is compared with it."""
    save(file_of(tmp_path, "good"), _SNAPSHOT)
    document = json.loads(file_of(tmp_path, "good").read_text())
    _damaged(file_of(tmp_path, "a"), json.dumps(document | {entry: value}).encode())


@given(text=st.binary(max_size=300) | st.sampled_from([b"[" * 100_000, b"1" * 5000, b"{}", b"null"]))
@cases(40)
def test_any_bytes_are_damage(tmp_path_factory: pytest.TempPathFactory, text: bytes) -> None:
    """No content of the file is a traceback."""
    _damaged(tmp_path_factory.mktemp("any") / "a.json", text)
