"""Which settings `advise` would raise or lower, which sequences make longer, which statements look at."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from pantrywatch.analysis.advise.catalog import (
    Checkpoints,
    Database,
    NumberSequence,
    Override,
    Server,
    Setting,
    Statement,
)
from pantrywatch.analysis.advise.sequences import sequence_advice
from pantrywatch.analysis.advise.server_settings import bounds, setting_advice
from pantrywatch.analysis.advise.statements import statement_advice

MEBIBYTE = 2**20
# PostgreSQL's defaults.
_DEFAULTS = (
    Setting("work_mem", "4096", "kB"),
    Setting("max_wal_size", "1024", "MB", context="sighup"),
    Setting("checkpoint_timeout", "300", "s", context="sighup"),
    Setting("effective_cache_size", "524288", "8kB"),
    Setting("shared_buffers", "16384", "8kB", context="postmaster"),
    Setting("random_page_cost", "4"),
    Setting("seq_page_cost", "1"),
    Setting("max_connections", "100", context="postmaster"),
    Setting("autovacuum_vacuum_cost_limit", "-1"),
    Setting("log_min_duration_statement", "-1", "ms"),
    Setting("enable_hashjoin", "on"),
    Setting("autovacuum", "on", context="sighup"),
)
SERVER = Server("main", settings={setting.name: setting for setting in _DEFAULTS})


def _with(name: str, value: str, **more: Any) -> Server:
    setting = replace(SERVER.settings.get(name, Setting(name, "")), setting=value, **more)
    return replace(SERVER, settings={**SERVER.settings, name: setting})


def _kinds(server: Server, application: frozenset[str] = frozenset()) -> list[str]:
    return [f"{one.kind} {one.object}" for one in setting_advice(server, application)]


def test_the_defaults_have_no_advice() -> None:
    """A server as it is installed."""
    assert _kinds(SERVER) == []


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("enable_hashjoin", "off", "raise-setting"),
        ("autovacuum", "off", "raise-setting"),
        ("random_page_cost", "40", "lower-setting"),
        ("random_page_cost", "0.5", "raise-setting"),
        ("random_page_cost", "1.1", ""),
        ("work_mem", "64", "raise-setting"),
        ("work_mem", "4194304", "lower-setting"),
        ("work_mem", "65536", ""),
        ("effective_cache_size", "8192", "raise-setting"),
        ("checkpoint_timeout", "30", "raise-setting"),
        ("autovacuum_vacuum_cost_limit", "10", "raise-setting"),
        ("log_min_duration_statement", "0", "raise-setting"),
        ("log_min_duration_statement", "250", ""),
        ("random_page_cost", "not a number", ""),
    ],
)
def test_what_is_outside_of_its_bounds(name: str, value: str, expected: str) -> None:
    """Each has one piece of advice, and a value that is unusual but fine has none."""
    if not value.replace(".", "").isdigit() and value not in ("on", "off"):
        assert all(bound.broken_by(value) is None for bound in bounds() if bound.name == name)
        return
    assert _kinds(_with(name, value)) == ([f"{expected} {name}"] if expected else [])


def test_the_undo_is_the_value_before() -> None:
    """RESET where it came from the file, SET where ALTER SYSTEM had it; what needs a restart says so."""
    (advice,) = setting_advice(_with("enable_hashjoin", "off"), frozenset())
    assert advice.sql == ("ALTER SYSTEM SET enable_hashjoin = 'on';", "SELECT pg_reload_conf();")
    assert advice.undo == ("ALTER SYSTEM RESET enable_hashjoin;", "SELECT pg_reload_conf();")
    (advice,) = setting_advice(_with("enable_hashjoin", "off", is_altered=True), frozenset())
    assert advice.undo == ("ALTER SYSTEM SET enable_hashjoin = 'off';", "SELECT pg_reload_conf();")
    (advice,) = setting_advice(_with("work_mem", "64", is_altered=True), frozenset())
    assert advice.undo[0] == "ALTER SYSTEM SET work_mem = '64kB';"
    (advice,) = setting_advice(_with("effective_cache_size", "1024", is_altered=True), frozenset())
    assert advice.undo[0] == "ALTER SYSTEM SET effective_cache_size = '1024';"
    (advice,) = setting_advice(_with("enable_hashjoin", "off", context="postmaster"), frozenset())
    assert (len(advice.sql), advice.risk.endswith("takes a restart")) == (1, True)
    (advice,) = setting_advice(_with("enable_hashjoin", "off", source="command line"), frozenset())
    assert "command line" in advice.risk


def test_what_holds_for_one_role_or_database_is_changed_there() -> None:
    """Not by ALTER SYSTEM; what the session of this command has from its own role is not taken for the server's."""
    assert _kinds(_with("enable_hashjoin", "off", source="user")) == []
    found = {
        "ALTER DATABASE crm RESET enable_hashjoin;": Override("enable_hashjoin", "off", database="crm"),
        'ALTER ROLE "Bo" RESET enable_hashjoin;': Override("enable_hashjoin", "off", role="Bo"),
        'ALTER ROLE "Bo" IN DATABASE crm RESET enable_hashjoin;': Override("enable_hashjoin", "off", "crm", "Bo"),
    }
    for sql, override in found.items():
        (advice,) = setting_advice(replace(SERVER, overrides=(override,)), frozenset())
        assert advice.sql == (sql,)
        assert advice.undo == (sql.replace("RESET enable_hashjoin", "SET enable_hashjoin = 'off'"),)
    assert _kinds(replace(SERVER, overrides=(Override("search_path", "crm, public", "crm"),))) == []


def _spilled(bytes_each: float, calls: int = 100) -> Statement:
    return Statement("crm", "7", calls, 9.0, 100, 1000, int(bytes_each * calls / 8192), "SELECT")


def test_temporary_files_raise_work_mem() -> None:
    """To three times a file, as a power of two; not for statements of its own, a few bytes, or what is too much."""
    server = replace(SERVER, statements=(_spilled(5 * MEBIBYTE),))
    (advice,) = setting_advice(server, frozenset("7"))
    assert advice.sql[0] == "ALTER SYSTEM SET work_mem = '16MB';"
    assert _kinds(server) == []
    assert _kinds(replace(SERVER, statements=(_spilled(8192),)), frozenset("7")) == []
    assert _kinds(replace(SERVER, statements=(_spilled(500 * MEBIBYTE),)), frozenset("7")) == []


@pytest.mark.parametrize(
    ("done", "expected"),
    [
        (
            Checkpoints(timed=2, requested=60, seconds=3600, wal_bytes=60 * 600 * MEBIBYTE),
            ["raise-setting max_wal_size"],
        ),
        (Checkpoints(timed=12, requested=0, seconds=3600, wal_bytes=MEBIBYTE), []),
        (Checkpoints(timed=2, requested=60, seconds=3600, wal_bytes=60 * MEBIBYTE), []),
        (Checkpoints(timed=100, requested=60, seconds=36000, wal_bytes=60 * 600 * MEBIBYTE), []),
        (Checkpoints(timed=0, requested=1, seconds=60, wal_bytes=600 * MEBIBYTE), []),
    ],
    ids=["by WAL", "by time", "by somebody's CHECKPOINT", "mostly by time", "too few"],
)
def test_checkpoints_for_lack_of_wal_raise_max_wal_size(done: Checkpoints, expected: list[str]) -> None:
    """Only those that WAL has asked for: many of them, at short intervals, with the WAL to show for it."""
    assert _kinds(replace(SERVER, checkpoints=done)) == expected


END = 2**31 - 1


def _sequence(**more: Any) -> NumberSequence:
    serial = NumberSequence(
        "public", "deals_id_seq", END, "integer", int(0.8 * END), table_schema="public", table_name="deals",
        column_name="id", column_type="integer", is_identity=False,
    )  # fmt: skip
    return replace(serial, **more)


@pytest.mark.parametrize(
    ("sequence", "sql"),
    [
        (_sequence(), ["ALTER TABLE public.deals ALTER COLUMN id TYPE bigint;",
                       "ALTER SEQUENCE public.deals_id_seq AS bigint;"]),
        (_sequence(is_identity=True), ["ALTER TABLE public.deals ALTER COLUMN id TYPE bigint;"]),
        (_sequence(type="bigint", last=2**63 - 1), ["ALTER TABLE public.deals ALTER COLUMN id TYPE bigint;"]),
        (_sequence(column_type="bigint"), ["ALTER SEQUENCE public.deals_id_seq AS bigint;"]),
        (_sequence(type="bigint", column_type="bigint", last=1000, given=900),
         ["ALTER SEQUENCE public.deals_id_seq NO MAXVALUE;"]),
        (_sequence(given=int(0.7 * END)), None),
        (_sequence(given=None), None),
        (_sequence(type="bigint", column_type="bigint", last=2**63 - 1, given=2**62 * 2 - 9), None),
    ],
)  # fmt: skip
def test_sequences_near_their_end(sequence: NumberSequence, sql: list[str] | None) -> None:
    """From three quarters on: what ends first is made longer, the column, the sequence or its own limit."""
    found = list(sequence_advice(Server("main"), Database("crm", sequences=(sequence,))))
    assert [list(one.sql) for one in found] == ([] if sql is None else [sql])
    assert all(len(one.undo) == len(one.sql) for one in found)


def test_what_takes_most_of_the_time() -> None:
    """With much work in each call; doubtful where it only waits; not what other advice is about, nor short ones."""
    heavy = Statement("crm", "7", 100, 60.0, 100, 500_000, 0, "SELECT")
    others = Statement("crm", "8", 100_000, 40.0, 100, 300_000, 0, "SELECT")
    server = replace(SERVER, statements=(heavy, others))
    both = frozenset("78")
    (advice,) = statement_advice(server, both, [])
    assert (advice.id, advice.doubtful) == ("statement:main.crm.7", False)
    assert "60 % of the time of all statements: 100 calls of 600 ms, 5000 pages and 1 rows each" in advice.evidence
    assert list(statement_advice(server, both, ["statement 7: 100 calls"])) == []
    assert list(statement_advice(server, frozenset("8"), [])) == []
    (advice,) = statement_advice(replace(server, statements=(replace(heavy, blocks=900), others)), both, [])
    assert advice.doubtful
