"""docs/lints.md: each lint of rules and boards: requirement, reason, example, how to switch it off."""

from __future__ import annotations

import json
from pathlib import Path

import yaml

from exporters.core.strict_yaml import read_yaml
from tools.board_lint.check import LINTER, OURS
from tools.board_lint.exclusions import EXCLUSIONS as BOARD_EXCLUSIONS
from tools.rule_lint.check import LINTS as RULE_LINTS
from tools.rule_lint.exclusions import EXCLUSIONS as RULE_EXCLUSIONS

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs/lints.md"
_REASONS = ROOT / "tools/lints.yaml"
_SEEDED = ROOT / "tests/rules/lint/seeded_mistakes.yml"
_HEAD = """# Lints

Generated from tools/lints.yaml and the lints themselves. `./run check` runs all of them on `alert_rules/generated/` and
`dashboards/generated/`, without a server: existing metrics and their labels are known from recorded pages (`./run
metrics`) and from the query files. promtool accepts every example below except that of `new-function`.

A finding is `FILE: RULE: LINT: MESSAGE`. To exclude one, add it with its reason to `tools/rule_lint/exclusions.py`
(rule and lint) or `tools/board_lint/exclusions.py` (board, panel and lint; `*` for all). A test fails when an exclusion
is no longer needed.
"""


def lints_page() -> str:
    """Return the page. Raises KeyError for a lint without a reason."""
    reasons, examples = read_yaml(_REASONS), _examples()
    parts = [_HEAD, "\n# Rules\n\nQueries of boards pass these too, except those about alerts and groups.\n"]
    for name, demand in RULE_LINTS.items():
        allowed = [(rule, why) for (rule, lint), why in RULE_EXCLUSIONS.items() if lint == name]
        parts.append(_section(name, demand, reasons["rules"][name], examples.get(name, ""), allowed))
    parts.append("\n# Boards\n\nThe first ones have the names of Grafana's dashboard linter.\n")
    for name, demand in (LINTER | OURS).items():
        allowed = [(f"{board}, {where}", why) for (board, where, lint), why in BOARD_EXCLUSIONS.items() if lint == name]
        parts.append(_section(name, demand, reasons["boards"][name], "", allowed))
    return "".join(parts)


def _section(name: str, demand: str, reason: str, example: str, allowed: list[tuple[str, str]]) -> str:
    text = f"\n## {name}\n\nRequirement: {demand}.\n\n{reason}\n"
    if example:
        text += f"\n```yaml\n{example}```\n"
    for where, why in allowed:
        text += f"\nExcluded in {where.replace('*', 'all')}: {why}.\n"
    return text


def _examples() -> dict[str, str]:
    """Return lint → the first mistake seeded for it, as a rule."""
    found: dict[str, str] = {}
    for group in yaml.safe_load(_SEEDED.read_text(encoding="utf-8"))["groups"]:
        for rule in group["rules"]:
            labels = {name: value for name, value in rule["labels"].items() if name != "mistake"}
            shown = {**{key: value for key, value in rule.items() if key != "labels"}, "labels": labels}
            text = "".join(f"{key}: {_value(value)}\n" for key, value in shown.items() if value not in ({}, ""))
            found.setdefault(rule["labels"]["mistake"], text)
    return found


def _value(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)
