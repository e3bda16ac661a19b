"""What was applied: which advice may be, the file of records, the marks on the page, and effects after a day."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from exporters.applied_advice import KEEP_APPLIED, AppliedAdviceCollector
from exporters.core.errors import ConfigError
from exporters.core.exposition import render
from exporters.core.settings import decode
from pantrywatch.analysis.advise.advice import Advice
from pantrywatch.analysis.advise.applied import Applied, Numbers, Work, read_applied, recorded
from pantrywatch.analysis.advise.apply import refusal
from pantrywatch.analysis.advise.catalog import Database, Index, Server, Statement, Table
from pantrywatch.analysis.advise.effects import effects_of
from pantrywatch.config.settings import Settings

_DAY = 86400.0
_CREATE = ("CREATE INDEX CONCURRENTLY notes_a_idx ON public.notes (a);",)
_DROP = ("DROP INDEX CONCURRENTLY public.notes_a_idx;",)
_APPLIED = Applied(
    1000.0, "create-index:main.crm.public.notes (a)", "create-index", "main", "crm", "public.notes_a_idx",
    "public.notes", _CREATE, _DROP, Numbers({"7": Work(100, 2.0, 30_000)}),
)  # fmt: skip


def _kept(file: Path, one: Applied) -> None:
    with recorded(file, one):
        pass


@pytest.mark.parametrize(
    ("kind", "sql", "is_refused"),
    [
        ("create-index", _CREATE, False),
        ("create-index", ('CREATE INDEX CONCURRENTLY "A b_idx" ON "S"."T ""x" (lower("E"), b);',), False),
        ("create-index", ("CREATE INDEX notes_a_idx ON public.notes (a);",), True),
        ("create-index", ("CREATE INDEX CONCURRENTLY i ON public.notes (a); DROP TABLE public.notes;",), True),
        ("create-index", ("CREATE INDEX CONCURRENTLY i ON public.notes (f(a));",), True),
        ("drop-index", _DROP, False),
        ("drop-index", (*_DROP, *_DROP), True),
        ("drop-index", ("DROP INDEX public.notes_a_idx;",), True),
        ("analyze-table", ("ANALYZE public.notes;",), False),
        ("autovacuum-table", ("ALTER TABLE public.notes SET (autovacuum_vacuum_scale_factor = 0.02);",), False),
        (
            "autovacuum-table",
            ("ALTER TABLE public.notes RESET (autovacuum_enabled, autovacuum_analyze_threshold);",),
            False,
        ),
        ("autovacuum-table", ("ALTER TABLE public.notes RESET (fillfactor);",), True),
        ("vacuum-table", ("VACUUM (ANALYZE) public.notes;",), True),
        ("raise-setting", ("ALTER SYSTEM RESET autovacuum;",), True),
    ],
)
def test_only_a_closed_list_of_statements_is_applied(kind: Any, sql: tuple[str, ...], is_refused: bool) -> None:  # noqa: FBT001 - a column
    """One statement of a safe kind, whole, with a lock that reads and writes do not wait for."""
    assert bool(refusal(Advice(kind, "main", "notes", "", "", "", 0.5, sql))) == is_refused


def test_what_is_applied_is_recorded_before_and_taken_out_if_it_fails(tmp_path: Path) -> None:
    """A kill in the middle leaves a record, a failure none; the newest are kept, and damaged lines are skipped."""
    file = tmp_path / "state/advice.jsonl"
    with suppress(OSError), recorded(file, _APPLIED):
        assert read_applied(file) == [_APPLIED]
        raise OSError
    assert read_applied(file) == []
    file.write_text('[1]\n{"at": 1}\nnull\n{"before": 3}\n\xff')
    for number in range(KEEP_APPLIED + 5):
        _kept(file, replace(_APPLIED, at=1000.0 + number))
    assert [one.at for one in read_applied(file)] == [1005.0 + number for number in range(KEEP_APPLIED)]


def test_a_file_that_cannot_be_written_refuses_the_change(tmp_path: Path) -> None:
    """With its name: nothing is changed of which no record is kept."""
    (tmp_path / "advice.jsonl").mkdir()
    with pytest.raises(ConfigError, match=r"advice\.jsonl"), recorded(tmp_path / "advice.jsonl", _APPLIED):
        pytest.fail("it was run")


def test_the_newest_of_each_object_are_marks(tmp_path: Path) -> None:
    """At most twenty, each with its last time; a line that is not one of them has none."""
    file = tmp_path / "advice.jsonl"
    for number in range(30):
        _kept(file, replace(_APPLIED, object=f"public.i{number}", at=1000.0 + number))
    _kept(file, replace(_APPLIED, object="public.i29", at=2000.0))
    with file.open("a") as lines:
        lines.write('{"at": "x", "kind": "k", "object": "o"}\n{"at": 1e999, "kind": "k", "object": "o"}\n{"at": 5}\n')
    page = render(AppliedAdviceCollector(file).collect()).decode()
    samples = [line for line in page.splitlines() if not line.startswith("#")]
    assert len(samples) == 20
    labels = 'kind="create-index",server="main",database="crm",object="public.i29"'
    assert f"pantrywatch_advice_applied_timestamp_seconds{{{labels}}} 2000.0" in samples


def _server(work: Work | None, scans: int | None, dead: int = 0) -> Server:
    indexes = () if scans is None else (Index(2, 1, "public", "notes_a_idx", scans=scans, bytes=8192),)
    statements = () if work is None else (Statement("crm", "7", work.calls, work.seconds, 0, work.pages, 0, ""),)
    table = Table(1, "public", "notes", live=100 - dead, dead=dead)
    return Server("main", databases=(Database("crm", (table,), (), indexes),), statements=statements)


@pytest.mark.parametrize(
    ("work", "scans", "verdict", "since"),
    [
        (Work(200, 2.1, 30_500), 100, "better", "5 pages, 1 ms a call; 100 calls"),
        (Work(50, 0.05, 250), 50, "better", "5 pages, 1 ms a call; 50 calls"),  # the statistics were reset
        (Work(200, 4.0, 60_000), 3, "none", "300 pages, 20 ms a call; 100 calls"),
        (Work(200, 2.1, 30_500), 0, "none", "0 scans of it"),
        (Work(102, 2.0, 30_010), 0, "none", "none of its statements was called 5 times"),
        (None, 9, "better", "9 scans of it"),
        (Work(200, 2.1, 30_500), None, "unknown", "the index is gone"),
    ],
)
def test_a_new_index_is_judged_by_the_pages_of_its_statements(
    work: Work | None, scans: int | None, verdict: str, since: str
) -> None:
    """Of each call, before and since; one that nothing scans has no effect whatever else became better."""
    server = _server(work, scans)
    assert effects_of([server], [_APPLIED], 1000 + _DAY - 1) == {}
    (effect,) = effects_of([server], [_APPLIED], 1000 + _DAY).values()
    assert effect.verdict == verdict
    assert since in effect.since
    assert replace(_APPLIED, effect=effect).undo_is_advised == (verdict == "none")


@pytest.mark.parametrize(
    ("kind", "before", "server", "verdict"),
    [
        ("drop-index", _APPLIED.before, _server(Work(200, 4.0, 62_000), None), "better"),
        ("drop-index", _APPLIED.before, _server(Work(200, 9.0, 90_000), None), "worse"),
        ("drop-index", _APPLIED.before, _server(Work(200, 4.0, 60_000), 1), "unknown"),
        ("analyze-table", _APPLIED.before, _server(Work(200, 2.5, 33_000), None), "better"),
        ("analyze-table", Numbers(), _server(None, None), "unknown"),
        ("autovacuum-table", Numbers(dead_share=0.5), _server(None, None, dead=10), "better"),
        ("autovacuum-table", Numbers(dead_share=0.5), _server(None, None, dead=50), "none"),
    ],
)
def test_other_kinds_are_judged_by_what_they_are_for(kind: str, before: Numbers, server: Server, verdict: str) -> None:
    """A dropped index by what its table's statements read then, autovacuum by the dead rows that stay."""
    (effect,) = effects_of([server], [replace(_APPLIED, kind=kind, before=before)], 1000 + _DAY).values()
    assert effect.verdict == verdict


def test_a_server_that_cannot_be_read_has_no_effect_yet() -> None:
    """It is measured by the next run that can."""
    assert effects_of([], [_APPLIED], 1000 + 2 * _DAY) == {}


_DATABASE = [{"name": "main", "dsn": "x"}, {"name": "pool", "dsn": "y", "pgbouncer": True}]


@pytest.mark.parametrize(
    ("apply", "entry"),
    [
        ([{"server": "main", "dsn": "x"}], ""),
        ([{"server": "other", "dsn": "x"}], "advise.apply[0].server"),
        ([{"server": "pool", "dsn": "x"}], "advise.apply[0].server"),
        ([{"server": "main"}], "advise.apply[0].dsn"),
        ([{"server": "main", "dsn": "x"}, {"server": "main", "dsn": "y"}], "advise.apply[1].server"),
        ([{"dsn": "x"}], "advise.apply[0].server"),
    ],
)
def test_settings_name_each_server_to_change_once(apply: list[dict[str, str]], entry: str) -> None:
    """By the name of one that is read, with one address."""
    document = {"environment": "test", "database": _DATABASE, "advise": {"apply": apply}}
    if not entry:
        decode(document, Settings, "settings.yaml")
        return
    with pytest.raises(ConfigError) as raised:
        decode(document, Settings, "settings.yaml")
    assert [problem.entry for problem in raised.value.problems] == [entry]
