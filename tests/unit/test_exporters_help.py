"""`pantrywatch-exporter --help`: as wide as the terminal, where that says how wide it is."""

from __future__ import annotations

import os
import sys

import pytest

from exporters import cli


@pytest.mark.parametrize(
    ("variable", "terminal", "expected"),
    [("120", 0, 120), ("", 132, 132), ("0", 132, 132), ("wide", 0, 80), ("", 0, 80)],
)
def test_help_is_as_wide_as_the_terminal(
    variable: str, terminal: int, expected: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """COLUMNS before the terminal; 80 where neither says it, as a serial console and some containers do not."""
    monkeypatch.setenv("COLUMNS", variable)
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setattr(os, "get_terminal_size", lambda: os.terminal_size((terminal, 24)))
    assert cli._terminal_columns() == expected  # noqa: SLF001 - the width argparse gets
