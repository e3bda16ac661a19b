"""Infers the labels of an expression's result, and reports labels that do not exist and sides that cannot join."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from itertools import product
from typing import Any

import promql_parser as promql

from tools.rule_lint.catalogue import Series
from tools.rule_lint.shapes import SINGLE, UNKNOWN, Matching, Row, Shape, select

_OPERATORS = {"Equal": "=", "NotEqual": "!=", "Re": "=~", "NotRe": "!~"}
_SCALARS = {"time", "scalar", "pi"}
_SETS = {"and", "or", "unless"}
Problem = tuple[str, str]


@dataclass(slots=True)
class Inference:
    """Analyzes one expression; `known` looks up a series name; `problems` gets lint and message of each problem."""

    known: Callable[[str], Series | None]
    problems: list[Problem] = field(default_factory=list)

    def shape(self, node: Any) -> Shape | None:  # noqa: PLR0911 - one case per kind of node
        """Return the labels of the resulting vector, or None for a scalar or a string."""
        match node:
            case promql.VectorSelector():
                return self._selector(node)
            case promql.MatrixSelector():
                return self._selector(node.vector_selector)
            case promql.ParenExpr() | promql.UnaryExpr() | promql.SubqueryExpr():
                return self.shape(node.expr)
            case promql.AggregateExpr():
                return self._aggregate(node)
            case promql.BinaryExpr():
                return self._binary(node)
            case promql.Call():
                return self._call(node)
            case _:
                # The parser returns a negated number or selector as its operand.
                return None

    def _report(self, lint: str, message: str) -> None:
        if (lint, message) not in self.problems:
            self.problems.append((lint, message))

    def _selector(self, node: Any) -> Shape:
        series = self.known(name_of(node))
        if series is None:
            self._report("unknown-metric", f"{node.name}: neither exported nor recorded")
            return UNKNOWN
        shape = series.shape
        for matcher in node.matchers.matchers:
            operator = _OPERATORS[str(matcher.op).rpartition(".")[2]]
            if not any(row.may_have(matcher.name) for row in shape):
                self._report("unknown-label", f"{node.name} has no label {matcher.name}")
                return UNKNOWN
            left = (select(row, matcher.name, operator, matcher.value) for row in shape)
            shape = frozenset(row for row in left if row is not None)
            if not shape:
                self._report("nothing-selected", f'{node.name}: nothing has {matcher.name}{operator}"{matcher.value}"')
                return UNKNOWN
        return shape

    def _aggregate(self, node: Any) -> Shape:
        inner = self.shape(node.expr) or SINGLE
        if node.param is not None:
            self.shape(node.param)
        if node.modifier is None:
            return inner if str(node.op) in ("topk", "bottomk") else SINGLE
        labels = list(node.modifier.labels)
        self._require(labels, inner, f"{node.op}: the vector inside")
        if str(node.op) in ("topk", "bottomk"):
            return inner
        if node.modifier.type == promql.AggModifierType.By:
            return frozenset(row.keep(labels) for row in inner)
        return frozenset(row.drop(labels) for row in inner)

    def _require(self, labels: Iterable[str], shape: Shape, what: str) -> None:
        for label in labels:
            if not any(row.may_have(label) for row in shape):
                self._report("unknown-label", f"{what} has no label {label}")

    def _binary(self, node: Any) -> Shape | None:
        left, right = self.shape(node.lhs), self.shape(node.rhs)
        if left is None or right is None:
            return left or right
        matching = _matching(node.modifier)
        for side in (left, right) if matching.on and str(node.op) != "or" else (left | right,):
            self._require(sorted(matching.labels), side, f"{node.op}: a side")
        if str(node.op) == "or":
            return left | right
        pairs = [(one, other) for one, other in product(left, right) if matching.fits(one, other)]
        if not pairs:
            self._report(
                "no-join", f"{node.op}: {_described(left, matching)} never equals {_described(right, matching)}"
            )
            return UNKNOWN
        if str(node.op) == "unless":
            return left
        if str(node.op) == "and":
            return frozenset(one for one, _ in pairs)
        return frozenset(self._joined(node, matching, one, other) for one, other in pairs)

    def _joined(self, node: Any, matching: Matching, left: Row, right: Row) -> Row:
        """Return the labels of the result, and report a side whose series the compared labels do not distinguish."""
        card = node.modifier.card if node.modifier else promql.VectorMatchCardinality.OneToOne
        many_left = card == promql.VectorMatchCardinality.ManyToOne
        many_right = card == promql.VectorMatchCardinality.OneToMany
        for row, is_many in ((left, many_left), (right, many_right)):
            if not is_many and (labels := matching.confused(row)):
                self._report("ambiguous-join", f"{node.op}: several series of a side differ only in {_list(labels)}")
        if not (many_left or many_right):
            row = matching.of(left)
            return replace(row, certain=row.certain | matching.of(right).certain & row.possible)
        many, one = (left, right) if many_left else (right, left)
        for label in node.modifier.group_labels or []:
            self._require([label], frozenset([one]), f"{node.op}: the single side")
            many = many.put(label, one.value(label), certain=label in one.certain)
        return many

    def _call(self, node: Any) -> Shape | None:
        name = node.func.name
        shapes = [shape for shape in map(self.shape, node.args) if shape is not None]
        if name in _SCALARS:
            return None
        shape = shapes[0] if shapes else SINGLE
        if name in ("absent", "absent_over_time"):
            return frozenset([_of_absent(node.args[0])])
        if name == "histogram_quantile":
            self._require(["le"], shape, f"{name}: the vector inside")
            return frozenset(row.drop(["le"]) for row in shape)
        if name in ("label_replace", "label_join"):
            return self._relabelled(node, shape)
        return shape

    def _relabelled(self, node: Any, shape: Shape) -> Shape:
        texts = [argument.val for argument in node.args[1:]]
        if node.func.name == "label_join":
            self._require(filter(None, texts[2:]), shape, "label_join: the vector inside")
            return frozenset(row.put(texts[0], None) for row in shape)
        target, replacement, source, _ = texts
        self._require(filter(None, [source]), shape, "label_replace: the vector inside")
        if "$" in replacement:
            return frozenset(row.put(target, None, certain=source in row.certain) for row in shape)
        # Without a source the pattern is matched against the empty text: the label is set on all series.
        return frozenset(row.put(target, replacement if not source else None) for row in shape)


def _matching(modifier: Any) -> Matching:
    if modifier is None or modifier.matching is None:
        return Matching()
    is_on = modifier.matching.type == promql.LabelModifierType.Include
    return Matching(frozenset(modifier.matching.labels), is_on)


def _of_absent(argument: Any) -> Row:
    """absent() returns the labels that its selector compares with =."""
    selector = getattr(argument, "vector_selector", argument)
    matchers = selector.matchers.matchers if isinstance(selector, promql.VectorSelector) else []
    return Row.of((), fixed={m.name: m.value for m in matchers if m.op == promql.MatchOp.Equal})


def _described(shape: Shape, matching: Matching) -> str:
    return " or ".join(sorted({_row(matching.of(row)) for row in shape})[:2])


def _row(row: Row) -> str:
    values = dict(row.fixed)
    return "{" + ", ".join(f"{label}={values.get(label, '*')}" for label in sorted(row.certain)) + "}"


def _list(labels: Iterable[str]) -> str:
    return ", ".join(sorted(labels))


def name_of(selector: Any) -> str:
    """Return the metric of a selector, or an empty text."""
    return str(selector.name or "")


def nodes(node: Any) -> Iterator[Any]:
    """Yield the expression and everything inside it."""
    yield node
    for child in children(node):
        yield from nodes(child)


def children(node: Any) -> list[Any]:
    """Return the expressions directly inside this one."""
    match node:
        case promql.BinaryExpr():
            return [node.lhs, node.rhs]
        case promql.AggregateExpr():
            return [node.expr] if node.param is None else [node.param, node.expr]
        case promql.Call():
            return list(node.args)
        case promql.MatrixSelector():
            return [node.vector_selector]
        case promql.ParenExpr() | promql.UnaryExpr() | promql.SubqueryExpr():
            return [node.expr]
        case _:
            return []
