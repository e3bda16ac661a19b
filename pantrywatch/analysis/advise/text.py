"""Advice for a terminal."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence

from pantrywatch.analysis.advise.advice import Advice
from pantrywatch.analysis.advise.applied import EFFECT_SECONDS, Applied, EffectVerdict

_VERDICTS: Mapping[EffectVerdict, str] = {
    "better": "better",
    "none": "none: undo it",
    "worse": "worse: undo it",
    "unknown": "not known",
}


def text_of(found: Sequence[Advice], notes: Sequence[str], applied: Sequence[Applied] = ()) -> str:
    """Return it as lines, the most useful first. A name may hold what a terminal would obey: that is replaced."""
    return "\n".join(_printable(line) for line in _lines(found, notes, applied)) + "\n"


def _lines(found: Sequence[Advice], notes: Sequence[str], applied: Sequence[Applied]) -> Iterator[str]:
    for number, one in enumerate(found, 1):
        yield f"{number}. {one.id}{'  (doubtful)' if one.doubtful else ''}"
        yield f"   evidence  {one.evidence}"
        yield f"   effect    {one.effect}"
        yield f"   risk      {one.risk}"
        yield from _statements("sql", one.sql)
        yield from _statements("undo", one.undo or (("nothing remains to be undone",) if one.sql else ()))
        yield ""
    if not found:
        yield from ("nothing to advise", "")
    for done in reversed(applied):
        yield from _applied(done)
    if notes:
        yield from ("Not known", *(f"  {note}" for note in notes))


def _applied(one: Applied) -> Iterator[str]:
    yield f"applied {utc(one.at)}: {one.id}"
    if one.effect is None:
        yield f"   effect    measured by the scheduler, or the next `advise`, after {utc(one.at + EFFECT_SECONDS)}"
    else:
        yield f"   effect    {_VERDICTS[one.effect.verdict]}, measured {utc(one.effect.measured_at)}"
        yield f"   before    {one.effect.before}"
        yield f"   since     {one.effect.since}"
    if one.undo_is_advised:
        yield from _statements("undo it", one.undo)
    yield ""


def utc(at: float) -> str:
    """Return a Unix time for people."""
    return time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(at))


def _statements(name: str, statements: Sequence[str]) -> Iterator[str]:
    for number, statement in enumerate(statements):
        yield f"   {name if number == 0 else '':9} {statement}"


def _printable(line: str) -> str:
    return "".join(sign if sign.isprintable() else "\N{REPLACEMENT CHARACTER}" for sign in line).rstrip()
