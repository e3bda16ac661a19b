"""Alerts become incidents by their cause, and incidents failures of deployments; nothing is made up."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pantrywatch.analysis.report.acknowledgments import acknowledged, silences_of
from pantrywatch.analysis.report.deployments import delivery_of
from pantrywatch.analysis.report.incidents import Incident, causes_of, episodes_of, incidents_of
from pantrywatch.analysis.report.period import Period, period_of
from pantrywatch.analysis.report.questions import Series

ROOT = Path(__file__).parents[3]
_CAUSES = causes_of(ROOT / "alert_rules/generated/causes.yml")
_END = 1_800_000_000.0
_DAY = 86400.0
_DOWN = {"alertname": "CrmDatabaseDown", "severity": "critical", "component": "database", "instance": "primary"}
_ERRORS = {"alertname": "CrmApiErrorsSudden", "severity": "critical", "component": "api", "job": "application"}
_REMINDER = {"alertname": "CrmMonitoringCauseRecent", "severity": "none", "cause": "database", "mutes": "recent"}
_CACHE = {"alertname": "CrmCacheDown", "severity": "critical", "component": "cache", "instance": "main"}


def _fires(labels: Mapping[str, str], first: int, last: int) -> Series:
    """An alert from one minute before the end to another."""
    return Series(labels, tuple((_END - 60 * minute, 1.0) for minute in range(first, last - 1, -1)))


def _incidents(*series: Series) -> list[Incident]:
    return incidents_of(episodes_of(series, _END), _CAUSES)


def test_what_an_outage_explains_is_one_incident_of_its_name() -> None:
    """The cause is the alert that explains the others; it is over when the last of them is."""
    (found,) = _incidents(_fires(_ERRORS, 298, 270), _fires(_DOWN, 300, 280), _fires(_REMINDER, 300, 235))
    assert (found.cause, found.alerts, found.about) == ("CrmDatabaseDown", ("CrmApiErrorsSudden",), ("api", "database"))
    assert (found.fired, found.ended) == (_END - 300 * 60, _END - 269 * 60)


def test_alerts_without_a_common_cause_are_incidents_of_their_own() -> None:
    """Two servers that fail in the same minutes are two incidents; so is one alert on two days."""
    found = _incidents(_fires(_DOWN, 300, 280), _fires(_CACHE, 299, 285), _fires(_CACHE, 3000, 2990))
    assert [one.cause for one in found] == ["CrmCacheDown", "CrmDatabaseDown", "CrmCacheDown"]


def test_a_gap_does_not_end_an_alert_and_a_flapping_one_is_one_incident() -> None:
    """Up to five minutes without a sample are a failed scrape; soon after, the same alert is the same incident."""
    labels = tuple(_fires(_DOWN, 300, 290).samples + _fires(_DOWN, 286, 280).samples)
    (episode,) = episodes_of([Series(_DOWN, labels)], _END)
    assert episode.end - episode.start == 21 * 60
    flapping = Series(_CACHE, _fires(_CACHE, 300, 290).samples + _fires(_CACHE, 280, 270).samples)
    assert len(episodes_of([flapping], _END)) == 2
    assert len(_incidents(flapping)) == 1


def test_what_still_fires_has_no_end() -> None:
    """An incident at the end of the time has no time to resolve; the reminder alone is not an incident."""
    (found,) = _incidents(_fires(_DOWN, 30, 1))
    assert (found.ended, found.seconds_to_resolve, found.seconds_to_notice) == (None, None, None)
    assert _incidents(_fires(_REMINDER, 300, 235)) == []


def test_a_deployment_failed_if_an_incident_follows_within_an_hour_and_before_the_next() -> None:
    """Frequency, share of failures, recovery and restoring come from marks and incidents of the period alone."""
    period = Period("7d", _END - 7 * _DAY, _END)
    incidents = _incidents(_fires(_DOWN, 3000, 2980), _fires(_CACHE, 500, 460))
    at = incidents[0].fired
    marks = [("1", at - 1800), ("2", at - 60), ("3", at + 7200), ("0", period.start - 60), ("4", _END - 10)]
    found = delivery_of(marks, incidents, period)
    assert [(one.version, one.incident is not None) for one in found.deployments] == [
        ("1", False), ("2", True), ("3", False), ("4", False),
    ]  # fmt: skip
    assert (found.per_week, found.failed_share) == (4, 0.25)
    assert (found.recovery_seconds, found.restore_seconds) == (21 * 60, (21 + 41) / 2 * 60)
    overlapping = _incidents(_fires(_DOWN, 300, 280), _fires(_CACHE, 290, 260))
    assert delivery_of([], overlapping, period).restore_seconds == 41 * 60


def _silence(minutes_before_end: int, name: str, value: str, *, is_regex: bool = False) -> dict[str, object]:
    """As Alertmanager 0.25 to 0.3x answer."""
    starts = datetime.fromtimestamp(_END - 60 * minutes_before_end, UTC).isoformat().replace("+00:00", "Z")
    matcher = {"name": name, "value": value, "isRegex": is_regex, "isEqual": True}
    return {"id": "1", "startsAt": starts, "matchers": [matcher], "createdBy": "a person", "comment": "I look"}


def test_the_first_silence_of_one_of_its_alerts_acknowledges_an_incident() -> None:
    """Silences of other alerts, before the alert or after the end do not; an answer of another kind is named."""
    outage = _fires(_DOWN, 300, 280), _fires(_ERRORS, 298, 270), _fires(_REMINDER, 300, 235)
    incidents = _incidents(*outage, _fires(_CACHE, 500, 490))
    silences = silences_of(
        [
            _silence(250, "alertname", "CrmDatabaseDown"),
            _silence(285, "alertname", "CrmApi.+|(", is_regex=True),
            _silence(290, "alertname", "CrmApi.+", is_regex=True),
            _silence(295, "alertname", "CrmCacheDown"),
            _silence(310, "component", "database"),
            _silence(288, "component", "database"),
        ]
    )
    assert [one.acknowledged for one in acknowledged(incidents, silences)] == [None, 600]
    others: tuple[object, ...] = ([{"startsAt": 5}], {"silences": []}, [[]], ["text"])
    for answer in others:
        with pytest.raises(ValueError, match="expected a list of silences"):
            silences_of(answer)


def test_without_deployments_or_incidents_the_measures_are_not_known() -> None:
    """Nothing that failed is not a share of 0, and no incident is not a time of 0."""
    found = delivery_of([], [], Period("7d", _END - 7 * _DAY, _END))
    assert (found.failed_share, found.recovery_seconds, found.restore_seconds) == (None, None, None)


@pytest.mark.parametrize(
    ("name", "now", "start", "end", "before"),
    [
        # 2026-11-30 12:00, 2026-12-01 06:00, 2027-01-02 00:00
        ("7d", 1796040000, 1796040000 - 7 * 86400, 1796040000, 1796040000 - 14 * 86400),
        ("month", 1796040000, 1793491200, 1796040000, 1790812800),
        ("month", 1796104800, 1793491200, 1796083200, 1790812800),
        ("month", 1798848000, 1798761600, 1798848000, 1796083200),
    ],
)
def test_a_month_is_a_calendar_month_and_on_its_first_day_the_one_before(
    name: str, now: int, start: int, end: int, before: int
) -> None:
    """So a report that is sent on the first of a month is about a whole one."""
    found = period_of(name, now)  # type: ignore[arg-type]
    assert (found.start, found.end, found.before.start, found.before.end) == (start, end, before, start)
