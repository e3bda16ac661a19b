"""Advice on databases that was applied in a period, with its effect, from the record of `advise --apply`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from exporters.applied_advice import read_documents
from pantrywatch.analysis.report.period import Period

_VERDICTS = ("better", "none", "worse", "unknown")
_MOST_ROWS = 30
_NOT_YET = "not yet"


@dataclass(frozen=True, slots=True)
class AppliedAdvice:
    """What was applied when; `verdict` on its effect, or `not yet`; `undo` where that is advised."""

    id: str
    at: float
    verdict: str
    before: str = ""
    since: str = ""
    undo: tuple[str, ...] = ()


def applied_in(file: Path, period: Period) -> tuple[AppliedAdvice, ...]:
    """Return what was applied in the period, the newest first. Raises OSError; damaged entries are left out."""
    found = (one for document in read_documents(file) if (one := _applied(document)) is not None)
    ordered = sorted((one for one in found if period.start <= one.at < period.end), key=lambda one: -one.at)
    return tuple(ordered[:_MOST_ROWS])


def _applied(document: Mapping[str, Any]) -> AppliedAdvice | None:
    id_, at, effect = document.get("id"), document.get("at"), document.get("effect")
    if not isinstance(id_, str) or not isinstance(at, int | float):
        return None
    if not isinstance(effect, dict) or effect.get("verdict") not in _VERDICTS:
        return AppliedAdvice(id_, at, _NOT_YET)
    undo = document.get("undo") if effect["verdict"] in ("none", "worse") else None
    before, since = (str(effect.get(name, "")) for name in ("before", "since"))
    statements = tuple(map(str, undo)) if isinstance(undo, list) else ()
    return AppliedAdvice(id_, at, effect["verdict"], before, since, statements)
