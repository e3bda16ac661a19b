"""docs/settings.md: nothing is undocumented, and the page is current."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pytest

from exporters.core.strict_yaml import read_yaml
from exporters.registry import SETTINGS_KEYS
from pantrywatch.cli import main
from pantrywatch.config.settings import Settings
from tools.settings_page import settings_page, undocumented

ROOT = Path(__file__).parents[3]


def test_every_key_has_a_description() -> None:
    """Each field of each record that settings.yaml is read into says what it is."""
    assert undocumented() == []


def test_the_page_is_current() -> None:
    """The committed page is what `./run build` would write."""
    assert (ROOT / "docs/settings.md").read_text() == settings_page(read_yaml(ROOT / "settings.yaml"))


def test_every_key_of_the_shipped_file_is_on_the_page() -> None:
    """Each section of the shipped settings has a heading or a row."""
    page = (ROOT / "docs/settings.md").read_text()
    assert all(f"`{key}`" in page for key in read_yaml(ROOT / "settings.yaml"))


def test_exporters_know_every_section() -> None:
    """What an exporter process takes for a section is what the whole file may have, in the same order."""
    assert tuple(field.name for field in fields(Settings)) == SETTINGS_KEYS


def test_an_unknown_section_is_reported_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The whole file and the exporters' sections are checked in turn: one line for each mistake, whoever finds it."""
    file = tmp_path / "settings.yaml"
    file.write_text(f"environment: test\ndatabse: []\nhost: {{name: here}}\nfoo: 1\n{'x' * 200}: 1\n")
    for command in (["validate", str(file)], ["settings", "validate", str(file)]):
        assert main(command) == 2
        said = capsys.readouterr().err.splitlines()
        assert [line.removeprefix(f"error: {file}:")[0] for line in said] == ["2", "4", "5"]
