"""Building the browser agent for `./run up` and `./run build`, with a stand-in for npm (the real: tests/browser)."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools.agent_bundle import main

_WORKS = '#!/bin/sh\necho "$1" >>"{log}"\nif [ "$1" = run ]; then mkdir dist && echo agent >dist/tag.js; fi\n'
_FAILS = '#!/bin/sh\necho "npm error network" >&2\nexit 1\n'


def _npm(folder: Path, script: str, monkeypatch: pytest.MonkeyPatch) -> None:
    folder.mkdir(exist_ok=True)
    (folder / "npm").write_text(script)
    (folder / "npm").chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")


def test_it_is_built_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second time nothing is run, until the source differs from what was built."""
    log, dist = tmp_path / "log", tmp_path / "dist"
    _npm(tmp_path / "bin", _WORKS.format(log=log), monkeypatch)
    assert main(dist) == 0
    assert main(dist) == 0
    assert (dist / "tag.js").read_text() == "agent\n"
    assert log.read_text().split() == ["ci", "run"]
    (dist / "stamp").write_text("of another source")
    assert main(dist) == 0
    assert log.read_text().split() == ["ci", "run"] * 2


def test_without_npm_nothing_is_built_and_nothing_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """One line says what is missing."""
    monkeypatch.setenv("PATH", str(tmp_path))
    assert main(tmp_path / "dist") == 0
    assert "not built: there is no npm" in capsys.readouterr().err
    assert not (tmp_path / "dist").exists()


def test_a_registry_that_fails_is_said_in_a_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit code 1, npm's last line and no traceback; what was built before stays."""
    (tmp_path / "dist").mkdir()
    (tmp_path / "dist/tag.js").write_text("older")
    _npm(tmp_path / "bin", _FAILS, monkeypatch)
    assert main(tmp_path / "dist") == 1
    assert capsys.readouterr().err == "pantrywatch: browser agent not built: npm failed: npm error network\n"
    assert (tmp_path / "dist/tag.js").read_text() == "older"
