"""The journey of settings.yaml through the demo CRM."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import yaml

from tests.integration.demo.installation import Installation
from tests.support import exporter


def test_the_journey_of_the_settings_passes(installation: Installation, tmp_path: Path) -> None:
    """It logs in, reads and writes as itself; the demo answers nothing but success, and has one record more."""
    count = "SELECT count(*) FROM interactions"
    lines, records = len(_log(installation)), int(str(installation.postgres.value(count, "crm")))
    done = _run_journey(installation, tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    steps = exporter.page(done.stdout).samples("pantrywatch_check_step_success")
    assert [(labels["target"], value) for labels, value in steps] == [("system-availability", 1)] * 3
    # A line of what was asked before may come late.
    answers = [json.loads(line)["status"] for line in _log(installation)[lines:]]
    assert answers[-3:] == [200, 200, 201]
    assert set(answers) == {200, 201}
    assert installation.postgres.value(count, "crm") == records + 1


def _log(installation: Installation) -> list[str]:
    return installation.access_log.read_text().splitlines()


def _run_journey(installation: Installation, directory: Path) -> subprocess.CompletedProcess[str]:
    """Run the journey alone: the other checks need secrets of a whole stack."""
    checks = yaml.safe_load((exporter.ROOT / "settings.yaml").read_text())["synthetic"]["checks"]
    (journey,) = [check for check in checks if check["kind"] == "journey"]
    files = {name: str(exporter.ROOT / file) for name, file in journey["secret_files"].items()}
    settings = directory / "settings.yaml"
    document = {"environment": "test", "synthetic": {"checks": [{**journey, "secret_files": files}]}}
    settings.write_text(yaml.safe_dump(document))
    return subprocess.run(
        [sys.executable, "-m", "exporters", "--settings", str(settings), "check", journey["name"]],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
        cwd=exporter.ROOT,
        env={**os.environ, "PANTRYWATCH_CRM": installation.url.removeprefix("http://")},
    )
