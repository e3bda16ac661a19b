"""Statements that take much of all time and much work in each call."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from pantrywatch.analysis.advise.advice import Advice
from pantrywatch.analysis.advise.catalog import Server, Statement

_SHARE = 0.3  # of the time of all statements
_PAGES = 500  # a call that touches fewer waits for something else than its own work
_SECONDS = 0.005
_WAITING_SHARE, _WAITING_SECONDS = 0.5, 0.1
_LEAST_SECONDS = 1.0  # in all: less is a server that has nothing to do


def statement_advice(server: Server, application: frozenset[str], explained: Iterable[str]) -> Iterator[Advice]:
    """Yield the statements that take most of the time; `explained`: evidence of advice that speeds up some of them."""
    texts = list(explained)
    known = [one for one in server.statements if one.queryid in application]
    total = sum(one.seconds for one in known)
    for one in known:
        if total < _LEAST_SECONDS or any(f"statement {one.queryid}:" in text for text in texts):
            continue
        share, each, pages = one.seconds / total, one.seconds / one.calls, one.blocks / one.calls
        works = share >= _SHARE and each >= _SECONDS and (pages >= _PAGES or one.temp_blocks > 0)
        waits = share >= _WAITING_SHARE and each >= _WAITING_SECONDS
        if works or waits:
            yield Advice(
                "statement",
                server.name,
                one.queryid,
                f"{100 * share:.0f} % of the time of all statements: {one.calls} calls of {1000 * each:.3g} ms, "
                f"{pages:.0f} pages and {one.rows / one.calls:.3g} rows each{_files(one)}",
                f"each tenth off its time takes {10 * share:.2g} % off that of all statements",
                f"none in looking: `pantrywatch statement {one.queryid}` prints its text, to EXPLAIN (ANALYZE, BUFFERS)"
                + ("" if works else "; it does little work itself, so first see what it waits for"),
                share,
                database=one.database,
                doubtful=not works,
                statements=(one.queryid,),
            )


def _files(one: Statement) -> str:
    return f", {one.temp_blocks / one.calls:.0f} pages of temporary files" if one.temp_blocks else ""
