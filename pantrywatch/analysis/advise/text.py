"""Advice for a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pantrywatch.analysis.advise.advice import Advice


def text_of(found: Sequence[Advice], notes: Sequence[str]) -> str:
    """Return it as lines, the most useful first. A name may hold what a terminal would obey: that is replaced."""
    return "\n".join(_printable(line) for line in _lines(found, notes)) + "\n"


def _lines(found: Sequence[Advice], notes: Sequence[str]) -> Iterator[str]:
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
    if notes:
        yield from ("Not known", *(f"  {note}" for note in notes))


def _statements(name: str, statements: Sequence[str]) -> Iterator[str]:
    for number, statement in enumerate(statements):
        yield f"   {name if number == 0 else '':9} {statement}"


def _printable(line: str) -> str:
    return "".join(sign if sign.isprintable() else "\N{REPLACEMENT CHARACTER}" for sign in line).rstrip()
