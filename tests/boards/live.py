"""Asks a running Prometheus what a board would ask it, with the variables replaced by real values."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import requests

from tests.boards.substitution import ALL, Variable, in_query
from tools.board_lint.model import Board, Panel

SCRAPE_SECONDS = 15
_LABEL_VALUES = re.compile(r"label_values\((?:(.+),)?\s*(\w+)\s*\)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Question:
    """One query of a panel as it is asked."""

    board: str
    panel: Panel
    number: int
    expr: str
    instant: bool

    @property
    def name(self) -> str:
        """Board, panel and query, as the lists of exceptions name it."""
        return f"{self.board}: {self.panel.title}: {'ABCDEFGHIJKLMNOPQRSTUVWXYZ'[self.number]}"


@dataclass(frozen=True, slots=True)
class Live:
    """A running Prometheus, asked about a range of time that ends now."""

    url: str
    range_seconds: int
    step_seconds: int = SCRAPE_SECONDS
    http: requests.Session = field(default_factory=requests.Session)

    def questions(self, board: Board) -> Iterator[Question]:
        """Yield every query of a board, those of folded rows too."""
        variables = self.variables(board)
        for panel in board.panels:
            for number, query in enumerate(panel.queries()):
                instant = bool(query.source.get("instant")) and not query.source.get("range")
                expr = in_query(query.expr, variables, self.builtin())
                yield Question(board.uid, panel, number, expr, instant)

    def builtin(self) -> dict[str, str]:
        """Return what Grafana knows by itself: with a step of one scrape, a rate is over four of them."""
        rate = max(self.step_seconds + SCRAPE_SECONDS, 4 * SCRAPE_SECONDS)
        seconds = {"interval": self.step_seconds, "rate_interval": rate, "range": self.range_seconds}
        named = {f"__{name}": f"{value}s" for name, value in seconds.items()}
        numbers = {f"__{name}_s": str(value) for name, value in seconds.items()}
        return named | numbers | {f"__{name}_ms": str(1000 * value) for name, value in seconds.items()}

    def variables(self, board: Board) -> dict[str, Variable]:
        """Return the board's variables with their options of now; all chosen where that is offered, else the first."""
        found: dict[str, Variable] = {}
        for source in board.variables():
            if source["type"] == "query":
                options = self._options(in_query(source["query"]["query"], found, self.builtin()))
                value = [ALL] if source.get("includeAll") else options[:1]
                found[source["name"]] = Variable(
                    source["name"], value, options, bool(source.get("multi")), bool(source.get("includeAll")),
                    source.get("allValue"),
                )  # fmt: skip
        return found

    def ask(self, question: Question) -> list[dict[str, Any]]:
        """Return the series. AssertionError with the query where Prometheus refuses it."""
        path = "query" if question.instant else "query_range"
        return self._result(path, {"query": question.expr, **self._time(instant=question.instant)})

    def has_data(self, question: Question) -> bool:
        """Return whether anything of the answer can be drawn: a sample that is a number."""
        answer = self.ask(question)
        samples = [sample for series in answer for sample in series.get("values", [series.get("value")])]
        return any(value != "NaN" for _, value in samples)

    def _options(self, text: str) -> list[str]:
        match = _LABEL_VALUES.fullmatch(text)
        assert match is not None, f"expected label_values(…), found {text}"
        selector, label = match.groups()
        parameters = {"match[]": selector} if selector else {}
        answer = self.http.get(f"{self.url}/api/v1/label/{label}/values", params=parameters, timeout=30).json()
        return list(answer["data"])

    def _time(self, *, instant: bool) -> dict[str, str]:
        now = time.time() // self.step_seconds * self.step_seconds
        if instant:
            return {"time": str(now)}
        return {"start": str(now - self.range_seconds), "end": str(now), "step": str(self.step_seconds)}

    def _result(self, path: str, form: Mapping[str, str]) -> list[dict[str, Any]]:
        answer = self.http.post(f"{self.url}/api/v1/{path}", data=dict(form), timeout=60).json()
        assert answer["status"] == "success", f"{answer.get('error')}: {form['query']}"
        data = answer["data"]
        return [{"value": data["result"]}] if data["resultType"] == "scalar" else list(data["result"])
