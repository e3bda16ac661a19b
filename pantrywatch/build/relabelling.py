"""`build relabelling`: what a Prometheus with a configuration of its own needs for the application."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from exporters.core.errors import ConfigError, ConfigProblem
from pantrywatch.config.application import Application
from pantrywatch.config.settings import read_settings
from pantrywatch.config.yaml_output import dump
from pantrywatch.generate.relabelling import in_milliseconds, relabellings

_HEAD = """\
# Printed by `pantrywatch build relabelling` from {file}: docs/your-application.md. Renamed series no longer have their
# old names: where other boards read those, scrape the application in a second job with these lines.
"""
_SUM = (
    "# The rule group application.milliseconds of installation.yml converts the sum of a histogram in milliseconds.\n"
)
# Prometheus' name of a field → that of the Prometheus operator.
_CAMEL = {"source_labels": "sourceLabels", "target_label": "targetLabel"}


def print_relabelling(file: Path, *, servicemonitor: bool) -> int:
    """Print the lines for the application's scrape job. Raises ConfigError also where nothing is watched."""
    application = read_settings(file).application
    if application is None:
        raise ConfigError([ConfigProblem(str(file), "application", "expected an application to scrape, got none")])
    head = _HEAD.format(file=file) + (_SUM if in_milliseconds(application) else "")
    sys.stdout.write(head + dump(_endpoint(application) if servicemonitor else _job(application)))
    return 0


def _job(application: Application) -> dict[str, Any]:
    return {"job_name": "application", "metric_relabel_configs": relabellings(application)}


def _endpoint(application: Application) -> dict[str, Any]:
    job = {"targetLabel": "job", "replacement": "application"}
    return {"relabelings": [job], "metricRelabelings": _camel(relabellings(application))}


def _camel(rules: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    return [{_CAMEL.get(name, name): value for name, value in rule.items()} for rule in rules]
