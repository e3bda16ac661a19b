"""Rules and boards: jsonnet in, documents out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import _gojsonnet

from pantrywatch.config.settings import Settings
from pantrywatch.config.targets import Targets
from pantrywatch.generate.yaml_output import HEADER, dump

INSTALLATION = "installation.jsonnet"


def installation_rules(root: Path, targets: Targets, settings: Settings) -> str:
    """Return the rule file that says which targets are fed under these settings."""
    measured = json.dumps(measured_targets(targets, settings))
    source = root / "alert_rules" / INSTALLATION
    return rule_text(root, source, render_jsonnet(source, {"measured": measured}))


def measured_targets(targets: Targets, settings: Settings) -> dict[str, bool]:
    """Return target id → whether this installation has what feeds it: data sources, and a check where it needs one."""
    sources = set(settings.feeding())
    checked = {check.target for check in settings.checks()}
    return {
        target.id: sources.issuperset(target.requires) and (not target.is_check_fed or target.id in checked)
        for target in targets.targets
    }


def rule_text(root: Path, source: Path, document: Any) -> str:
    """Return a rule file with its header."""
    return HEADER.format(source=source.relative_to(root)) + dump(document)


def render_jsonnet(source: Path, arguments: dict[str, str]) -> Any:
    """Return what a jsonnet file evaluates to, its top-level arguments given as code."""
    return json.loads(_gojsonnet.evaluate_file(str(source), tla_codes=arguments))
