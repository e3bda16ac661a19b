"""Labels compared by Alertmanager's inhibition: one missing on both sides counts as equal, so no alert may lack it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import yaml

from tools.rule_lint.catalogue import ROOT
from tools.rule_lint.rulebook import Rule
from tools.rule_lint.shapes import Row, select

CONFIGURATION = ROOT / "provisioning/alertmanager/alertmanager.yml"
_MATCHER = re.compile(r'(?P<label>\w+)\s*(?P<operator>=~|!~|!=|=)\s*"(?P<value>.*)"\Z')
Matcher = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class InhibitRule:
    """The matchers of both sides, as label, operator and value, and the labels compared between them."""

    sides: tuple[tuple[Matcher, ...], tuple[Matcher, ...]]
    equal: tuple[str, ...]


@lru_cache(maxsize=8)
def inhibit_rules(path: Path) -> tuple[InhibitRule, ...]:
    """Return the inhibition rules of an Alertmanager configuration."""
    return tuple(
        InhibitRule(
            (_matchers(rule["source_matchers"]), _matchers(rule["target_matchers"])), tuple(rule.get("equal", []))
        )
        for rule in yaml.safe_load(path.read_text()).get("inhibit_rules") or []
    )


def compared_but_missing(rule: Rule, shape: Iterable[Row], path: Path = CONFIGURATION) -> Iterator[str]:
    """Yield the labels that inhibition compares on this alert, and that not all of its series have."""
    rows = [row.put("alertname", rule.alert) for row in shape]
    missing = {
        label
        for inhibition in inhibit_rules(path)
        for side in inhibition.sides
        for row in rows
        if (selected := _select(row, side)) is not None
        for label in inhibition.equal
        if label not in selected.certain
    }
    yield from sorted(missing)


def _matchers(texts: Iterable[str]) -> tuple[Matcher, ...]:
    found = [_MATCHER.match(text) for text in texts]
    assert all(found), f"a matcher of an unknown form in {texts}"
    return tuple((match["label"], match["operator"], match["value"]) for match in found if match)


def _select(row: Row, matchers: Iterable[Matcher]) -> Row | None:
    """The part of an alert's series that the matchers select, with the labels they demand."""
    selected: Row | None = row
    for matcher in matchers:
        if selected is None:
            return None
        selected = select(selected, *matcher)
    return selected
