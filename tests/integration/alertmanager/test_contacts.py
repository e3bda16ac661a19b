"""Every kind of contact, as the oldest supported and the current Alertmanager see it; nothing is sent."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from pantrywatch.containers.layout import container_layout
from pantrywatch.generate.alertmanager.output import alertmanager_files
from pantrywatch.generate.alertmanager.versions import installed_version
from pantrywatch.native.configuration import alertmanager_command
from tests.support.alertmanagers import settings_for
from tests.support.exporter import ROOT
from tests.support.suites import Suite

_OPSGENIE = {"key_file": "secrets/opsgenie", "url": "https://api.eu.opsgenie.com/"}
_KINDS: dict[str, dict[str, Any]] = {
    "pagerduty": {"key_file": "secrets/pagerduty"},
    "opsgenie": _OPSGENIE,
    "msteams": {"url_file": "secrets/teams"},
}


def _configuration(folder: Path, *kinds: str) -> Path:
    """Write Alertmanager's files for an on-call contact of these kinds."""

    def change(section: dict[str, Any]) -> None:
        section["contacts"][0] |= {kind: _KINDS[kind] for kind in kinds}

    (folder / "templates").mkdir()
    for file in (ROOT / "provisioning/alertmanager/templates").glob("*.tmpl"):
        (folder / "templates" / file.name).write_text(file.read_text())
    for name, text in alertmanager_files(settings_for(1, 1, change), container_layout()).items():
        (folder / name).write_text(text)
    return folder / "alertmanager.yml"


def _check(amtool: str | Path, file: Path) -> str:
    done = subprocess.run([str(amtool), "check-config", file], capture_output=True, text=True, timeout=60, check=False)
    return done.stdout + done.stderr


def test_the_oldest_alertmanager_takes_what_it_has(tmp_path: Path) -> None:
    """PagerDuty and Opsgenie, with keys from files, pass amtool 0.25."""
    file = _configuration(tmp_path, "pagerduty", "opsgenie")
    assert "SUCCESS" in _check("amtool", file)
    (opsgenie,) = next(r for r in yaml.safe_load(file.read_text())["receivers"] if "opsgenie_configs" in r)[
        "opsgenie_configs"
    ]
    assert opsgenie["api_key_file"].endswith("opsgenie")
    assert opsgenie["api_url"] == _OPSGENIE["url"]


@pytest.mark.long
def test_the_current_alertmanager_takes_every_kind(tmp_path: Path, current_suite: Suite) -> None:
    """All of them pass its amtool, which reads the templates too."""
    assert "SUCCESS" in _check(current_suite.programs / "amtool", _configuration(tmp_path, *_KINDS))


def test_up_refuses_by_name_what_the_installed_alertmanager_lacks(tmp_path: Path) -> None:
    """Exit code 2 names contact, channel, both versions and what to do, before anything starts."""
    version = installed_version(alertmanager_command().split()[0])
    assert version is not None
    if version >= (0, 28):
        pytest.skip("this machine's Alertmanager has every kind")
    document = yaml.safe_load((ROOT / "settings.yaml").read_text())
    document["notifications"]["contacts"][0]["msteams"] = {"url_file": "teams"}
    (tmp_path / "teams").write_text("https://teams.example/hush")
    file = tmp_path / "settings.yaml"
    file.write_text(yaml.safe_dump(document))
    command = [sys.executable, "-m", "pantrywatch", "--state", str(tmp_path / "state"), "up", "--settings", str(file)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, env=environment)
    assert done.returncode == 2
    assert "notifications.contacts[0].msteams: expected Alertmanager 0.28 or later for msteams, got 0." in done.stderr
    assert "install a newer one as `alertmanager` on the PATH, or give on-call another channel" in done.stderr
    assert "hush" not in done.stderr
