"""Records the metrics pages of a running `./run up`: `./run metrics`.

Writes tools/rule_lint/series/recorded.json and docs/metrics.md. The pages are Prometheus' targets; every job must
have one that is up, since metrics that are not recorded are dropped.
"""

from __future__ import annotations

import json
import os
import re
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import requests
import yaml

from exporters.core.errors import ConfigError, ConfigProblem
from exporters.core.exit_codes import run_command
from pantrywatch.config.components import components
from pantrywatch.native.state_dir import State
from pantrywatch.web.client import session
from tools.rule_lint.catalogue import RECORDED, ROOT, read_recorded
from tools.rule_lint.pages import Family, families

OURS = (*(component.job for component in components().exporters()), "exporter", "scheduler", "application")
_TITLES = {
    "database": "PostgreSQL",
    "cache": "Redis, Valkey",
    "host": "The machine",
    "synthetic": "Checks",
    "browser": "Checks in a browser",
    "rum": "Users' browsers",
    "access_log": "Access logs",
    "database_log": "PostgreSQL's log",
    "exporter": "The exporters' process",
    "scheduler": "The scheduler",
    "application": "The watched application (as the demo exports it)",
}
_HEAD = """# Metrics

Generated from tools/rule_lint/series/recorded.json by tools/record_metrics.py: the metrics of a running demo.
Metrics that appear only in other versions or on failures are in exporters/database/queries/*.yaml and
tools/rule_lint/series/by_hand.yaml. Prometheus adds the labels `job` and `instance`; a `(label)` is not on every
series.
"""
PAGE = ROOT / "docs/metrics.md"
PEERS = ROOT / "tools/rule_lint/series/peers.yaml"
_LEAST_SECONDS = 120


def document(found: list[Family]) -> dict[str, Any]:
    """Return the families by name, in the form of the file."""
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
    """Return docs/metrics.md for the recorded families."""
    recorded = list(read_recorded())
    parts = [_HEAD]
    for job in OURS:
        rows = [_row(family) for family in recorded if family.job == job]
        parts.append(
            f"## {_TITLES[job]}\n\n| Metric | Type | Labels | Meaning |\n|---|---|---|---|\n" + "\n".join(rows) + "\n"
        )
    return "\n".join([*parts, _without()])


def without() -> dict[str, dict[str, str]]:
    """Return Go exporter → metric that only it has → why."""
    found: dict[str, dict[str, str]] = yaml.safe_load(PEERS.read_text())
    return found


def _without() -> str:
    rows = [f"| {peer} | `{name}` | {why} |" for peer, metrics in without().items() for name, why in metrics.items()]
    head = "## Metrics of the Go exporters that these lack\n\n| Exporter | Metric | Why not |\n|---|---|---|\n"
    return head + "\n".join(rows) + "\n"


def _row(family: Family) -> str:
    labels = ", ".join([*family.labels, *(f"({label})" for label in family.optional)])
    text = family.help.replace("|", "\\|").replace("<", "&lt;")
    return f"| `{family.name}` | {family.type} | {labels} | {text} |"


def pages(targets: Iterable[Mapping[str, Any]], fetch: Callable[[str], str]) -> dict[str, str]:
    """Return job → the text of all its pages, from the active targets of Prometheus' API.

    Raises ConfigError naming each job of components.yaml that has no target which is up.
    """
    found: dict[str, str] = {}
    for target in targets:
        if target["health"] == "up":
            job = target["labels"]["job"]
            found[job] = found.get(job, "") + fetch(target["scrapeUrl"])
    problems = [
        ConfigProblem("Prometheus", component.job, "expected a target that is up: its metrics would be dropped")
        for component in components().components
        if component.job not in found
    ]
    if problems:
        raise ConfigError(problems)
    return found


def uptime_seconds(page_of_prometheus: str, now: float) -> float:
    """Return the uptime of the Prometheus of a page."""
    started = re.search(r"^process_start_time_seconds (?P<value>\S+)$", page_of_prometheus, re.MULTILINE)
    return now - float(started["value"]) if started else 0.0


def _record(state: State) -> int:
    client, prometheus = session(state.web()), state.addresses().url("prometheus")
    try:
        answer = client.get(f"{prometheus}/api/v1/targets", params={"state": "active"}, timeout=15)
        answer.raise_for_status()
        found = pages(answer.json()["data"]["activeTargets"], lambda url: client.get(url, timeout=15).text)
    except requests.RequestException as error:
        expected = f"expected a running ./run up: {type(error).__name__}"
        raise ConfigError([ConfigProblem(prometheus, "targets", expected)]) from error
    if uptime_seconds(found["prometheus"], time.time()) < _LEAST_SECONDS:
        expected = f"expected {_LEAST_SECONDS} s since its start: counters appear when they first count"
        raise ConfigError([ConfigProblem(prometheus, "uptime", expected)])
    recorded = document([family for job, text in found.items() for family in families(text, job)])
    entries = (f"{json.dumps(name)}: {json.dumps(entry)}" for name, entry in recorded.items())
    RECORDED.write_text("{\n" + ",\n".join(entries) + "\n}\n")
    PAGE.write_text(page())
    return 0


if __name__ == "__main__":
    folder = Path(os.environ.get("PANTRYWATCH_STATE", ROOT / ".pantrywatch"))
    sys.exit(run_command(lambda: _record(State(folder.resolve()))))
