"""The command `boards` refuses what it cannot use before it listens."""

from __future__ import annotations

import pytest

from pantrywatch.cli import main


def test_a_prometheus_that_is_no_url_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    """The fault names the option and what was expected, and repeats no password."""
    assert main(["boards", "--prometheus", "user:secret@prometheus:9090"]) == 2
    said = capsys.readouterr().err
    assert "--prometheus: expected it to begin with http:// or https://" in said
    assert "secret" not in said


def test_an_address_that_is_none_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    """What cannot be listened on is named."""
    assert main(["boards", "--prometheus", "http://127.0.0.1:1", "--listen", "nowhere"]) == 2
    assert "--listen: expected host:port, got nowhere" in capsys.readouterr().err
