"""What was promised and what was measured, target by target, in the numbers of the boards."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from pantrywatch.analysis.explain.questions import Question
from pantrywatch.analysis.report.panels import Panels
from pantrywatch.analysis.report.period import Period, PeriodName
from pantrywatch.analysis.report.questions import NO_VALUES, Values
from pantrywatch.scheduler.day import KEPT_MONTHS

Result = Literal["met", "missed", "early", "no data", "not measured"]
_BOARD, _TABLE, _BACK = "crm-targets", "All targets", "Good events by period"
_MONTHS = "Months of all targets"
# Period → the panel of crm-targets that shows it.
_GOOD: Mapping[PeriodName, tuple[str, str]] = {"7d": (_BACK, "B"), "30d": (_TABLE, "E"), "month": (_TABLE, "F")}
_MONTH = re.compile(r"[2-9][0-9]{3}-(0[1-9]|1[0-2])", re.ASCII)
_EARLY = -1.0  # what the boards show as "too early"


@dataclass(frozen=True, slots=True)
class Month:
    """A calendar month of a target: shares from 0 to 1, `spent` may be above it."""

    name: str
    good: float | None
    spent: float | None
    measured_days: float


@dataclass(frozen=True, slots=True)
class Promise:
    """One target. Shares from 0 to 1; None where nothing is known. `capacity`: of a rate, what a run has held."""

    id: str
    position: str
    layer: str
    title: str
    statement: str
    basis: str
    objective: float | None
    good: float | None
    before: float | None
    budget: float | None
    capacity: float | None
    state: int | None
    is_early: bool
    reason: str
    months: tuple[Month, ...]

    @property
    def result(self) -> Result:
        """Return what became of the promise; never "met" where it is not known."""
        if self.reason or self.state == 0:
            return "not measured"
        if self.objective is None:
            return "no data" if self.capacity is None else "met" if self.capacity >= 1 else "missed"
        if self.is_early:
            return "early"
        if self.good is None:
            return "no data"
        return "met" if self.good >= self.objective else "missed"


def promise_questions(panels: Panels, period: Period) -> dict[str, Question]:
    """Return the questions: those of panels of the board crm-targets, and what the promises are called."""

    def of(title: str, ref: str, at: float) -> Question:
        return Question(panels.expr(_BOARD, title, ref), at)

    now, before = period.asked_at, period.before.asked_at
    return {
        "targets": of(_TABLE, "A", now),
        "states": of(_TABLE, "B", now),
        "objectives": of(_TABLE, "C", now),
        "good events": of(*_GOOD[period.name], now),
        "good events before": of(*_GOOD[period.name], before),
        "days of history before": Question("max by (target) (slo:history:days)", before),
        "budgets": of(_TABLE, "G", now),
        "reasons": of("Not measured, and why", "A", now),
        "months: spent": of(_MONTHS, "A", now),
        "months: good": of(_MONTHS, "B", now),
        "months: days": of(_MONTHS, "F", now),
        "names": Question("max by (target, layer, title) (slo:promise:info)", now),
        "capacity": Question("max by (target) (slo:capacity:ratio)", now),
    }


def promises_of(answers: Mapping[str, Values], period: Period) -> list[Promise]:
    """Return the promises in the order of the document."""
    names = {labels.get("target"): labels for labels in map(dict, answers.get("names", NO_VALUES))}
    rows = sorted((dict(labels) for labels in answers["targets"]), key=lambda row: row.get("position", ""))
    return [_promise(row, names.get(row["target"], {}), answers, period) for row in rows if "target" in row]


def _promise(
    row: Mapping[str, str], names: Mapping[str, str], answers: Mapping[str, Values], period: Period
) -> Promise:
    target = row["target"]

    def of(name: str) -> float | None:
        return answers[name].get((("target", target),))

    good, before, state = of("good events"), of("good events before"), of("states")
    # Where the time before is known only in part, it cannot be compared with.
    is_known_before = (of("days of history before") or 0) >= 0.9 * min(30, period.before.days)
    reasons = [labels.get("reason", "") for labels in map(dict, answers["reasons"]) if labels.get("target") == target]
    return Promise(
        target,
        row.get("position", ""),
        names.get("layer", ""),
        names.get("title", target),
        row.get("statement", ""),
        row.get("basis", ""),
        of("objectives"),
        None if good == _EARLY else good,
        before if before != _EARLY and is_known_before else None,
        of("budgets"),
        of("capacity"),
        None if state is None else int(state),
        good == _EARLY,
        reasons[0] if reasons else "",
        _months(target, answers),
    )


def _months(target: str, answers: Mapping[str, Values]) -> tuple[Month, ...]:
    """Return the months that the long memory has of it, the oldest first."""

    def of(name: str) -> dict[str, float]:
        rows = ((dict(labels), value) for labels, value in answers[name].items())
        return {labels.get("month", ""): value for labels, value in rows if labels.get("target") == target}

    good, spent, days = of("months: good"), of("months: spent"), of("months: days")
    named = sorted((name, value) for name, value in days.items() if _MONTH.fullmatch(name))
    return tuple(Month(name, good.get(name), spent.get(name), value) for name, value in named[-KEPT_MONTHS:])
