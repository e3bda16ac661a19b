"""Windows of time as Alertmanager has them: within a day each, in the office's time zone."""

from __future__ import annotations

from typing import Any

import pytest

from pantrywatch.generate.alertmanager.schedules import maintenance_names, time_intervals
from tests.support.alertmanagers import settings_for


def _parts(**window: Any) -> list[tuple[str, ...]]:
    """Return day and times of every part of a maintenance window."""

    def change(section: dict[str, Any]) -> None:
        section["maintenance"] = [{"reason": "upgrade", **window}]

    section = settings_for(1, 2, change).notifications
    assert section is not None
    assert maintenance_names(section) == ["maintenance 1: upgrade"]
    (interval,) = (i for i in time_intervals(section) if i["name"] == "maintenance 1: upgrade")
    assert {part["location"] for part in interval["time_intervals"]} == {section.office_hours.time_zone}
    return [
        ("-".join(part[key][0] for key in ("years", "months", "days_of_month")), *part["times"][0].values())
        for part in interval["time_intervals"]
    ]


@pytest.mark.parametrize(
    ("begins", "ends", "expected"),
    [
        ("2026-12-01 22:00", "2026-12-01 23:30", [("2026-12-1", "22:00", "23:30")]),
        (
            "2026-12-31 22:00",
            "2027-01-01 02:00",
            [("2026-12-31", "22:00", "24:00"), ("2027-1-1", "00:00", "02:00")],
        ),
        ("2026-12-01 22:00", "2026-12-02 00:00", [("2026-12-1", "22:00", "24:00")]),
        (
            "2028-02-28 12:00",
            "2028-03-01 06:00",
            [("2028-2-28", "12:00", "24:00"), ("2028-2-29", "00:00", "24:00"), ("2028-3-1", "00:00", "06:00")],
        ),
    ],
)
def test_a_dated_window_is_one_part_a_day(begins: str, ends: str, expected: list[tuple[str, ...]]) -> None:
    """Over midnight, the end of a year and a leap day nothing is left out and nothing is added."""
    assert _parts(begins=begins, ends=ends) == expected
