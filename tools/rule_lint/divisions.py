"""Divisions whose denominator may be 0: they give NaN, which is lost in sums, or infinity, which exceeds every limit.

A division is guarded where its denominator
- is a number other than 0, or a metric that cannot be 0 (NEVER_ZERO), or recorded by rules whose results are not 0;
- leaves 0 out by itself: `x > 0`, also inside sum, min, max, avg or a product;
- is compared with 0 next to the division: `a / b > 0.9 and b > 0`;
or where the division itself is compared from below or for equality (`a / b < 0.9`, `== 1`) with nothing subtracted on
the way: NaN and +Inf are not less than, or equal to, a number.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from operator import add, mul, sub
from typing import Any

import promql_parser as promql

from tools.rule_lint.infer import Problem, children, name_of, nodes
from tools.rule_lint.rulebook import Rulebook
from tools.rule_lint.values import is_constant

# Metric → why it cannot be 0.
NEVER_ZERO = {
    "node_memory_MemTotal_bytes": "a machine without memory does not run an exporter",
    "pg_settings_max_connections": "PostgreSQL accepts no less than 1",
    "pg_settings_autovacuum_freeze_max_age": "PostgreSQL accepts no less than 100 000",
    "pg_settings_max_wal_size_bytes": "PostgreSQL accepts no less than two segments",
    "pantrywatch_check_interval_seconds": "the settings accept no less than a second",
    "prometheus_tsdb_retention_limit_seconds": "0 only if retention is not limited by time, which it is here",
}
_ARITHMETIC: dict[str, Callable[[float, float], float]] = {"+": add, "-": sub, "*": mul, "^": pow}
_KEEPS_ZERO_OUT = {"sum", "min", "max", "avg"}


def problems(node: Any, book: Rulebook) -> Iterator[Problem]:
    """Yield every division that is not guarded."""
    yield from _unguarded(node, frozenset(), book, harmless=False)


def _unguarded(node: Any, beside: frozenset[str], book: Rulebook, *, harmless: bool) -> Iterator[Problem]:
    """`beside`: expressions compared with 0 next to this one; `harmless`: NaN and infinity give false here."""
    operator = str(getattr(node, "op", ""))
    if isinstance(node, promql.BinaryExpr) and operator in ("/", "%"):
        is_guarded = harmless or _text(node.rhs) in beside or never_zero(node.rhs, book)
        if not is_guarded:
            yield "unguarded-division", f"divides by {_text(node.rhs)}, which may be 0: add `> 0`"
    if isinstance(node, promql.BinaryExpr) and operator == "and":
        yield from _unguarded(node.lhs, beside | _compared(node.rhs), book, harmless=harmless)
        yield from _unguarded(node.rhs, beside, book, harmless=harmless)
        return
    for child in children(node):
        yield from _unguarded(child, beside, book, harmless=_stays_harmless(node, child, harmless=harmless))


def _stays_harmless(node: Any, child: Any, *, harmless: bool) -> bool:
    match node:
        case promql.BinaryExpr() if str(node.op) in ("<", "<=", "==") and _is_filter(node):
            return is_constant(node.rhs) and not any(str(getattr(inner, "op", "")) == "-" for inner in nodes(child))
        case promql.BinaryExpr() if str(node.op) in ("*", "+"):
            return harmless and (is_constant(node.rhs) or is_constant(node.lhs))
        case promql.ParenExpr():
            return harmless
        case _:
            return False


def _compared(node: Any) -> frozenset[str]:
    """Return the expression a filter compares so that 0 does not pass it."""
    match node:
        case promql.ParenExpr():
            return _compared(node.expr)
        case promql.BinaryExpr() if str(node.op) == "and":
            return _compared(node.lhs) | _compared(node.rhs)
        case promql.BinaryExpr() if _leaves_zero_out(node):
            return frozenset([_text(node.lhs)])
        case _:
            return frozenset()


def never_zero(node: Any, book: Rulebook) -> bool:  # noqa: PLR0911 - one case per kind of node
    """Return whether the result cannot be 0."""
    match node:
        case promql.NumberLiteral():
            return bool(node.val != 0)
        case promql.VectorSelector():
            return _never_zero_series(name_of(node), book)
        case promql.ParenExpr():
            return never_zero(node.expr, book)
        case promql.AggregateExpr():
            return str(node.op) in _KEEPS_ZERO_OUT and never_zero(node.expr, book)
        case promql.Call():
            return _never_zero_call(node, book)
        case promql.BinaryExpr():
            return _never_zero_binary(node, book)
        case _:
            return False


def _never_zero_series(name: str, book: Rulebook) -> bool:
    rules = book.recorded_by(name)
    return name in NEVER_ZERO or (bool(rules) and all(never_zero(rule.expr, book) for rule in rules))


def _never_zero_call(node: Any, book: Rulebook) -> bool:
    if node.func.name == "clamp_min":
        return isinstance(node.args[1], promql.NumberLiteral) and node.args[1].val > 0
    return node.func.name in ("vector", "label_replace", "scalar") and never_zero(node.args[0], book)


def _never_zero_binary(node: Any, book: Rulebook) -> bool:
    operator = str(node.op)
    if is_constant(node):
        return _number(node) != 0
    if operator in ("*", "or"):
        return never_zero(node.lhs, book) and never_zero(node.rhs, book)
    if operator in ("/", "and", "unless"):
        return never_zero(node.lhs, book) or (operator == "and" and _text(node.lhs) in _compared(node.rhs))
    return _leaves_zero_out(node)


def _number(node: Any) -> float:
    """Return the value of an expression of numbers; 0, which guards nothing, if it is not supported here."""
    match node:
        case promql.NumberLiteral():
            return float(node.val)
        case promql.ParenExpr():
            return _number(node.expr)
        case promql.BinaryExpr() if str(node.op) in _ARITHMETIC:
            return _ARITHMETIC[str(node.op)](_number(node.lhs), _number(node.rhs))
        case _:
            return 0


def _leaves_zero_out(node: Any) -> bool:
    """Return whether 0 does not pass this comparison with a number."""
    if not _is_filter(node) or not isinstance(node.rhs, promql.NumberLiteral):
        return False
    limit = node.rhs.val
    passes = {">": limit < 0, ">=": limit <= 0, "!=": limit != 0, "==": limit == 0, "<": limit > 0, "<=": limit >= 0}
    return not passes.get(str(node.op), True)


def _is_filter(node: Any) -> bool:
    return not (node.modifier and node.modifier.return_bool)


def _text(node: Any) -> str:
    while isinstance(node, promql.ParenExpr):
        node = node.expr
    return " ".join(str(node.prettify()).split())
