"""docs/settings.md: nothing is undocumented, and the page is current."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

from exporters.core.strict_yaml import read_yaml
from exporters.registry import EXPORTERS, OTHER_KEYS
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
    """What an exporter process takes for a section is what the whole file may have."""
    assert {field.name for field in fields(Settings)} == {*EXPORTERS, *OTHER_KEYS, "web", "marks_file"}
