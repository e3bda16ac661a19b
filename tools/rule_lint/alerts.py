"""Lints of everything but the expression: waiting time, labels, texts, one rule per name and label set."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

import promql_parser as promql

from tools.rule_lint.catalogue import ROOT
from tools.rule_lint.infer import Problem, nodes
from tools.rule_lint.inhibition import compared_but_missing
from tools.rule_lint.rulebook import Rule, Rulebook

_SEVERITIES = {"critical", "high", "medium", "low"}
_TEXTS = ("summary", "description", "impact", "first_step", "deployment", "runbook_url", "dashboard_url")
_ALWAYS = ("severity", "layer", "team", "type")
_LEAST_EVALUATIONS = 2
_MOST_INTERVAL_SECONDS = 300
_LABEL_IN_TEXT = re.compile(r"\$labels\.([a-zA-Z_][a-zA-Z0-9_]*)")
_BOARD = re.compile(r"/d/crm-[a-z-]+(\?|\{\{ with |\Z)")
_VALUE_IN_TEXT = re.compile(r"\{\{[^}]*(\$value|\.Value)")


def problems(rule: Rule, book: Rulebook) -> Iterator[Problem]:
    """Yield the problems of a rule apart from its expression."""
    if rule.interval_seconds > _MOST_INTERVAL_SECONDS:
        yield "slow-group", f"evaluated every {rule.interval_seconds:g} s: series end after {_MOST_INTERVAL_SECONDS} s"
    if rule.alert:
        yield from _wait(rule)
        yield from _labels(rule, book)
        yield from _texts(rule, book)
        if not _filters(rule.expr):
            yield "no-condition", "nothing is compared: it fires for every series"


def duplicates(rules: Iterable[Rule]) -> Iterator[tuple[Rule, Problem]]:
    """Yield rules with the name and labels of an earlier one: their results would collide."""
    rules = list(rules)
    counts = Counter(map(_identity, rules))
    for rule in {_identity(rule): rule for rule in rules if counts[_identity(rule)] > 1}.values():
        yield rule, ("duplicate", "another rule has this name with the same labels")


def _identity(rule: Rule) -> tuple[str, str, tuple[tuple[str, str], ...]]:
    return rule.record, rule.alert, tuple(sorted(rule.labels.items()))


def _wait(rule: Rule) -> Iterator[Problem]:
    least = _LEAST_EVALUATIONS * rule.interval_seconds
    if max([rule.wait_seconds, *_held(rule.expr)]) < least:
        yield "short-for", f"for: {rule.wait_seconds:g} s is less than two evaluations, {least:g} s"


def _held(expression: Any) -> Iterator[float]:
    """Yield for how long something must have held: the ranges of min_over_time."""
    for node in nodes(expression):
        if isinstance(node, promql.Call) and node.func.name == "min_over_time":
            yield from (arg.range.total_seconds() for arg in node.args if isinstance(arg, promql.MatrixSelector))


def _labels(rule: Rule, book: Rulebook) -> Iterator[Problem]:
    shape = book.shape_of(rule)
    for label in _ALWAYS:
        if label not in rule.labels and not all(label in row.certain for row in shape):
            yield "missing-label", f"no label {label}, which routing compares"
    for label in compared_but_missing(rule, shape):
        yield "missing-label", f"not always a label {label}, which inhibition compares"
    if not {"target", "component"} & rule.labels.keys():
        yield "missing-label", "neither target nor component"
    if "severity" in rule.labels and rule.labels["severity"] not in _SEVERITIES:
        yield "missing-label", f"severity {rule.labels['severity']} is not one of {', '.join(sorted(_SEVERITIES))}"
    for label, value in rule.labels.items():
        if _VALUE_IN_TEXT.search(value):
            yield "value-in-label", f"{label} contains the value: each evaluation would start another alert"


def _texts(rule: Rule, book: Rulebook) -> Iterator[Problem]:
    for text in _TEXTS:
        if not rule.annotations.get(text):
            yield "missing-text", f"no annotation {text}"
    page = rule.annotations.get("runbook_url", "")
    if page and not (ROOT / page).is_file():
        yield "missing-text", f"runbook_url: no page {page}"
    board = rule.annotations.get("dashboard_url", "")
    if board and not _BOARD.match(board):
        yield "missing-text", f"dashboard_url: {board} is not the address of a board of the bundle"
    if "`" not in rule.annotations.get("first_step", "``"):
        yield "missing-text", "first_step has no command and no query"
    shape = book.shape_of(rule)
    used = {
        label for text in (*rule.annotations.values(), *rule.labels.values()) for label in _LABEL_IN_TEXT.findall(text)
    }
    for label in sorted(used):
        if not any(row.may_have(label) for row in shape):
            yield "unknown-label", f"a text names $labels.{label}, which no series of the alert has"


def _filters(node: Any) -> bool:  # noqa: PLR0911 - one case a kind of node
    """Return whether the expression can return nothing."""
    match node:
        case promql.BinaryExpr() if str(node.op) == "or":
            return _filters(node.lhs) and _filters(node.rhs)
        case promql.BinaryExpr() if str(node.op) == "unless":
            return True
        case promql.BinaryExpr() if str(node.op) in (">", "<", ">=", "<=", "==", "!="):
            return not (node.modifier and node.modifier.return_bool) or _filters(node.lhs)
        case promql.BinaryExpr():
            return _filters(node.lhs) or _filters(node.rhs)
        case promql.Call():
            return node.func.name.startswith("absent") or any(map(_filters, node.args))
        case promql.ParenExpr() | promql.AggregateExpr() | promql.UnaryExpr():
            return _filters(node.expr)
        case _:
            return False
