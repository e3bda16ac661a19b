"""Incidents: the critical and high alerts of a time, grouped by what caused them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import yaml

from pantrywatch.analysis.explain.alerts import Alert, explains
from pantrywatch.analysis.report.questions import Series

SEVERITIES = ("critical", "high")
# Fires, for nobody, as long as an outage explains others: it links what happened, and is not an incident itself.
_REMINDER = "CrmMonitoringCauseRecent"
ALERTS = f'max without (replica) (ALERTS{{alertstate="firing", severity=~"{"|".join(SEVERITIES)}"}}) or max without (replica) (ALERTS{{alertstate="firing", alertname="{_REMINDER}"}})'  # noqa: E501
STEP_SECONDS = 60
_GAP_SECONDS = 300.0  # a failed scrape or a restart of Prometheus does not end an alert
_NEAR_SECONDS = 900.0  # what fires so soon after another may have its cause
_MOST_EPISODES = 1000
_MOST_NAMES = 8  # of what an incident is about, and of its other alerts
_ALERTNAMES = re.compile(r'alertname=~?"([^"]+)"')


@dataclass(frozen=True, slots=True)
class Episode:
    """One alert from its first to its last minute, in Unix seconds; `is_open`: it fires at the end of the time."""

    labels: Mapping[str, str]
    start: float
    end: float
    is_open: bool

    @property
    def name(self) -> str:
        """Return the alert's name."""
        return self.labels.get("alertname", "")

    @property
    def is_reminder(self) -> bool:
        """Return whether it only reminds Alertmanager of another."""
        return self.name == _REMINDER


@dataclass(frozen=True, slots=True)
class Incident:
    """What fired for one cause. `began`: when what it is about was first bad, where that is known; else None.

    `acknowledged`: seconds from the alert to the first silence, None where that is not known. `labels`: of its alerts.
    """

    cause: str
    severity: str
    about: tuple[str, ...]
    alerts: tuple[str, ...]
    fired: float
    ended: float | None
    began: float | None = None
    acknowledged: float | None = None
    targets: tuple[str, ...] = ()
    labels: tuple[Mapping[str, str], ...] = field(default=(), repr=False)

    @property
    def seconds_to_notice(self) -> float | None:
        """Return the time from the first bad minute to the alert, or None."""
        return None if self.began is None else max(0.0, self.fired - self.began)

    @property
    def seconds_to_resolve(self) -> float | None:
        """Return the time from the first bad minute (or from the alert) to its end; None while it goes on."""
        return None if self.ended is None else self.ended - (self.fired if self.began is None else self.began)


def episodes_of(series: Iterable[Series], end: float) -> list[Episode]:
    """Return what fired, the oldest first, up to the end of the time; at most 1000, the newest."""
    found = [episode for one in series for episode in _episodes(one, end)]
    return sorted(found, key=lambda one: (one.start, one.name, sorted(one.labels.items())))[-_MOST_EPISODES:]


def _episodes(series: Series, end: float) -> Iterator[Episode]:
    start = last = None
    for at, _ in series.samples:
        if start is None or last is None:
            start = at
        elif at - last > _GAP_SECONDS:
            yield Episode(series.labels, start, last + STEP_SECONDS, is_open=False)
            start = at
        last = at
    if start is not None and last is not None:
        is_open = end - last < _GAP_SECONDS
        yield Episode(series.labels, start, end if is_open else last + STEP_SECONDS, is_open)


def incidents_of(episodes: Sequence[Episode], causes: Mapping[str, frozenset[str]]) -> list[Incident]:
    """Return the incidents, the oldest first; `causes`: name of an outage → alerts that report it."""
    groups: list[list[Episode]] = []
    for episode in episodes:
        near = [group for group in groups if any(_belong(one, episode, causes) for one in group)]
        groups = [group for group in groups if group not in near]
        groups.append([*(one for group in near for one in group), episode])
    found = [_incident(group) for group in groups if not all(one.is_reminder for one in group)]
    return sorted(found, key=lambda incident: (incident.fired, incident.cause))


def _belong(one: Episode, other: Episode, causes: Mapping[str, frozenset[str]]) -> bool:
    if other.start > one.end + _NEAR_SECONDS or one.start > other.end + _NEAR_SECONDS:
        return False
    if one.is_reminder or other.is_reminder:
        reminder, alert = (one, other) if one.is_reminder else (other, one)
        return alert.name in causes.get(reminder.labels.get("cause", ""), ()) or _explains(reminder, alert)
    same_target = "target" in one.labels and one.labels["target"] == other.labels.get("target")
    return same_target or _is_same_alert(one, other) or _explains(one, other) or _explains(other, one)


def _is_same_alert(one: Episode, other: Episode) -> bool:
    return {key: value for key, value in one.labels.items() if key != "severity"} == {
        key: value for key, value in other.labels.items() if key != "severity"
    }


def _explains(cause: Episode, symptom: Episode) -> bool:
    return bool(explains(_alert(cause), _alert(symptom)))


def _alert(episode: Episode) -> Alert:
    return Alert(episode.labels, {}, "firing", "", "")


def _incident(group: Sequence[Episode]) -> Incident:
    """Of the alerts, the cause is the one that no other explains; of several, the most severe and oldest."""
    shown = [one for one in group if not one.is_reminder]
    cause = min(shown, key=lambda one: (_is_explained(one, shown), _rank(one), one.start, one.name))
    open_ones = any(one.is_open for one in shown)
    return Incident(
        cause.name,
        min(shown, key=_rank).labels.get("severity", ""),
        _names({_about(one) for one in shown} - {""}),
        _names({one.name for one in shown} - {cause.name}),
        min(one.start for one in shown),
        None if open_ones else max(one.end for one in shown),
        targets=tuple(sorted({one.labels["target"] for one in shown if "target" in one.labels})),
        labels=tuple(one.labels for one in shown),
    )


def _names(found: set[str]) -> tuple[str, ...]:
    names = sorted(found)
    return (*names[:_MOST_NAMES], *(["…"] if len(names) > _MOST_NAMES else []))


def _is_explained(one: Episode, group: Sequence[Episode]) -> bool:
    return any(_explains(other, one) and not _explains(one, other) for other in group if other is not one)


def _rank(episode: Episode) -> int:
    severity = episode.labels.get("severity", "")
    return SEVERITIES.index(severity) if severity in SEVERITIES else len(SEVERITIES)


def _about(episode: Episode) -> str:
    return episode.labels.get("target") or episode.labels.get("component", "")


@cache
def causes_of(rules: Path) -> Mapping[str, frozenset[str]]:
    """Return outage → names of the alerts that report it, from the generated rules."""
    found: dict[str, frozenset[str]] = {}
    for group in yaml.safe_load(rules.read_text(encoding="utf-8"))["groups"]:
        for rule in group["rules"]:
            if rule.get("record") == "cause:alerts:count":
                names = {name for text in _ALERTNAMES.findall(rule["expr"]) for name in text.split("|")}
                found[rule["labels"]["cause"]] = frozenset(names)
    return found
