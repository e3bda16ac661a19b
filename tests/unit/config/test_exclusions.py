"""When a window of planned maintenance is, or is next, in the time zone of the office."""

from __future__ import annotations

from dataclasses import fields
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from exporters.registry import SETTINGS_KEYS, load_sources
from pantrywatch.config.exclusions import Exclusion
from pantrywatch.config.settings import Settings
from pantrywatch.scheduler.exclusions import ExclusionCollector

_BERLIN = ZoneInfo("Europe/Berlin")
_DATED = Exclusion("upgrade", "2026-12-31 22:00", "2027-01-01 02:00")
_WEEKLY = Exclusion("weekly", "02:30", "04:00", ("sunday",), ("lcp", "fid"))
_EVENING = Exclusion("evening", "22:00", "24:00", ("monday", "sunday"))


def _time(text: str) -> float:
    return datetime.strptime(text, "%Y-%m-%d %H:%M").replace(tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    ("exclusion", "now", "window"),
    [
        (_DATED, "2026-12-01 00:00", ("2026-12-31 21:00", "2027-01-01 01:00")),
        (_DATED, "2027-01-01 00:59", ("2026-12-31 21:00", "2027-01-01 01:00")),
        (_DATED, "2027-01-01 01:00", None),
        (_WEEKLY, "2026-11-30 12:00", ("2026-12-06 01:30", "2026-12-06 03:00")),
        (_WEEKLY, "2026-12-06 02:59", ("2026-12-06 01:30", "2026-12-06 03:00")),
        (_WEEKLY, "2026-12-06 03:00", ("2026-12-13 01:30", "2026-12-13 03:00")),
        # Clocks go forward: 02:30 is never shown; and back: it is shown twice.
        (_WEEKLY, "2026-03-28 12:00", ("2026-03-29 01:30", "2026-03-29 02:00")),
        (_WEEKLY, "2026-10-24 12:00", ("2026-10-25 00:30", "2026-10-25 03:00")),
        (_EVENING, "2026-11-29 22:30", ("2026-11-29 21:00", "2026-11-29 23:00")),
        (_EVENING, "2026-11-29 23:00", ("2026-11-30 21:00", "2026-11-30 23:00")),
        (
            Exclusion("short", "02:00", "02:30", ("sunday",)),
            "2026-03-28 12:00",
            ("2026-03-29 01:00", "2026-03-29 01:30"),
        ),
    ],
)
def test_a_window_is_now_or_next(exclusion: Exclusion, now: str, window: tuple[str, str] | None) -> None:
    """Dated or weekly, over a change of the clocks and to the end of a day; after the last one there is none."""
    expected = None if window is None else (_time(window[0]), _time(window[1]))
    assert exclusion.window(_time(now), _BERLIN) == expected


def test_the_scheduler_exports_what_is_to_come() -> None:
    """A series for each target of a window, or one for all; what has ended is not there."""
    past = Exclusion("past", "2026-01-01 00:00", "2026-01-02 00:00")
    collector = ExclusionCollector((_DATED, _WEEKLY, past), _BERLIN, lambda: _time("2026-11-30 12:00"))
    begins, ends = (
        {(sample.labels["exclusion"], sample.labels["target"]): sample.value for sample in family.samples}
        for family in collector.collect()
    )
    assert begins == {
        ("upgrade", "all"): _time("2026-12-31 21:00"),
        ("weekly", "lcp"): _time("2026-12-06 01:30"),
        ("weekly", "fid"): _time("2026-12-06 01:30"),
    }
    assert ends.keys() == begins.keys()


def test_an_exporter_reads_a_file_with_exclusions(tmp_path: Path) -> None:
    """Every key of settings.yaml is one that exporters know to be for others: a sidecar starts with it."""
    assert {field.name for field in fields(Settings)} == set(SETTINGS_KEYS)
    file = tmp_path / "settings.yaml"
    file.write_text(
        'environment: test\nhost: {}\nexclude: [{name: a, days: [sunday], begins: "01:00", ends: "02:00"}]\n'
    )
    for source in load_sources(str(file), ["host"]):
        source.close()
