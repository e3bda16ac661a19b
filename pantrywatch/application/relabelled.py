"""Applies metric_relabel_configs to samples as Prometheus does (model/relabel/relabel.go): the kinds generated."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

_REFERENCE = re.compile(r"\$(?:\$|(\d+))")


class Sample(NamedTuple):
    """One sample of a page; `labels` without the name."""

    name: str
    labels: Mapping[str, str]
    value: float


def relabelled(samples: Iterable[Sample], rules: Sequence[Mapping[str, Any]]) -> Iterator[Sample]:
    """Yield the samples that Prometheus stores, with the names and labels they have then."""
    compiled = [(rule, re.compile(rule.get("regex", "(.*)"))) for rule in rules]
    for sample in samples:
        labels = {"__name__": sample.name, **sample.labels}
        for rule, regex in compiled:
            labels = _applied(labels, rule, regex)
        if labels:
            yield Sample(labels.pop("__name__"), labels, sample.value)


def _applied(labels: dict[str, str], rule: Mapping[str, Any], regex: re.Pattern[str]) -> dict[str, str]:
    """Return the labels after one rule; none, also no name, where the sample is dropped."""
    value = ";".join(labels.get(name, "") for name in rule.get("source_labels", ()))
    match rule.get("action", "replace"):
        case "drop":
            return {} if regex.fullmatch(value) else labels
        case "labeldrop":
            return {name: text for name, text in labels.items() if not regex.fullmatch(name)}
        case "uppercase":
            return _with(labels, rule["target_label"], value.upper())
        case _:
            found = regex.fullmatch(value)
            return _with(labels, rule["target_label"], _expanded(rule["replacement"], found)) if found else labels


def _with(labels: dict[str, str], name: str, value: str) -> dict[str, str]:
    rest = {label: text for label, text in labels.items() if label != name}
    return {**rest, name: value} if value else rest


def _expanded(template: str, found: re.Match[str]) -> str:
    return _REFERENCE.sub(lambda one: (found[int(one[1])] or "") if one[1] else "$", template)
