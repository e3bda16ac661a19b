"""When an incident began: before its alert fired, what it is about was bad already."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from pantrywatch.analysis.explain.questions import Question
from pantrywatch.analysis.report.incidents import STEP_SECONDS, Incident
from pantrywatch.analysis.report.questions import Asker, Series, only

_LOOK_BACK_SECONDS = 3600.0
_GAP_SECONDS = 300.0
# Bad: more of the last five minutes than is allowed.
_BAD = (
    "max by (target) (slo:sli_error:ratio_rate5m{{target=~{0}}}) > on (target) "
    "max by (target) (slo:error_budget:ratio{{target=~{0}}})"
)


def with_beginnings(asker: Asker, incidents: Sequence[Incident]) -> list[Incident]:
    """Return the incidents with the first bad minute: of their targets, or of the condition of the alert."""
    names = {f"when {one.cause} began ({number})": one for number, one in enumerate(incidents)}
    # A minute later: the rule has been evaluated, and its samples are there.
    asked = asker.values({name: Question(_pending(one), one.fired + STEP_SECONDS) for name, one in names.items()})
    return [
        replace(one, began=min([*_first(asker, one), *((at,) if (at := only(asked[name])) else ())], default=None))
        for name, one in names.items()
    ]


def _pending(incident: Incident) -> str:
    """Return the time since when the condition of the cause has held, as the rules know it."""
    since = incident.fired - _LOOK_BACK_SECONDS
    return f"min(ALERTS_FOR_STATE{{alertname={_quoted(incident.cause)}}} > {since:.0f})"


def _quoted(text: str) -> str:
    """Return a string of PromQL, whose escapes are those of JSON."""
    return json.dumps(text, ensure_ascii=False)


def _first(asker: Asker, incident: Incident) -> Iterator[float]:
    if not incident.targets:
        return
    expr = _BAD.format(_quoted("|".join(map(re.escape, incident.targets))))
    start = incident.fired - _LOOK_BACK_SECONDS
    for series in asker.series(f"when {incident.cause} began", expr, start, incident.fired, STEP_SECONDS) or ():
        if (at := _last_run(series, incident.fired)) is not None:
            yield at


def _last_run(series: Series, until: float) -> float | None:
    """Return when the bad minutes began that last until then."""
    first = None
    for at, _ in reversed(series.samples):
        if (first or until) - at > _GAP_SECONDS:
            break
        first = at
    return first
