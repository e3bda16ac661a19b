"""How boards are built: what is committed is what the sources give, and nothing else lies there."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest

from pantrywatch.build.repository import build
from tools.board_lint.model import GENERATED, ROOT, read_boards


@pytest.mark.long
def test_what_differs_from_its_source_is_named_and_built(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Of a copy exactly the files changed by hand and those without a source are named; the next build mends them."""
    for folder in ("alert_rules", "dashboards", "docs", "provisioning"):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    for file in ("targets.yaml", "settings.yaml", "components.yaml"):
        shutil.copy(ROOT / file, tmp_path)
    changed = {
        "dashboards/generated/Monitoring/crm-monitoring.json": ("CRM monitoring", "My monitoring"),
        "alert_rules/generated/monitoring.yml": ("up == 0", "up == 2"),
    }
    texts = {file: (tmp_path / file).read_text() for file in changed}
    for file, words in changed.items():
        (tmp_path / file).write_text(texts[file].replace(*words))
    orphans = ["alert_rules/generated/yesterday.yml", "dashboards/generated/Yesterday/crm-monitoring.json"]
    for file in orphans:
        (tmp_path / file).parent.mkdir(exist_ok=True)
        (tmp_path / file).write_text("{}")

    assert build(tmp_path, check=True) == 1
    expected = [f"stale: {file}" for file in changed] + [f"without a source: {file}" for file in orphans]
    assert sorted(capsys.readouterr().err.splitlines()) == sorted(expected)
    assert build(tmp_path) == 0
    assert {file: (tmp_path / file).read_text() for file in changed} == texts
    assert not any((tmp_path / file).exists() for file in orphans)


def test_every_source_is_built_once() -> None:
    """Each crm-*.jsonnet is in the list of boards, under its own uid; each file stands under the name of its uid."""
    sources = sorted(file.stem for file in (ROOT / "dashboards").glob("crm-*.jsonnet"))
    assert [board.uid for board in read_boards()] == sources
    for file in GENERATED.rglob("*.json"):
        assert json.loads(file.read_text())["uid"] == file.stem


def test_numbers_have_no_noise() -> None:
    """No number shows the rounding of binary fractions."""
    noisy = [
        f"{file.name}: {line.strip()}"
        for file in GENERATED.rglob("*.json")
        for line in file.read_text().splitlines()
        if re.search(r"\d\.\d*(0{5}|9{5})\d+,?$", line)
    ]
    assert noisy == []
