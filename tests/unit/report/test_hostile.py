"""Whatever Prometheus answers, a report is a page or a sentence, and nothing in a label becomes part of the page."""

from __future__ import annotations

import json
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from pantrywatch.analysis.report.days import layers_of
from pantrywatch.analysis.report.locale import locale
from pantrywatch.analysis.report.page import report_page, status_page, summary
from pantrywatch.analysis.report.period import period_of
from pantrywatch.analysis.report.questions import Asker
from pantrywatch.analysis.report.report import collect
from pantrywatch.web.prometheus import Answer, NoAnswerError, Prometheus
from tests.support.properties import cases

ROOT = Path(__file__).parents[3]
_AT = 1_800_000_000.0
_MARK = "<script>"
_NAMES = (
    "target", "position", "layer", "title", "statement", "basis", "reason", "month", "version", "alertname",
    "severity", "component", "cause", "http_route", "queryid", "resource",
)  # fmt: skip
_TEXTS = st.sampled_from(
    ["lcp", "06", "backend", "probe", "2026-11", "2026-13", "critical", "CrmDatabaseDown", "CrmMonitoringCauseRecent",
     "database", f"{_MARK}alert(1)", '"}) or vector(1) #', "{0} {name} {{", "a|(b", "\\", "\x00\ud7ff", ""],
)  # fmt: skip
_LABELS = st.dictionaries(st.sampled_from(_NAMES), _TEXTS, max_size=8)
_NUMBERS = st.sampled_from([0.0, 1.0, -1.0, 0.99, 6.0, 1e300, -1e300, _AT, _AT - 3600, float("nan"), float("inf")])


class _Played(Prometheus):
    """Gives the same rows to each question, or something else than rows."""

    def __init__(self, rows: list[tuple[dict[str, str], float]], other: Any) -> None:
        super().__init__("http://nowhere.invalid")
        self._rows, self._other, self._asked = rows, other, 0

    def query(self, path: str, parameters: list[tuple[str, str]]) -> Answer:
        self._asked += 1
        end = float(dict(parameters).get("end", _AT))
        times = [end - 120, end - 60, end]
        rows: Any = [
            {"metric": labels, "value": [end, str(value)], "values": [[at, str(value)] for at in times]}
            for labels, value in self._rows
        ]
        result = self._other if self._other is not None and self._asked % 5 == 0 else rows
        return Answer(200, json.dumps({"status": "success", "data": {"result": result}}).encode())


class _Tags(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)


@cases(20, soak=1000)
@given(
    st.lists(st.tuples(_LABELS, _NUMBERS), min_size=1, max_size=5),
    st.sampled_from([None, [], {}, "text", [5], [{"metric": 5}], [{"metric": {}, "value": ["x"]}]]),
    st.sampled_from(["7d", "30d", "month"]),
    st.sampled_from(["en", "de"]),
)
def test_no_answer_breaks_a_report_or_gets_into_its_markup(
    rows: list[tuple[dict[str, str], float]], other: Any, name: Any, language: str
) -> None:
    """Labels and numbers that no rule writes, answers of another shape: a page without a tag that is not its own."""
    try:
        report = collect(Asker(_Played(rows, other)), ROOT, period_of(name, _AT), _AT, "test")
    except NoAnswerError:
        return
    words = locale(language)
    layers = layers_of([], {one.id: one.layer for one in report.promises}, _AT)
    for page in (report_page(report, words), status_page(report, layers, words)):
        assert _MARK not in page
        assert "script" not in _Tags(page).tags
    assert "\n" not in summary(report, words)[0]
