"""`pantrywatch-exporter validate` and `check` where the secrets of one exporter alone are, as in its container."""

from __future__ import annotations

from pathlib import Path

import pytest

from exporters.cli import main

_SETTINGS = """
environment: test
cache: [{name: main, url_file: secrets-of-another/cache_url}]
database_log: [{name: primary, path: primary.csv, state: state.json}]
"""
_RECORD = (
    "2026-12-01 00:00:00.000 UTC,,,1,,656d0000.1,1,,2026-12-01 00:00:00 UTC,,0,LOG,00000,"
    '"database system is ready to accept connections",,,,,,,,,"","postmaster",,0\n'
)


@pytest.fixture
def settings(tmp_path: Path) -> str:
    """A settings file next to the log, without the cache's secret."""
    file = tmp_path / "settings.yaml"
    file.write_text(_SETTINGS)
    (tmp_path / "primary.csv").write_text(_RECORD)
    return str(file)


@pytest.mark.parametrize("command", [("validate", "database_log"), ("check", "database_log/primary")])
def test_an_exporter_named_needs_its_own_secrets_alone(
    settings: str, command: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    """The other sections are left to their own containers."""
    assert main(["--settings", settings, *command]) == 0
    assert "cache" not in capsys.readouterr().err


@pytest.mark.parametrize("command", [("validate",), ("validate", "cache"), ("check", "cache/main")])
def test_without_a_name_every_section_is_checked(
    settings: str, command: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    """A secret that is missing is a fault of the whole file, and of its exporter."""
    assert main(["--settings", settings, *command]) == 2
    assert "cache[0].url_file: expected a readable secret file" in capsys.readouterr().err
