"""The end of a capacity run."""

from __future__ import annotations

from pathlib import Path

import pytest

from exporters.capacity import CapacityResult
from pantrywatch.capacity.run import Options, recorded
from pantrywatch.config.capacity import CapacityRequest, CapacitySettings

_SETTINGS = CapacitySettings(origins=("http://127.0.0.1:9",), requests=(CapacityRequest(path="/a"),))


def test_a_result_that_cannot_be_written_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It took minutes: a file that cannot be replaced hides it from nobody, and is named."""
    file = tmp_path / "capacity.prom"
    file.mkdir()
    options = Options(_SETTINGS, tmp_path / "settings.yaml", None, 1000.0, 180.0, 20.0, "v1", (file,))
    assert recorded(CapacityResult("v1", 1225.0, 1.7e9, 1300.0, 0.1, 0.0), options) == 1
    said = capsys.readouterr()
    assert said.out == "sustained: 1,225 requests a minute\n"
    assert said.err == f"error: {file}: Is a directory: the result is not recorded\n"
