"""Lint of sums over what two exporters may say of one server: our own, and the Go exporter next to it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import promql_parser as promql

from tools.rule_lint.infer import Problem, children, name_of, nodes

# Families that postgres_exporter, redis_exporter and node_exporter export under the names of ours.
_SHARED = re.compile("(pg|redis|node)_.+")
_ADDS = {"sum", "count"}


def problems(expression: Any) -> Iterator[Problem]:
    """Yield each sum that counts a server once for each of its exporters."""
    for node in nodes(expression):
        if isinstance(node, promql.AggregateExpr) and str(node.op) in _ADDS and _drops_job(node):
            for name in sorted({name_of(selector) for selector in _of_any_job(node.expr)}):
                message = (
                    f"{node.op} over every job of {name}: twice as much with a second exporter; max over job first"
                )
                yield "counted-twice", message


def _drops_job(node: Any) -> bool:
    modifier = node.modifier
    if modifier is None:
        return True
    return bool(("job" in modifier.labels) != (modifier.type == promql.AggModifierType.By))


def _of_any_job(node: Any) -> Iterator[Any]:
    """Yield the selectors of shared families whose jobs reach this node apart from each other."""
    if isinstance(node, promql.VectorSelector):
        one_job = any(m.name == "job" and str(m.op).endswith("Equal") for m in node.matchers.matchers)
        if _SHARED.fullmatch(name_of(node)) and not one_job:
            yield node
        return
    if isinstance(node, promql.AggregateExpr) and _drops_job(node):
        return  # one value for all jobs, or reported by itself
    if isinstance(node, promql.BinaryExpr) and str(node.op) in ("and", "unless"):
        yield from _of_any_job(node.lhs)
        return
    for child in children(node):
        yield from _of_any_job(child)
