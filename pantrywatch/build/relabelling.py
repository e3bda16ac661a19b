"""`build relabelling`: what a Prometheus with a configuration of its own needs for the application and its logs."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from exporters.core.errors import ConfigError, ConfigProblem
from pantrywatch.config.settings import Settings, read_settings
from pantrywatch.config.yaml_output import dump
from pantrywatch.generate.relabelling import Relabelling, in_milliseconds, of_job, of_operator

_HEAD = """\
# Printed by `pantrywatch build relabelling` from {file}: docs/your-application.md. Renamed series no longer have their
# old names: where other boards read those, scrape the application in a second job with these lines. One document a job.
"""
_SUM = (
    "# The rule group application.milliseconds of installation.yml converts the sum of a histogram in milliseconds.\n"
)


def print_relabelling(file: Path, *, servicemonitor: bool) -> int:
    """Print the lines for each scrape job with requests. Raises ConfigError also where nothing is watched."""
    settings = read_settings(file)
    jobs = {job: rules for job in _jobs(settings) if (rules := of_job(job, settings))}
    if not jobs:
        expected = "expected an application to scrape, or an access_log, got none"
        raise ConfigError([ConfigProblem(str(file), "application", expected)])
    in_ms = settings.application is not None and in_milliseconds(settings.application)
    write = _endpoint if servicemonitor else _job
    documents = "---\n".join(dump(write(job, rules)) for job, rules in jobs.items())
    sys.stdout.write(_HEAD.format(file=file) + (_SUM if in_ms else "") + documents)
    return 0


def _jobs(settings: Settings) -> tuple[str, ...]:
    """Return the jobs; an application whose requests are all in logs may have no page of its own."""
    if settings.access_log is not None and settings.application is not None and not settings.application.endpoints:
        return ("access_log",)
    return ("application", "access_log")


def _job(job: str, rules: Sequence[Relabelling]) -> dict[str, Any]:
    return {"job_name": job, "metric_relabel_configs": list(rules)}


def _endpoint(job: str, rules: Sequence[Relabelling]) -> dict[str, Any]:
    return {"relabelings": [{"targetLabel": "job", "replacement": job}], "metricRelabelings": of_operator(rules)}
