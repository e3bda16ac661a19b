"""Tables whose statistics are old, whose dead rows stay, or that autovacuum does not visit."""

from __future__ import annotations

from collections.abc import Iterator

from pantrywatch.analysis.advise.advice import Advice, duration, qualified
from pantrywatch.analysis.advise.catalog import LARGE_ROWS, Database, Server, Setting, Table

# Autovacuum looks at a database once a minute: what it has not done after so long it will not do soon.
_LATE_SECONDS = 600.0
_LATE_TIMES = 2.0
_UNKNOWN_SHARE = 0.8
_LONG_TRANSACTION_SECONDS = 3600.0
# From so many rows on a fifth of them is more than a vacuum should wait for; then it comes at this share.
_HUGE_ROWS = 10_000_000
_HUGE_SHARE = "0.02"
# A table whose own settings wait for more than this share of its rows is not looked after.
_LAX_SHARE = 0.5
# The server's defaults, where its settings could not be read.
_DEFAULTS = {
    "vacuum_threshold": 50.0,
    "vacuum_scale_factor": 0.2,
    "analyze_threshold": 50.0,
    "analyze_scale_factor": 0.1,
}


def table_advice(server: Server, database: Database) -> Iterator[Advice]:
    """Yield what to analyze, to vacuum, and for which tables to change what autovacuum waits for."""
    for table in database.tables:
        if table.kind == "p" and table.parent is None:
            yield from _analyzed_whole(server, database, table)
        elif table.kind != "p" and (table.is_large or table.live + table.dead >= LARGE_ROWS):
            yield from _analyzed(server, database, table)
            yield from _vacuumed(server, database, table)
            yield from _autovacuum(server, database, table)


def _limit(server: Server, table: Table, what: str) -> float:
    """Return how many rows must have changed until autovacuum comes; `what` is vacuum or analyze."""
    threshold, factor = (_value(server, table, f"{what}_{part}") for part in ("threshold", "scale_factor"))
    return threshold + factor * table.rows


def _value(server: Server, table: Table, name: str) -> float:
    own = dict(table.options).get(f"autovacuum_{name}")
    setting = server.settings.get(f"autovacuum_{name}")
    return float(own if own is not None else setting.setting if setting else _DEFAULTS[name])


def _default_limit(table: Table, what: str) -> float:
    return _DEFAULTS[f"{what}_threshold"] + _DEFAULTS[f"{what}_scale_factor"] * table.rows


def _is_visited(server: Server, table: Table) -> bool:
    on = server.settings.get("autovacuum", Setting("autovacuum", "on")).setting == "on"
    return on and dict(table.options).get("autovacuum_enabled", "true").lower() in ("true", "on", "yes", "1")


def _is_late(server: Server, table: Table, rows: int, what: str, done_seconds: float | None) -> bool:
    """Return whether so many changed rows are too many; where autovacuum comes, only if it has had its time."""
    if not _is_visited(server, table):
        return rows > _default_limit(table, what)
    if rows > _LATE_TIMES * _limit(server, table, what):
        return done_seconds is None or done_seconds > _LATE_SECONDS
    # Its own settings let more rows change than anybody would want, of a table that is read.
    return rows > 2 * _LATE_TIMES * _default_limit(table, what) and rows > _LAX_SHARE * table.rows


def _since(seconds: float | None, what: str) -> str:
    return (
        f"never {what} since the statistics were reset" if seconds is None else f"last {what} {duration(seconds)} ago"
    )


def _changed(table: Table) -> int:
    """Return how many rows have changed since ANALYZE.

    A session that inserts and then analyzes reports its rows after both: these count as changed though ANALYZE has seen
    them, and twice as live.
    """
    twice = table.live - (table.inserted - table.deleted)
    is_counted = table.analyzed_seconds is not None and 0 < twice <= table.changed
    return table.changed - twice if is_counted else table.changed


def _analyzed(server: Server, database: Database, table: Table) -> Iterator[Advice]:
    never = table.analyzed_seconds is None and table.estimated_rows < 0
    changed = _changed(table)
    # The planner knows hardly anything of it: said even where autovacuum may only just not have come.
    unknown = changed > max(_UNKNOWN_SHARE * table.rows, _LATE_TIMES * _limit(server, table, "analyze"))
    is_late = _is_late(server, table, changed, "analyze", table.analyzed_seconds)
    if not never and not is_late and not unknown:
        return
    name = qualified(table.schema, table.name)
    known = "none" if table.estimated_rows < 0 else f"{table.estimated_rows:.0f}"
    yield Advice(
        "analyze-table",
        server.name,
        name,
        f"{changed} rows changed since the planner's statistics ({known} of {table.live} rows known), "
        f"{_since(table.analyzed_seconds, 'analyzed')}",
        "plans are made for the rows that are there",
        "reads a sample of the table; plans change",
        0.5,
        (f"ANALYZE {name};",),
        (),
        database.name,
        doubtful=_is_visited(server, table) and (never or not is_late),
    )


def _analyzed_whole(server: Server, database: Database, table: Table) -> Iterator[Advice]:
    whole = database.whole(table)
    if table.analyzed_seconds is not None or table.estimated_rows > 0 or whole.rows < LARGE_ROWS:
        return
    name = qualified(table.schema, table.name)
    yield Advice(
        "analyze-table",
        server.name,
        name,
        f"never analyzed as a whole, {whole.rows:.0f} rows in its partitions: autovacuum analyzes these alone",
        "plans of statements that use several partitions are made for the rows that are there",
        "reads a sample of each partition; plans change. To be run again from time to time",
        0.4,
        (f"ANALYZE {name};",),
        (),
        database.name,
    )


def _vacuumed(server: Server, database: Database, table: Table) -> Iterator[Advice]:
    frozen = server.settings.get("autovacuum_freeze_max_age")
    old = frozen is not None and table.frozen_age > 1.1 * float(frozen.setting)
    if not old and not _is_late(server, table, table.dead, "vacuum", table.vacuumed_seconds):
        return
    name = qualified(table.schema, table.name)
    held = (server.oldest_seconds or 0.0) > _LONG_TRANSACTION_SECONDS
    first = f"; end the transaction that is open for {duration(server.oldest_seconds or 0.0)} first" if held else ""
    share = 100 * table.dead / max(table.live + table.dead, 1)
    yield Advice(
        "vacuum-table",
        server.name,
        name,
        f"{table.dead} dead rows, {share:.0f} % of all, {_since(table.vacuumed_seconds, 'vacuumed')}"
        + (f"; transaction IDs {table.frozen_age} old" if old else ""),
        f"scans skip the dead rows and their space is used again{first}",
        "reads the table and writes what it cleans; blocks no reads or writes",
        0.4 + min(share, 100.0) / 400,
        (f"VACUUM (ANALYZE) {name};",),
        (),
        database.name,
    )


def _autovacuum(server: Server, database: Database, table: Table) -> Iterator[Advice]:
    name = qualified(table.schema, table.name)
    own = {option: value for option, value in table.options if option.startswith("autovacuum_")}
    if "autovacuum_enabled" in own and not _is_visited(server, table):
        option = "autovacuum_enabled"
        yield _reset(server, database, table, (option,), "autovacuum is off for this table")
    elif table.written and (lax := _lax(server, table, own)):
        share = 100 * max(_limit(server, table, what) / table.rows for what in ("vacuum", "analyze"))
        yield _reset(server, database, table, lax, f"autovacuum waits for {share:.0f} % of the rows to change")
    elif table.rows >= _HUGE_ROWS and not own and table.dead > 0.1 * table.rows:
        yield Advice(
            "autovacuum-table",
            server.name,
            name,
            f"{table.dead} dead rows of {table.rows:.0f}: a vacuum comes at {_limit(server, table, 'vacuum'):.0f}",
            f"it comes at {100 * float(_HUGE_SHARE):.0f} % of the rows, and has less to do each time",
            "more vacuums, each shorter; a table lock that only other changes of its settings wait for",
            0.3,
            (f"ALTER TABLE {name} SET (autovacuum_vacuum_scale_factor = {_HUGE_SHARE});",),
            (f"ALTER TABLE {name} RESET (autovacuum_vacuum_scale_factor);",),
            database.name,
        )


def _lax(server: Server, table: Table, own: dict[str, str]) -> tuple[str, ...]:
    """Return the table's own settings that make autovacuum wait for more than half of its rows."""
    return tuple(
        option
        for what in ("vacuum", "analyze")
        for part in ("threshold", "scale_factor")
        if (option := f"autovacuum_{what}_{part}") in own and _limit(server, table, what) > _LAX_SHARE * table.rows
    )


def _reset(server: Server, database: Database, table: Table, options: tuple[str, ...], reason: str) -> Advice:
    name, kind = qualified(table.schema, table.name), "MATERIALIZED VIEW" if table.kind == "m" else "TABLE"
    old = ", ".join(f"{option} = {value}" for option, value in table.options if option in options)
    # All of them, or the one that is set again would come last.
    every = ", ".join(f"{option} = {value}" for option, value in table.options)
    return Advice(
        "autovacuum-table",
        server.name,
        name,
        f"{reason} ({old}); {table.dead} dead of {table.rows:.0f} rows, {table.written} written",
        "dead rows go and the planner's statistics stay current by themselves",
        "autovacuum works on this table again; a table lock that only other changes of its settings wait for",
        0.45,
        (f"ALTER {kind} {name} RESET ({', '.join(options)});",),
        (f"ALTER {kind} {name} SET ({every});",),
        database.name,
    )
