"""Which tables `advise` would analyze or vacuum, and of which it would change what autovacuum waits for."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from pantrywatch.analysis.advise.advice import Advice
from pantrywatch.analysis.advise.catalog import Database, Server, Setting, Table
from pantrywatch.analysis.advise.tables import table_advice

FINE = Table(
    1, "public", "contacts", estimated_rows=100_000, live=100_000, bytes=2**24, inserted=120_000, updated=90_000,
    dead=500, changed=500, analyzed_seconds=5000, vacuumed_seconds=5000,
)  # fmt: skip
ON = {"autovacuum": Setting("autovacuum", "on"), "autovacuum_freeze_max_age": Setting("", "200000000")}
OFF = {**ON, "autovacuum": Setting("autovacuum", "off")}


def _advice(table: Table, settings: dict[str, Setting] | None = None, **more: Any) -> list[Advice]:
    server = replace(Server("main", settings=settings or ON), **more)
    return list(table_advice(server, Database("crm", (table,))))


def _kinds(table: Table, settings: dict[str, Setting] | None = None) -> list[str]:
    return [one.kind + (" ?" if one.doubtful else "") for one in _advice(table, settings)]


@pytest.mark.parametrize(
    ("table", "kinds"),
    [
        (FINE, []),
        (replace(FINE, changed=15_000), []),
        (replace(FINE, changed=25_000), ["analyze-table"]),
        (replace(FINE, changed=25_000, analyzed_seconds=90), []),
        (replace(FINE, changed=90_000, analyzed_seconds=90), ["analyze-table ?"]),
        (replace(FINE, inserted=100_000, changed=100_000, live=200_000), []),
        (replace(FINE, inserted=100_000, changed=100_000, live=100_200), ["analyze-table"]),
        (replace(FINE, inserted=180_000, changed=80_000, updated=0, live=180_000), ["analyze-table"]),
        (replace(FINE, estimated_rows=-1, analyzed_seconds=None, changed=100_000), ["analyze-table ?"]),
        (replace(FINE, dead=30_000), []),
        (replace(FINE, dead=50_000), ["vacuum-table"]),
        (replace(FINE, dead=50_000, vacuumed_seconds=90), []),
        (replace(FINE, dead=50_000, vacuumed_seconds=None), ["vacuum-table"]),
        (replace(FINE, frozen_age=230_000_000), ["vacuum-table"]),
        (replace(FINE, live=500, estimated_rows=500, bytes=2**16, dead=400, changed=900), []),
        (replace(FINE, live=6000, estimated_rows=6000, bytes=2**19, dead=9000), ["vacuum-table"]),
        (replace(FINE, kind="p", dead=50_000), []),
        (replace(FINE, live=20_000_000, estimated_rows=2e7, dead=3_000_000), ["autovacuum-table"]),
    ],
    ids=str,
)
def test_what_autovacuum_is_late_with(table: Table, kinds: list[str]) -> None:
    """Twice what brings it, and it has had ten minutes; small tables are left alone."""
    assert _kinds(table) == kinds


def test_a_partitioned_table_is_analyzed_by_nobody_else() -> None:
    """Once it was, or while it is small, there is nothing to do; its partitions are looked at by themselves."""
    whole = Table(9, "public", "visits", kind="p")
    part = replace(FINE, name="visits_1", parent=9)
    server = Server("main", settings=ON)

    def found(*tables: Table) -> list[str]:
        return [f"{one.kind} {one.object}" for one in table_advice(server, Database("crm", tables))]

    assert found(whole, part) == ["analyze-table public.visits"]
    assert found(replace(whole, estimated_rows=100_000), part) == []
    assert found(replace(whole, analyzed_seconds=9), part) == []
    assert found(whole, replace(part, live=500, estimated_rows=500, bytes=2**16)) == []


def test_where_autovacuum_does_not_come_once_its_threshold_is_enough() -> None:
    """On the whole server, or for the table, whose setting then goes; the undo has the value that it had."""
    assert _kinds(replace(FINE, changed=15_000, dead=30_000), OFF) == ["analyze-table", "vacuum-table"]
    off = replace(FINE, changed=15_000, dead=30_000, options=(("autovacuum_enabled", "off"), ("fillfactor", "70")))
    *_, last = _advice(off)
    assert _kinds(off) == ["analyze-table", "vacuum-table", "autovacuum-table"]
    assert last.sql == ("ALTER TABLE public.contacts RESET (autovacuum_enabled);",)
    assert last.undo == ("ALTER TABLE public.contacts SET (autovacuum_enabled = off, fillfactor = 70);",)


def test_own_settings_that_wait_for_most_of_the_table() -> None:
    """A scale factor of 2 goes; one of 0.01 stays, as does any on a table that is never written."""
    lax = replace(FINE, options=(("autovacuum_vacuum_scale_factor", "2"), ("autovacuum_analyze_scale_factor", "0.01")))
    (advice,) = _advice(lax)
    assert advice.sql == ("ALTER TABLE public.contacts RESET (autovacuum_vacuum_scale_factor);",)
    assert advice.undo == (
        "ALTER TABLE public.contacts SET (autovacuum_vacuum_scale_factor = 2, autovacuum_analyze_scale_factor = 0.01);",
    )
    assert _kinds(replace(lax, inserted=0, updated=0)) == []
    assert _kinds(replace(lax, dead=90_000)) == ["vacuum-table", "autovacuum-table"]


def test_a_transaction_that_keeps_dead_rows_is_named() -> None:
    """A vacuum cannot remove what a transaction of three hours may still see."""
    (advice,) = _advice(replace(FINE, dead=50_000), oldest_seconds=3 * 3600.0)
    assert "end the transaction that is open for 3 hours first" in advice.effect
