"""Renders rules and boards from jsonnet."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import rjsonnet

from pantrywatch.config.settings import Settings
from pantrywatch.config.targets import Target, Targets
from pantrywatch.config.yaml_output import HEADER, dump
from pantrywatch.generate.relabelling import in_milliseconds


def rule_files(root: Path, targets: Targets, settings: Settings, speed: int = 1) -> dict[str, str]:
    """Return name → text of every rule file under these settings, with all durations divided by `speed`."""
    documents = rule_documents(root, targets, settings, speed)
    return {f"{layer}.yml": rule_text(layer, document) for layer, document in documents.items()}


def rule_documents(root: Path, targets: Targets, settings: Settings, speed: int = 1, fence: str = "") -> dict[str, Any]:
    """Return layer → its rules, as in alert_rules/rules.libsonnet; `fence`: a matcher of what is scraped here."""
    measured = measured_targets(targets, settings)
    changes = {
        "notMeasured": [target for target, is_measured in measured.items() if not is_measured],
        "onServer": substituted_targets(targets, settings, "on_server"),
        "estimated": substituted_targets(targets, settings, "estimate"),
        "milliseconds": settings.application is not None and in_milliseconds(settings.application),
        "holidays": list(settings.holidays),
        "speed": speed,
        "fence": fence,
    }
    rendered: dict[str, Any] = render_jsonnet(root / "alert_rules/rules.libsonnet", {"changes": json.dumps(changes)})
    return rendered


def installation_rules(root: Path, targets: Targets, settings: Settings) -> str:
    """Return the rule file that records which targets have data under these settings."""
    return rule_files(root, targets, settings)["installation.yml"]


def measured_targets(targets: Targets, settings: Settings) -> dict[str, bool]:
    """Return target id → whether this installation has its data sources, and a check if it needs one."""
    sources = set(settings.feeding())
    checked = {check.target for check in settings.checks()}
    return {
        target.id: substitute_of(target, settings) is not None
        or (sources.issuperset(target.requires) and (not target.is_check_fed or target.id in checked))
        for target in targets.targets
    }


def substituted_targets(targets: Targets, settings: Settings, field: str) -> list[str]:
    """Return the targets that this substitute counts here (`on_server` or `estimate`)."""
    return [target.id for target in targets.targets if substitute_of(target, settings) == field]


def substitute_of(target: Target, settings: Settings) -> str | None:
    """Return what counts the target in place of its indicator: one at most; None if what measures it is set up."""
    sources = set(settings.feeding())
    if sources.issuperset(target.requires):
        return None
    return next((field for field, one in target.substitutes if sources.issuperset(one.requires)), None)


def rule_text(layer: str, document: Any) -> str:
    """Return a rule file with its header."""
    return HEADER.format(source=f"alert_rules/{layer}.jsonnet") + dump(document)


def render_jsonnet(source: Path, arguments: dict[str, str]) -> Any:
    """Return the value of a jsonnet file, with its top-level arguments given as code."""
    return json.loads(rjsonnet.evaluate_file(str(source), tla_codes=arguments))
