"""Lints of the values in an expression: counters, gauges, ranges, divisions, averages, functions."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import promql_parser as promql

from pantrywatch.config.settings import PrometheusSettings
from tools.rule_lint.infer import Problem, children, name_of, nodes
from tools.rule_lint.rulebook import DEFAULT_INTERVAL_SECONDS, Rulebook

OF_COUNTERS = {"rate", "irate", "increase", "resets"}
# For these functions only the presence of a series matters, not its value.
_PRESENCE = {"absent", "absent_over_time", "count", "count_over_time", "group", "present_over_time", "timestamp"}
_RATIO = re.compile(r"(_|:)ratio(_|$)")
_LEAST_SAMPLES = 4
_RETENTION_DAYS = PrometheusSettings().retention_days
# The lookback: no sample of an instant vector is older.
_LOOKBACK_SECONDS = 300

# Functions of Prometheus 2.42, https://prometheus.io/docs/prometheus/2.42/querying/functions/; later ones would stop
# an older server from loading the file.
_KNOWN_FUNCTIONS = """
    abs absent absent_over_time acos acosh asin asinh atan atanh avg_over_time ceil changes clamp clamp_max clamp_min
    cos cosh count_over_time day_of_month day_of_week day_of_year days_in_month deg delta deriv exp floor
    histogram_count histogram_fraction histogram_quantile histogram_sum holt_winters hour idelta increase irate
    label_join label_replace last_over_time ln log10 log2 max_over_time min_over_time minute month pi predict_linear
    present_over_time quantile_over_time rad rate resets round scalar sgn sin sinh sort sort_desc sqrt
    stddev_over_time stdvar_over_time sum_over_time tan tanh time timestamp vector year
"""
_FUNCTIONS = frozenset(_KNOWN_FUNCTIONS.split())
_AGGREGATIONS = frozenset(
    ("avg", "bottomk", "count", "count_values", "group", "max", "min", "quantile", "stddev", "stdvar", "sum", "topk")
)  # fmt: skip


def problems(node: Any, book: Rulebook) -> Iterator[Problem]:
    """Yield the problems with values in the expression."""
    yield from _counters(node, book, rated=False, seen=False)
    held = set(_held(node))
    for inner in nodes(node):
        yield from _functions(inner)
        if str(inner) not in held:
            yield from _ranges(inner, book)
        yield from _averages(inner, book)
        yield from _stale(inner)
    yield from _versions(node, book)


def _functions(node: Any) -> Iterator[Problem]:
    if isinstance(node, promql.Call) and node.func.name not in _FUNCTIONS:
        yield "new-function", f"{node.func.name}() is not known to Prometheus 2.42"
    if isinstance(node, promql.AggregateExpr) and str(node.op) not in _AGGREGATIONS:
        yield "new-function", f"{node.op}() is not known to Prometheus 2.42"


def _counters(node: Any, book: Rulebook, *, rated: bool, seen: bool) -> Iterator[Problem]:
    """`rated`: directly under a function of counters; `seen`: only its presence matters."""
    if isinstance(node, promql.VectorSelector):
        series = book.known(name_of(node))
        kind = series.type if series else "untyped"
        if kind == "counter" and not rated and not seen:
            yield "bare-counter", f"{node.name} counts since its start: take rate() or increase() of it"
        if kind == "gauge" and rated:
            yield "rated-gauge", f"{node.name} is a gauge: its rate is meaningless"
        return
    if isinstance(node, promql.SubqueryExpr) and rated and _is_summed(node.expr):
        yield "rated-gauge", "a sum of counters hides the restart of one of them: sum the rates instead"
    name = node.func.name if isinstance(node, promql.Call) else str(getattr(node, "op", ""))
    seen = seen or _is_since(node)
    is_selector = isinstance(node, promql.MatrixSelector | promql.SubqueryExpr | promql.ParenExpr)
    for number, child in enumerate(children(node)):
        only_seen = name in _PRESENCE or (name in ("and", "unless") and number == 1)
        is_rated = name in OF_COUNTERS or (is_selector and rated)
        # changes() of a counter shows when something was counted, like rate().
        yield from _counters(child, book, rated=is_rated, seen=seen or only_seen or name == "changes")


def _is_since(node: Any) -> bool:
    """Whether it compares counters with themselves some time ago: what is new, or what they have grown by."""
    if not isinstance(node, promql.BinaryExpr) or str(node.op) not in ("-", "unless"):
        return False
    now, before = ([n for n in nodes(side) if isinstance(n, promql.VectorSelector)] for side in (node.lhs, node.rhs))
    same = {name_of(n) for n in now} == {name_of(n) for n in before}
    return bool(now) and same and not any(n.offset for n in now) and all(n.offset for n in before)


def _is_summed(node: Any) -> bool:
    return isinstance(node, promql.AggregateExpr)


def _held(node: Any) -> Iterator[str]:
    """Yield what must have held for so long, by min_over_time: a lost sample does not matter to it."""
    for inner in nodes(node):
        if isinstance(inner, promql.Call) and inner.func.name == "min_over_time":
            yield from map(str, inner.args)


def _ranges(node: Any, book: Rulebook) -> Iterator[Problem]:
    """A range must hold four samples, so that enough are left if one is late or lost.

    One is enough where each is recorded as what happened since the one before.
    """
    if isinstance(node, promql.MatrixSelector):
        name = name_of(node.vector_selector)
        recorded = [rule.interval_seconds for rule in book.recorded_by(name)]
        step = DEFAULT_INTERVAL_SECONDS if name in book.catalogue else max(recorded, default=DEFAULT_INTERVAL_SECONDS)
    elif isinstance(node, promql.SubqueryExpr):
        name = "the subquery"
        step = node.step.total_seconds() if node.step else DEFAULT_INTERVAL_SECONDS
    else:
        return
    least = 1 if name.endswith(f":increase{step // 60:g}m") else _LEAST_SAMPLES
    if node.range.total_seconds() < least * step:
        yield (
            "short-range",
            f"{name}: {node.range.total_seconds():g} s hold less than {least} samples, {step:g} s apart",
        )
    if node.range.days > _RETENTION_DAYS:
        yield "beyond-retention", f"{name}: samples are kept for {_RETENTION_DAYS} days, not {node.range.days}"


def _averages(node: Any, book: Rulebook) -> Iterator[Problem]:
    is_average = (isinstance(node, promql.AggregateExpr) and str(node.op) == "avg") or (
        isinstance(node, promql.Call) and node.func.name == "avg_over_time"
    )
    if not is_average:
        return
    for inner in nodes(node):
        if what := _unaverageable(inner, book):
            yield "averaged-ratio", f"the average of {what} is meaningless: sum both parts, then divide"


def _unaverageable(node: Any, book: Rulebook) -> str:
    match node:
        case promql.Call() if node.func.name in ("histogram_quantile", "quantile_over_time"):
            return "a quantile"
        case promql.BinaryExpr() if str(node.op) == "/" and not is_constant(node.rhs):
            return "a ratio"
        case promql.VectorSelector() if _RATIO.search(name_of(node)):
            return f"the ratio {node.name}"
        case promql.VectorSelector() if (series := book.known(name_of(node))) and any(
            "quantile" in row.possible for row in series.shape
        ):
            return f"the quantiles {node.name}"
    return ""


def _stale(node: Any) -> Iterator[Problem]:
    """timestamp() of an instant vector is five minutes old at most: it cannot be compared with older times."""
    if not isinstance(node, promql.BinaryExpr) or str(node.op) not in (">", "<", ">=", "<="):
        return
    stamps = any(isinstance(n, promql.Call) and n.func.name == "timestamp" for n in nodes(node))
    numbers = [n.val for n in nodes(node) if isinstance(n, promql.NumberLiteral)]
    if stamps and _has_time(node) and any(number >= _LOOKBACK_SECONDS for number in numbers):
        yield "stale-timestamp", "timestamp() is never older than five minutes: this cannot be true"


def _has_time(node: Any) -> bool:
    return any(isinstance(inner, promql.Call) and inner.func.name == "time" for inner in nodes(node))


def _versions(node: Any, book: Rulebook) -> Iterator[Problem]:
    """A metric that newer servers lack must be combined with its replacement."""
    names = {name_of(inner) for inner in nodes(node) if isinstance(inner, promql.VectorSelector)}
    known = {name: series for name in names if (series := book.known(name))}
    newer = {series.since for series in known.values()}
    for name, series in known.items():
        begins = any(series.since < since <= series.until + 1 for since in newer)
        if series.until < _NEWEST and not begins:
            yield "gone-in-newer", f"{name} ends with PostgreSQL {series.until}: add its replacement with `or`"


_NEWEST = 18


def is_constant(node: Any) -> bool:
    """Return whether the expression consists of numbers only."""
    leaves: Callable[[Any], bool] = lambda inner: bool(children(inner)) or isinstance(inner, promql.NumberLiteral)  # noqa: E731 - one line
    return all(leaves(inner) for inner in nodes(node))
