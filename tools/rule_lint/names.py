"""Lint of names in a subquery: of series that are one in each step, and two in the range.

Prometheus compares the sides of `or` without the name of the metric, and a function over a range drops it: what had a
name in some steps and none in others is "same labelset", an error, as long as the range holds both.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import promql_parser as promql

from tools.rule_lint.infer import Problem, nodes

_COMPARES = {"==", "!=", ">", "<", ">=", "<="}
# What leaves the name as it is.
_SELECTS = {"topk", "bottomk"}
_PASSES = {"last_over_time", "label_replace", "label_join", "sort", "sort_desc"}


def problems(expression: Any) -> Iterator[Problem]:
    """Yield each subquery whose series have the name of their metric in some steps and not in others."""
    for node in nodes(expression):
        if isinstance(node, promql.SubqueryExpr) and len(_named(node.expr)) > 1:
            yield "half-named", "one side of `or` keeps the name of its metric, another drops it, as `1 *` does"


def _named(node: Any) -> set[bool]:
    """Return whether the series of a vector have the name of a metric, both where some do."""
    named: set[bool] = {False}
    match node:
        case promql.VectorSelector() | promql.MatrixSelector():
            named = {True}
        case promql.NumberLiteral() | promql.StringLiteral():
            named = set()
        case promql.ParenExpr() | promql.SubqueryExpr():
            named = _named(node.expr)
        case promql.BinaryExpr():
            named = _named_of_operation(node)
        case promql.AggregateExpr() if str(node.op) in _SELECTS:
            named = _named(node.expr)
        case promql.Call() if node.func.name in _PASSES:
            named = _named(node.args[0])
    return named


def _named_of_operation(node: Any) -> set[bool]:
    operator = str(node.op)
    if operator == "or":
        return _named(node.lhs) | _named(node.rhs)
    if operator in ("and", "unless"):
        return _named(node.lhs)
    if operator in _COMPARES and not (node.modifier and node.modifier.return_bool):
        return _named(node.lhs) or _named(node.rhs)  # a number has none
    return {False}
