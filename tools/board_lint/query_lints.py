"""Lints of a query: it parses, its metrics and labels exist, rates use a range that fits the zoom."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import product
from typing import Any

import promql_parser as promql

from tools.board_lint.model import Board, Json, Query, references, substituted
from tools.rule_lint.check import expression_problems
from tools.rule_lint.infer import Inference, name_of, nodes
from tools.rule_lint.rulebook import Rulebook, parse

# The shortest: four scrapes, as Grafana derives it from the data source's interval; the default time range of a board.
_TIMES = {"__rate_interval": "1m", "__interval": "1m", "__range": "6h"}
# A duration that nobody would type.
_MARK = 61
_RATES = {"rate", "irate"}
_LABEL_VALUES = re.compile(r"label_values\((?P<selector>.+), (?P<label>\w+)\)\Z")
_LEGEND_LABEL = re.compile(r"\{\{\s*(\w+)\s*\}\}")
Problem = tuple[str, str]


def problems(board: Board, book: Rulebook) -> Iterator[tuple[str, str, str]]:
    """Yield place, lint and message of each problem in the queries of a board."""
    choices: dict[str, list[str]] = {name: [text] for name, text in _TIMES.items()}
    for variable in board.variables():
        if variable["type"] == "query":
            choices[variable["name"]], faults = _choices(variable, book, _first(choices))
            yield from ((variable["name"], lint, message) for lint, message in faults)
        elif variable["type"] in ("constant", "custom", "textbox"):
            choices[variable["name"]] = variable["query"].split(",")
    for query in board.queries():
        yield from ((query.where, lint, message) for lint, message in _of_query(query, book, choices))


def _first(choices: dict[str, list[str]]) -> dict[str, str]:
    return {name: values[0] for name, values in choices.items()}


def _choices(variable: Json, book: Rulebook, values: dict[str, str]) -> tuple[list[str], list[Problem]]:
    """Return the possible values of the variable, as far as they are known in advance."""
    text = variable["query"]["query"]
    match = _LABEL_VALUES.match(substituted(text, values))
    if not match:
        return ["x"], [("template-label-promql", f"expected label_values(selector, label): {text}")]
    try:
        tree = parse(match["selector"])
    except ValueError as error:
        return ["x"], [("template-label-promql", f"{text}: {error}")]
    # A query for values of a variable is never a rate.
    faults = [fault for fault in expression_problems(tree, book) if fault[0] != "bare-counter"]
    rows = list(_rows(tree, book))
    if not any(row.may_have(match["label"]) for row in rows):
        faults.append(("unknown-label", f"{match['selector']} has no label {match['label']}"))
    known = sorted({value for row in rows if (value := row.value(match["label"]))})
    # Of several: all, and one of them.
    return [".+", *(known or ["x"])[:1]] if variable.get("multi") else (known or ["x"]), faults


def _rows(tree: Any, book: Rulebook) -> Iterator[Any]:
    for node in nodes(tree):
        if isinstance(node, promql.VectorSelector) and (series := book.known(name_of(node))):
            yield from series.shape


def _of_query(query: Query, book: Rulebook, choices: dict[str, list[str]]) -> Iterator[Problem]:
    values = _first(choices)
    try:
        tree = parse(substituted(query.expr, values))
    except ValueError as error:
        yield "target-promql", f"{error}: {query.expr}"
        return
    yield from _of_expression(query.expr, book, choices)
    yield from _selection(query)
    if not query.source.get("instant"):
        yield from _ranges(query.expr, values)
    yield from _quantiles(tree)
    yield from _legend(query, tree, book)


def _of_expression(expr: str, book: Rulebook, choices: dict[str, list[str]]) -> list[Problem]:
    """Return problems that exist for every choice: one choice without data is not a problem of the query."""
    used = [name for name in references([expr]) if name in choices]
    tried = []
    for values in product(*(choices[name] for name in used)):
        chosen = dict(zip(used, values, strict=True))
        found = expression_problems(parse(substituted(expr, chosen)), book)
        tried.append([(lint, _without(message, chosen)) for lint, message in found])
    return [problem for problem in tried[0] if all(problem in problems for problems in tried)]


def _without(message: str, chosen: dict[str, str]) -> str:
    """Return the message with chosen values replaced by variables, so that it is the same for all of them."""
    for name, value in chosen.items():
        message = message.replace(f'"{value}"', f"${name}")
    return message


def _selection(query: Query) -> Iterator[Problem]:
    for name in ("job", "instance"):
        if not re.search(rf'{name}=~"\${name}"', query.expr):
            yield f"target-{name}", f"is not filtered by ${name}"


def _ranges(expr: str, values: dict[str, str]) -> Iterator[Problem]:
    """A graph of a rate over a fixed time shows one sample in hundreds if the time range is a month.

    Current values, independent of the time range, are different: a rate over five minutes stays one.
    """
    marked = parse(substituted(expr, values | {"__rate_interval": f"{_MARK}s"}))
    for node in nodes(marked):
        if not (isinstance(node, promql.Call) and node.func.name in _RATES):
            continue
        argument = node.args[0]
        if isinstance(argument, promql.MatrixSelector) and argument.range.total_seconds() != _MARK:
            yield "target-rate-interval", f"expected {node.func.name}(…[$__rate_interval])"


def _quantiles(tree: Any) -> Iterator[Problem]:
    for node in nodes(tree):
        if isinstance(node, promql.Call) and node.func.name == "histogram_quantile":
            inner = node.args[1]
            while isinstance(inner, promql.ParenExpr):
                inner = inner.expr
            modifier = getattr(inner, "modifier", None)
            if not (isinstance(inner, promql.AggregateExpr) and modifier and "le" in modifier.labels):
                yield "quantile-by-le", "expected histogram_quantile(…, sum by (le, …) (…)): one for all instances"


def _legend(query: Query, tree: Any, book: Rulebook) -> Iterator[Problem]:
    shape = Inference(book.known).shape(tree)
    for label in _LEGEND_LABEL.findall(query.source.get("legendFormat", "") + query.source.get("titleFormat", "")):
        if shape is None or not any(row.may_have(label) for row in shape):
            yield "legend-label", f"the series have no label {label}"
