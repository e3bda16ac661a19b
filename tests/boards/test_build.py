"""How boards are built: what is committed is what the sources give, and nothing else lies there."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest

from pantrywatch.build.repository import build
from tools.board_lint.model import GENERATED, ROOT, read_boards


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A copy of all that the build reads and writes."""
    for folder in ("alert_rules", "dashboards", "docs", "provisioning"):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    for file in ("targets.yaml", "settings.yaml", "components.yaml"):
        shutil.copy(ROOT / file, tmp_path)
    return tmp_path


def test_committed_boards_are_current() -> None:
    """The committed files are what jsonnet gives today."""
    assert build(ROOT, check=True) == 0


def test_a_board_that_differs_from_its_source_is_noticed(tree: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A file edited by hand is named, and written anew by the next build."""
    board = tree / "dashboards/generated/Monitoring/crm-monitoring.json"
    text = board.read_text()
    board.write_text(text.replace("CRM monitoring", "My monitoring"))
    assert build(tree, check=True) == 1
    assert "stale: dashboards/generated/Monitoring/crm-monitoring.json" in capsys.readouterr().err
    assert build(tree) == 0
    assert board.read_text() == text


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("dashboards/generated/Yesterday/crm-monitoring.json", "{}"),
        ("alert_rules/generated/names.yml", "groups: []"),
    ],
)
def test_a_file_without_a_source_is_noticed(
    tree: Path, capsys: pytest.CaptureFixture[str], file: str, text: str
) -> None:
    """A file that no source gives, as after a move or a new name, is reported, and removed by the next build."""
    old = tree / file
    old.parent.mkdir(exist_ok=True)
    old.write_text(text)
    assert build(tree, check=True) == 1
    assert f"without a source: {file}" in capsys.readouterr().err
    assert build(tree) == 0
    assert not old.exists()


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
