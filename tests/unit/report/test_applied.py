"""Applied advice in the report: what the record of a period says, and how the page shows it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from pantrywatch.analysis.report.applied import applied_in
from pantrywatch.analysis.report.locale import locale
from pantrywatch.analysis.report.page import report_page
from pantrywatch.analysis.report.period import period_of
from pantrywatch.analysis.report.report import Report

_AT = 1_800_000_000.0
_PERIOD = period_of("7d", _AT)
_DROP = "DROP INDEX CONCURRENTLY public.<b>;"


def _record(days: float, verdict: str | None = None, **more: Any) -> dict[str, Any]:
    effect = {"verdict": verdict, "before": "300 pages", "since": "5 pages"} if verdict else None
    return {"id": f"create-index:{days:g}", "at": _AT - days * 86400, "undo": [_DROP], "effect": effect, **more}


def _found(folder: Path, *records: Any) -> Any:
    file = folder / "advice.jsonl"
    file.write_text("".join(f"{json.dumps(record)}\n" for record in records) + "half a li")
    return applied_in(file, _PERIOD)


def test_what_was_applied_in_the_period_is_listed_the_newest_first(tmp_path: Path) -> None:
    """With its effect, and the undo only where there is none; what is damaged has no row."""
    records = [_record(40, "better"), _record(3, "better"), _record(2, "none"), _record(0.5)]
    damaged = [{}, [], {"id": 5, "at": 3}, _record(1, "great"), _record(1, effect=[1]), _record(1, "worse", undo=7)]
    assert applied_in(tmp_path / "missing", _PERIOD) == ()
    found = _found(tmp_path, *records)
    assert [(one.id, one.verdict, one.undo) for one in found] == [
        ("create-index:0.5", "not yet", ()),
        ("create-index:2", "none", (_DROP,)),
        ("create-index:3", "better", ()),
    ]
    assert [one.verdict for one in _found(tmp_path, *damaged)] == ["not yet", "not yet", "worse"]


@pytest.mark.parametrize(("language", "words"), [("en", "Undo it: "), ("de", "Rückgängig machen: ")])
def test_the_page_has_a_section_only_where_something_was_applied(tmp_path: Path, language: str, words: str) -> None:
    """Each with before and since; names of a database are text, never markup."""
    empty = Report(_PERIOD, _AT, "test", None, (), None, None, None, (), {}, None, ())
    assert 'id="applied"' not in report_page(empty, locale(language))
    applied = _found(tmp_path, _record(2, "none"))
    page = report_page(
        Report(_PERIOD, _AT, "test", None, (), None, None, None, (), {}, None, (), applied), locale(language)
    )
    assert f"{words}DROP INDEX CONCURRENTLY public.&lt;b&gt;;" in page
    assert "300 pages" in page
    assert 'href="#applied"' in page
