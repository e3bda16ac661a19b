"""The rule files, and with them every series name: exported, recorded, or made from alerts."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import promql_parser as promql
import yaml

from tools.rule_lint.catalogue import Catalogue, Series
from tools.rule_lint.infer import Inference, name_of
from tools.rule_lint.shapes import Row, Shape

# Prometheus' evaluation_interval, for groups without one; the scrape interval is the same.
DEFAULT_INTERVAL_SECONDS = 15.0
# Prometheus' own series about alerts: whether one is pending or firing, and since when.
_OF_ALERTS = ("ALERTS", "ALERTS_FOR_STATE")
_UNITS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800, "y": 31536000}


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule; either `record` or `alert` is its name, the other is empty. Durations in seconds."""

    file: str
    record: str
    alert: str
    expr: Any
    labels: dict[str, str]
    annotations: dict[str, str]
    wait_seconds: float
    interval_seconds: float

    @property
    def name(self) -> str:
        """Its name, for either kind."""
        return self.record or self.alert


def seconds(duration: str) -> float:
    """Return the length of a duration such as 5m or 1h30m."""
    return sum(float(count) * _UNITS[unit] for count, unit in re.findall(r"(\d+)(ms|[smhdwy])", duration))


@lru_cache(maxsize=4096)
def parse(expression: str) -> Any:
    """Return the syntax tree of an expression. Raises ValueError."""
    return promql.parse(expression)


def read_rules(files: Iterable[Path]) -> list[Rule]:
    """Return all rules of the files. Raises ValueError if an expression does not parse."""
    return [rule for file in files for rule in _rules(file.name, yaml.load(file.read_text(), yaml.CSafeLoader))]


def _rules(file: str, document: dict[str, Any]) -> Iterator[Rule]:
    for group in document["groups"]:
        interval = seconds(group["interval"]) if "interval" in group else DEFAULT_INTERVAL_SECONDS
        for rule in group["rules"]:
            yield Rule(
                file,
                rule.get("record", ""),
                rule.get("alert", ""),
                parse(rule["expr"]),
                rule.get("labels", {}),
                rule.get("annotations", {}),
                seconds(rule.get("for", "")),
                interval,
            )


@dataclass(slots=True)
class Rulebook:
    """Looks up series names; the labels of recorded ones are inferred at the first lookup."""

    catalogue: Catalogue
    rules: list[Rule]
    _found: dict[str, Series | None] = field(default_factory=dict)

    def known(self, name: str) -> Series | None:
        """Return type and labels of a series name, or None if nothing produces it."""
        if name not in self._found:
            exported = self.catalogue.get(name)
            # A name recorded from itself refers to the exported series.
            self._found[name] = exported
            recorded = self._of_alerts(name) if name in _OF_ALERTS else self._recorded(name)
            if recorded is not None:
                self._found[name] = _together(exported, recorded)
        return self._found[name]

    def recorded_by(self, name: str) -> list[Rule]:
        """Return the rules that record a name."""
        return [rule for rule in self.rules if rule.record == name]

    def shape_of(self, rule: Rule) -> Shape:
        """Return the labels of a rule's result, including its own labels."""
        shape = Inference(self.known).shape(rule.expr) or frozenset([Row()])
        return frozenset(_labelled(row, rule.labels) for row in shape)

    def _recorded(self, name: str) -> Series | None:
        rules = self.recorded_by(name)
        if not rules:
            return None
        shape: Shape = frozenset().union(*map(self.shape_of, rules))
        is_counter = all(self._keeps_counter(rule.expr) for rule in rules)
        return Series("counter" if is_counter else "gauge", shape)

    def _keeps_counter(self, node: Any) -> bool:
        """Whether the expression only renames a counter, so that it is still one."""
        match node:
            case promql.VectorSelector():
                series = self.known(name_of(node))
                return series is not None and series.type == "counter"
            case promql.ParenExpr() | promql.AggregateExpr():
                return self._keeps_counter(node.expr)
            case promql.Call() if node.func.name == "label_replace":
                return self._keeps_counter(node.args[0])
            case promql.BinaryExpr() if str(node.op) in ("and", "or", "unless"):
                return self._keeps_counter(node.lhs)
            case _:
                return False

    def _of_alerts(self, name: str) -> Series:
        rows = [
            _labelled(row, {"alertname": rule.alert} | ({"alertstate": "{{"} if name == "ALERTS" else {}))
            for rule in self.rules
            if rule.alert
            for row in self.shape_of(rule)
        ]
        return Series("gauge", frozenset(rows))


def _labelled(row: Row, labels: dict[str, str]) -> Row:
    for name, value in labels.items():
        row = row.put(name, None if "{{" in value else value)
    return row


def _together(exported: Series | None, recorded: Series) -> Series:
    if exported is None:
        return recorded
    return replace(exported, shape=exported.shape | recorded.shape)
