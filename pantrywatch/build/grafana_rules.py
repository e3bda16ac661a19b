"""`build grafana-rules`: the alerts for a Grafana that evaluates them itself."""

from __future__ import annotations

import json
from pathlib import Path

from pantrywatch.build.bundle import write_files
from pantrywatch.config.settings import read_settings
from pantrywatch.config.targets import read_targets
from pantrywatch.generate.grafana_rules import grafana_groups
from pantrywatch.generate.rules import rule_documents


def write_grafana_rules(shared: Path, settings_file: Path, into: Path) -> list[str]:
    """Write a file for each group of alerts, and return the names. Raises ConfigError, with nothing written."""
    documents = rule_documents(shared, read_targets(shared / "targets.yaml"), read_settings(settings_file))
    groups = {f"{group['title']}.json": group for group in grafana_groups(documents)}
    return write_files({name: json.dumps(group, indent=2) + "\n" for name, group in groups.items()}, into)
