"""Records the metrics pages of a running stack: `PYTHONPATH=.:tests .venv/bin/python -m rules.lint.record JOB=URL …`.

Writes tools/rule_lint/series/recorded.json and docs/metrics.md. Give every job of prometheus.yml, as a URL or a
file, from a stack that has run for two minutes: what is not given is forgotten.
"""

from __future__ import annotations

import json
import sys
import urllib.request
from pathlib import Path
from typing import Any

import yaml

from tools.rule_lint.catalogue import RECORDED, ROOT, read_recorded
from tools.rule_lint.pages import Family, families

OURS = ("database", "cache", "host", "synthetic", "browser", "exporter", "application")
_TITLES = {
    "database": "PostgreSQL",
    "cache": "Redis, Valkey",
    "host": "The machine",
    "synthetic": "Checks",
    "browser": "Checks in a browser",
    "exporter": "The exporters' process",
    "application": "The watched application (as the demo exports it)",
}
_HEAD = """# Metrics

Generated from tools/rule_lint/series/recorded.json by tools/record_metrics.py: what a running demo exports. What
appears only on other versions, or in trouble, stands in exporters/database/queries/*.yaml and
tools/rule_lint/series/by_hand.yaml. Prometheus adds the labels `job` and `instance`; a `(label)` is not on every
series.
"""
PAGE = ROOT / "docs/metrics.md"
LEFT_OUT = ROOT / "tools/left_out.yaml"


def document(found: list[Family]) -> dict[str, Any]:
    """Return the families by name, as they are written to the file."""
    entries: dict[str, Any] = {}
    for family in sorted(found, key=lambda family: (family.name, family.job)):
        entry = entries.setdefault(family.name, {"type": family.type, "help": family.help, "jobs": {}})
        entry["jobs"][family.job] = {"labels": list(family.labels)}
        if family.optional:
            entry["jobs"][family.job]["optional"] = list(family.optional)
        if family.edges:
            entry["jobs"][family.job]["edges"] = [f"{edge:g}" for edge in family.edges]
    return entries


def page() -> str:
    """Return docs/metrics.md as it follows from the recorded families."""
    recorded = list(read_recorded())
    parts = [_HEAD]
    for job in OURS:
        rows = [_row(family) for family in recorded if family.job == job]
        parts.append(
            f"## {_TITLES[job]}\n\n| Metric | Type | Labels | What it is |\n|---|---|---|---|\n"
            + "\n".join(rows)
            + "\n"
            + "".join(_left_out(peer) for peer in left_out().get(job, []))
        )
    return "\n".join(parts)


def left_out() -> dict[str, list[dict[str, Any]]]:
    """Return job → the exporters of the ecosystem it stands in for, with the families it leaves out."""
    return dict(yaml.safe_load(LEFT_OUT.read_text()))


def _left_out(peer: dict[str, Any]) -> str:
    rows = [
        f"| {', '.join(f'`{name}`' for name in group['names'])} | {group['reason']} |" for group in peer["families"]
    ]
    head = f"\n{peer['exporter']} also has, and we leave out:\n\n| Families | Why |\n|---|---|\n"
    return head + "\n".join(rows) + "\n"


def _row(family: Family) -> str:
    labels = ", ".join([*family.labels, *(f"({label})" for label in family.optional)])
    text = family.help.replace("|", "\\|").replace("<", "&lt;")
    return f"| `{family.name}` | {family.type} | {labels} | {text} |"


def _text(place: str) -> str:
    if "://" not in place:
        return Path(place).read_text()
    with urllib.request.urlopen(place, timeout=15) as answer:  # noqa: S310 - an address the caller gives
        return str(answer.read().decode())


def main(arguments: list[str]) -> None:
    """Write the catalogue and its page."""
    found = [
        family
        for job, _, place in (argument.partition("=") for argument in arguments)
        for family in families(_text(place), job)
    ]
    entries = (f"{json.dumps(name)}: {json.dumps(entry)}" for name, entry in document(found).items())
    RECORDED.write_text("{\n" + ",\n".join(entries) + "\n}\n")
    PAGE.write_text(page())


if __name__ == "__main__":
    main(sys.argv[1:])
