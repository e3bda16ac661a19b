"""The part of the rules that a promtool case asks about: each rule costs a millisecond in each evaluation of a case."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import Any

import yaml

from tests.rules.promtool import promtool_says

Document = dict[str, Any]
_NAME = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")
_ALERTS = re.compile(r"\bALERTS(?:_FOR_STATE)?\b(?:\{([^}]*)\})?")
_ALERT_NAMES = re.compile(r'alertname(=~?)"([^"]*)"')


def run_cases(file: Path, rules: dict[str, Document], folder: Path, timeout_seconds: float) -> str:
    """Run a file of cases with these rules, file name → document; returns what promtool says, nothing if all hold.

    Cases that ask about the same rules share a run, each with no other rules than it needs.
    """
    cases = yaml.load(file.read_text(), yaml.CSafeLoader)
    said = []
    for number, (names, tests) in enumerate(_batches(cases["tests"], rules)):
        part = folder / f"part-{number}"
        part.mkdir()
        for name, document in rules.items():
            _dump(part / name, {"groups": [_only(group, names) for group in document["groups"]]})
        _dump(part / "cases.yml", cases | {"rule_files": [*rules], "tests": tests})
        said.append(promtool_says(part, "cases.yml", timeout_seconds))
    return "".join(said)


def rules_of(file: Path) -> dict[str, Document]:
    """Return file name → document of the rules that a file of cases names."""
    named = yaml.load(file.read_text(), yaml.CSafeLoader)["rule_files"]
    return {Path(name).name: yaml.load((file.parent / name).read_text(), yaml.CSafeLoader) for name in named}


def needed(test: Document, rules: Sequence[Document]) -> frozenset[str]:
    """Return the names of the alerts and series that a case asks about, and of all that these are made of."""
    names = frozenset(map(name_of, rules))
    told = {case["alertname"] for case in test.get("alert_rule_test", [])}
    asked = told.union(*(_read(case["expr"], names) for case in test.get("promql_expr_test", [])))
    made_of = _made_of(rules, told)
    found: set[str] = set()
    while left := asked - found:
        found |= left
        asked |= set().union(*(made_of.get(name, set()) for name in left))
    return frozenset(found)


def name_of(rule: Document) -> str:
    """Return the name of an alert or of a recorded series."""
    name: str = rule.get("alert") or rule["record"]
    return name


def _batches(tests: list[Document], rules: dict[str, Document]) -> Iterator[tuple[frozenset[str], list[Document]]]:
    every = [rule for document in rules.values() for group in document["groups"] for rule in group["rules"]]
    ordered = sorted((sorted(needed(test, every)), number) for number, test in enumerate(tests))
    for names, batch in groupby(ordered, lambda item: item[0]):
        yield frozenset(names), [tests[number] for _, number in batch]


def _only(group: Document, names: frozenset[str]) -> Document:
    return {**group, "rules": [rule for rule in group["rules"] if name_of(rule) in names]}


def _made_of(rules: Sequence[Document], told: set[str]) -> dict[str, set[str]]:
    names = frozenset(map(name_of, rules))
    made_of: dict[str, set[str]] = {name: set() for name in names}
    for rule in rules:
        # The text of an alert may ask for other series; a case reads it if it is about messages.
        texts = rule["annotations"].values() if rule.get("alert") in told else ()
        for text in (rule["expr"], *texts, *rule.get("labels", {}).values()):
            made_of[name_of(rule)] |= _read(str(text), names)
    return made_of


@cache
def _read(text: str, names: frozenset[str]) -> frozenset[str]:
    alerts = {name for selector in _ALERTS.findall(text) for name in names if _selects(selector, name)}
    return (names & set(_NAME.findall(text))) | alerts


def _selects(selector: str, name: str) -> bool:
    named = _ALERT_NAMES.search(selector)
    return named is None or bool(re.fullmatch(named[2] if named[1] == "=~" else re.escape(named[2]), name))


def _dump(file: Path, document: Document) -> None:
    file.write_text(yaml.dump(document, Dumper=yaml.CSafeDumper))
