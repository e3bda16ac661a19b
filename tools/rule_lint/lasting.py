"""Lints of what must outlast a gap, a slow pace or a missing label: state kept in ALERTS, fixed windows, fallbacks."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import promql_parser as promql

from tools.rule_lint.infer import Problem, children, name_of, nodes
from tools.rule_lint.rulebook import Rule

# Ten minutes without Prometheus, and a scrape more.
_GAP_SECONDS = 615
_STATE = {"ALERTS", "ALERTS_FOR_STATE"}
# What runs at a pace of the settings, and the metric that says which: a check may run once a day.
_PACED = {
    re.compile("probe_.+|pantrywatch_check_(?!interval).+"): "pantrywatch_check_interval_seconds",
}
# OpenTelemetry's semantic conventions: a call without it succeeded.
_ONLY_OF_FAILURES = {"error_type"}
_OVER_WINDOWS = {
    "changes", "count_over_time", "delta", "increase", "irate", "rate", "resets", "sum_over_time", "avg_over_time"
}  # fmt: skip


def problems(rule: Rule) -> Iterator[Problem]:
    """Yield the problems of a rule that show only in a gap, at another pace or with other labels."""
    yield from _kept_in_alerts(rule)
    if rule.alert:
        yield from _paces(rule.expr)


def _kept_in_alerts(rule: Rule) -> Iterator[Problem]:
    """A rule that reads itself loses what it kept where its own series ends."""
    for selector, window in _with_windows(rule.expr, 0):
        if _is_itself(selector, rule) and window < _GAP_SECONDS:
            message = f"{name_of(selector)} of itself over {window:g} s: a failed scrape or a gap ends it for good"
            yield "kept-in-alerts", message


def _with_windows(node: Any, window: float) -> Iterator[tuple[Any, float]]:
    """Yield each selector with the seconds it looks back."""
    if isinstance(node, promql.VectorSelector):
        yield node, window
    is_range = isinstance(node, promql.MatrixSelector | promql.SubqueryExpr)
    for child in children(node):
        yield from _with_windows(child, window + node.range.total_seconds() if is_range else window)


def _is_itself(node: Any, rule: Rule) -> bool:
    if name_of(node) not in _STATE:
        return bool(rule.record) and name_of(node) == rule.record
    names = [m for m in node.matchers.matchers if m.name == "alertname"]
    return bool(rule.alert) and all(_may_be(m, rule.alert) for m in names)


def _may_be(matcher: Any, text: str) -> bool:
    op = str(matcher.op)
    is_equal = bool(re.fullmatch(matcher.value, text)) if op.endswith("Re") else matcher.value == text
    return is_equal != ("Not" in op)


def fallbacks(expression: Any) -> Iterator[Problem]:
    """Yield each `bad or 0 * all` that says "none bad" where the label that tells bad from good is missing."""
    for node in nodes(expression):
        if not (isinstance(node, promql.BinaryExpr) and str(node.op) == "or"):
            continue
        zeros = list(_zeros(node.rhs))
        selectors = list(_selectors(node.lhs))
        for selector in selectors:
            # A guard beside the fallback may demand the label instead.
            same = [zero for zero in zeros if name_of(zero) == name_of(selector)]
            told = set().union(*map(_demanded, same), _counted_without(selector, selectors)) | _ONLY_OF_FAILURES
            for label in sorted(_demanded(selector) - told) if same else ():
                message = f"0 for every {name_of(selector)}, also for one without the label {label}: it cannot tell"
                yield "hiding-fallback", message


def _zeros(node: Any) -> Iterator[Any]:
    """Yield the selectors of which a fallback makes 0."""
    while isinstance(node, promql.ParenExpr) or (
        isinstance(node, promql.BinaryExpr) and str(node.op) in ("and", "unless")
    ):
        node = node.expr if isinstance(node, promql.ParenExpr) else node.lhs
    if isinstance(node, promql.BinaryExpr) and str(node.op) == "*":
        for side, other in ((node.lhs, node.rhs), (node.rhs, node.lhs)):
            if isinstance(side, promql.NumberLiteral) and side.val == 0:
                yield from _selectors(other)


def _selectors(node: Any) -> Iterator[Any]:
    return (inner for inner in nodes(node) if isinstance(inner, promql.VectorSelector))


def _counted_without(selector: Any, others: list[Any]) -> set[str]:
    """Return the labels of which another selector of the same name counts the series that lack them."""
    same = [other for other in others if name_of(other) == name_of(selector)]
    return {m.name for other in same for m in other.matchers.matchers if str(m.op) == "MatchOp.Equal" and not m.value}


def _demanded(selector: Any) -> set[str]:
    """Return the labels that the matchers let be neither missing nor empty."""
    return {m.name for m in selector.matchers.matchers if m.name != "__name__" and not _may_be(m, "")}


def _paces(expression: Any) -> Iterator[Problem]:
    """A count in a fixed window of what may run once a day can never be reached."""
    names = {name_of(inner) for inner in _selectors(expression)}
    for node in nodes(expression):
        if not (isinstance(node, promql.Call) and node.func.name in _OVER_WINDOWS):
            continue
        for inner in _selectors(node):
            for pattern, pace in _PACED.items():
                if pattern.fullmatch(name_of(inner)) and pace not in names:
                    yield (
                        "settable-pace",
                        f"{name_of(inner)} in a fixed window: it moves as often as a setting says, see {pace}",
                    )
