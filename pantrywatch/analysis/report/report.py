"""Everything that a report says, put together from one Prometheus."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pantrywatch.analysis.explain.questions import Question
from pantrywatch.analysis.report.applied import AppliedAdvice
from pantrywatch.analysis.report.beginnings import with_beginnings
from pantrywatch.analysis.report.deployments import Delivery, Deployment, delivery_of, marks_expr
from pantrywatch.analysis.report.incidents import ALERTS, STEP_SECONDS, Incident, causes_of, episodes_of, incidents_of
from pantrywatch.analysis.report.panels import Panels
from pantrywatch.analysis.report.period import Period
from pantrywatch.analysis.report.promises import Promise, promise_questions, promises_of
from pantrywatch.analysis.report.questions import Asker, Values, only
from pantrywatch.analysis.report.tables import Table, table_questions, tables_of
from pantrywatch.web.prometheus import NoAnswerError

_SHOWN_INCIDENTS = 30
_SHOWN_DEPLOYMENTS = 30
_RULES_STEP_SECONDS = 3600
_MOVED = 0.1  # of the share of bad events that is allowed


@dataclass(frozen=True, slots=True)
class Known:
    """The incidents of a period; `share`: of the period in which rules were evaluated, so that there could be some."""

    incidents: tuple[Incident, ...]
    share: float


@dataclass(frozen=True, slots=True)
class Report:
    """One report. `delivery` is None where no deployment was ever marked, `before` where incidents are not known."""

    period: Period
    made_at: float
    environment: str
    generated_until: float | None
    promises: tuple[Promise, ...]
    now: Known | None
    before: Known | None
    delivery: Delivery | None
    tables: tuple[Table, ...]
    layers: Mapping[str, float]
    system: float | None
    unanswered: tuple[str, ...]
    applied: tuple[AppliedAdvice, ...] = ()

    @property
    def moved(self) -> list[tuple[str, Promise]]:
        """Return how each promise moved that did by a tenth of what it allows, the worst first."""
        return sorted(_moved(self.promises), key=lambda pair: (_KINDS.index(pair[0]), pair[1].position))

    @property
    def shown_incidents(self) -> Sequence[Incident]:
        """Return the newest incidents, the newest first."""
        return () if self.now is None else self.now.incidents[: -_SHOWN_INCIDENTS - 1 : -1]

    @property
    def shown_deployments(self) -> Sequence[Deployment]:
        """Return the newest deployments, the newest first."""
        return () if self.delivery is None else self.delivery.deployments[: -_SHOWN_DEPLOYMENTS - 1 : -1]


_KINDS = ("missed", "worse", "met", "better")


def _moved(promises: Sequence[Promise]) -> Iterator[tuple[str, Promise]]:
    for one in promises:
        if one.good is None or one.before is None or one.objective is None:
            continue
        was_met, change = one.before >= one.objective, one.good - one.before
        if was_met != (one.result == "met"):
            yield ("missed" if was_met else "met"), one
        elif abs(change) >= _MOVED * (1 - one.objective):
            yield ("worse" if change < 0 else "better"), one


def collect(asker: Asker, shared: Path, period: Period, made_at: float, environment: str) -> Report:
    """Return the report. Raises NoAnswerError if Prometheus does not answer, or knows none of the targets."""
    panels = Panels(shared / "dashboards/generated")
    if not asker.values({"targets": Question("count(slo:promise:info)", period.asked_at)})["targets"]:
        raise NoAnswerError(*asker.unanswered[:1] or ("it has no targets: are the rules of pantrywatch in it?",))
    answers = asker.values(
        promise_questions(panels, period) | table_questions(panels, period.asked_at) | state_questions(panels, period)
    )
    now, before = _known(asker, shared, period), _known(asker, shared, period.before)
    if now is not None:
        shown = now.incidents[-_SHOWN_INCIDENTS:]
        now = Known((*now.incidents[: -len(shown) or None], *with_beginnings(asker, shown)), now.share)
    return Report(
        period,
        made_at,
        environment,
        only(answers["end of generated history"]),
        tuple(promises_of(answers, period)),
        now,
        before,
        _delivery(answers["deployments"], now, period),
        tuple(tables_of(answers)),
        {dict(labels).get("layer", ""): value for labels, value in answers["layers"].items()},
        only(answers["system"]),
        tuple(asker.unanswered),
    )


def state_questions(panels: Panels, period: Period) -> dict[str, Question]:
    """Return the questions for deployments, the state now, and whether the past was made up."""
    at = period.asked_at
    return {
        "deployments": Question(marks_expr(period), at),
        "end of generated history": Question(
            f"max(pantrywatch_generated_until_seconds > {period.before.start:.0f})", at
        ),
        "system": Question(panels.expr("crm-overview", "Health", "A"), at),
        "layers": Question(panels.expr("crm-overview", "Health", "B"), at),
    }


def _known(asker: Asker, shared: Path, period: Period) -> Known | None:
    """Return the incidents of a period, or None where nothing is known of it."""
    evaluated = asker.series(
        "evaluated rules", "count(slo:promise:info)", period.start, period.asked_at, _RULES_STEP_SECONDS
    )
    hours = sum(len(one.samples) for one in evaluated or ())
    series = asker.series("alerts", ALERTS, period.start, period.asked_at, STEP_SECONDS)
    if not hours or series is None:
        return None
    episodes = episodes_of(series, period.end)
    incidents = incidents_of(episodes, causes_of(shared / "alert_rules/generated/causes.yml"))
    return Known(tuple(incidents), min(1.0, hours * _RULES_STEP_SECONDS / period.seconds))


def _delivery(marks: Values, now: Known | None, period: Period) -> Delivery | None:
    if not marks or now is None:
        return None
    return delivery_of(((dict(labels).get("version", ""), at) for labels, at in marks.items()), now.incidents, period)
