"""What advice that was applied has changed: the same numbers before, and a day after."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from pantrywatch.analysis.advise.advice import Advice, qualified, size
from pantrywatch.analysis.advise.applied import Applied, Effect, EffectVerdict, Numbers, Work
from pantrywatch.analysis.advise.catalog import Database, Server
from pantrywatch.analysis.advise.workload import read_workload

_MOST_STATEMENTS = 10
_LEAST_CALLS = 5
# Pages are counted, not timed: a tenth less is the change's own, whatever else the server did.
_BETTER, _WORSE = 0.9, 1.5


class _Each(NamedTuple):
    """A statement in each call: milliseconds and pages before and since, and how often it was called since."""

    queryid: str
    calls: int
    pages: tuple[float, float]
    milliseconds: tuple[float, float]


def numbers_before(servers: Iterable[Server], one: Advice, place: str, index: str) -> Numbers:
    """Return what the effect of advice on a table will be measured by. `index`: the one that it creates or drops."""
    for server, database in _databases(servers, one.server, one.database):
        return _numbers(server, database, place, index, one.statements or _searching(server, database, place))
    return Numbers()


def effects_of(servers: Sequence[Server], applied: Iterable[Applied], now: float) -> dict[tuple[str, float], Effect]:
    """Return by id and time the effects that can be measured now: of what was applied at least a day ago."""
    found = {}
    for one in applied:
        if one.is_due(now):
            for server, database in _databases(servers, one.server, one.database):
                index = one.object if one.kind.endswith("-index") else ""
                since = _numbers(server, database, one.table, index, tuple(one.before.statements))
                found[one.id, one.at] = _effect(one, since, now)
    return found


def _databases(servers: Iterable[Server], server: str, database: str) -> Iterator[tuple[Server, Database]]:
    for one in servers:
        if one.name == server and not one.is_standby:
            yield from ((one, known) for known in one.databases if known.name == database)


def _searching(server: Server, database: Database, place: str) -> tuple[str, ...]:
    """Return the statements that look for rows of a table, those that take most time first."""
    workload = read_workload(database, server.statements)
    oids = {table.oid for table in database.tables if qualified(table.schema, table.name) == place}
    found = {search.statement.queryid: None for oid in oids for search in workload.searches_of.get(oid, ())}
    return tuple(found)[:_MOST_STATEMENTS]


def _numbers(server: Server, database: Database, place: str, index: str, queryids: Sequence[str]) -> Numbers:
    statements = {
        one.queryid: Work(one.calls, one.seconds, one.blocks)
        for one in server.statements
        if one.database == database.name and one.queryid in queryids[:_MOST_STATEMENTS]
    }
    indexes = [one for one in database.indexes if qualified(one.schema, one.name) == index and one.is_valid]
    tables = [one for one in database.tables if qualified(one.schema, one.name) == place]
    return Numbers(
        statements,
        indexes[0].bytes if indexes else None,
        indexes[0].scans if indexes else None,
        tables[0].dead / max(tables[0].live + tables[0].dead, 1) if tables else None,
    )


def _effect(one: Applied, since: Numbers, now: float) -> Effect:
    each = list(_each(one.before.statements, since.statements))
    before, after = (
        "; ".join(f"statement {s.queryid}: {s.pages[i]:.0f} pages, {s.milliseconds[i]:.3g} ms a call" for s in each)
        for i in (0, 1)
    )
    verdict, also_before, also_after = _of_kind(one, since, _ratio(each))
    calls = f"{sum(s.calls for s in each)} calls" if each else "none of its statements was called 5 times"
    shown = calls if one.before.statements else ""
    return Effect(verdict, _joined(also_before, before), _joined(also_after, after, shown), now)


def _of_kind(one: Applied, since: Numbers, ratio: float | None) -> tuple[EffectVerdict, str, str]:
    """Return the verdict, and what it rests on besides statements."""
    if one.kind == "create-index":
        scans = "the index is gone" if since.index_scans is None else f"{since.index_scans} scans of it"
        verdict = _of_new_index(since.index_scans, ratio)
        return verdict, "", scans if since.index_bytes is None else f"{scans}, {size(since.index_bytes)}"
    if one.kind == "drop-index":
        freed = size(one.before.index_bytes or 0)
        if since.index_bytes is not None:
            return "unknown", freed, "the index is there again"
        return "worse" if ratio is not None and ratio >= _WORSE else "better", freed, "0 bytes"
    if one.kind == "autovacuum-table" and one.before.dead_share is not None and since.dead_share is not None:
        shares = [f"{100 * share:.0f} % dead rows" for share in (one.before.dead_share, since.dead_share)]
        return "better" if since.dead_share <= _BETTER * one.before.dead_share else "none", shares[0], shares[1]
    return _of_statements(ratio), "", ""


def _of_new_index(scans: int | None, ratio: float | None) -> EffectVerdict:
    if scans is None:
        return "unknown"
    return "none" if not scans else "better" if ratio is None else _of_statements(ratio)


def _of_statements(ratio: float | None) -> EffectVerdict:
    if ratio is None:
        return "unknown"
    return "better" if ratio <= _BETTER else "worse" if ratio >= _WORSE else "none"


def _each(before: Mapping[str, Work], since: Mapping[str, Work]) -> Iterator[_Each]:
    """Yield the statements that were called often enough. What was counted before is taken off, unless it was reset."""
    for queryid, was in before.items():
        now = since.get(queryid)
        if now is None or not was.calls:
            continue
        start = was if now.calls >= was.calls and now.pages >= was.pages else Work(0, 0.0, 0)
        calls = now.calls - start.calls
        if calls >= _LEAST_CALLS:
            pages = was.pages / was.calls, (now.pages - start.pages) / calls
            seconds = was.seconds / was.calls, max(0.0, now.seconds - start.seconds) / calls
            yield _Each(queryid, calls, pages, (1000 * seconds[0], 1000 * seconds[1]))


def _ratio(each: Sequence[_Each]) -> float | None:
    """Return the pages read since, against those that as many calls would have read before."""
    expected = math.fsum(one.calls * one.pages[0] for one in each)
    return math.fsum(one.calls * one.pages[1] for one in each) / expected if expected else None


def _joined(*parts: str) -> str:
    return "; ".join(filter(None, parts))
