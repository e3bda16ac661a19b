"""The end of the generated history: on the page as a metric where the file says so, and nowhere else."""

from __future__ import annotations

from pathlib import Path

import pytest

from exporters.core.exposition import render
from exporters.generated import GeneratedCollector, GeneratedHistory, read_generated, write_generated


def _page(file: Path) -> str:
    return render(GeneratedCollector(file).collect()).decode()


def test_the_end_of_the_generated_history_is_a_metric_without_labels(tmp_path: Path) -> None:
    """What was written is read again, and its end is the value; without a file there is no such metric."""
    file = tmp_path / "generated.json"
    assert _page(file) == ""
    written = GeneratedHistory(1_700_000_000.0, 35, 1, 1000)
    write_generated(file, written)
    assert read_generated(file) == written
    assert "\npantrywatch_generated_until_seconds 1700000000.0\n" in _page(file)


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "1", '{"until_seconds": 1e400, "days": 1, "seed": 1, "samples": 1}', "[" * 3000, "9" * 5000, "\xff",
     '{"until_seconds": -1, "days": 1, "seed": 1, "samples": 1}', '{"until_seconds": 1700000000}'],
)  # fmt: skip
def test_a_damaged_file_costs_the_metric_alone(tmp_path: Path, text: str) -> None:
    """Anything else in the file is not taken for a time, and the page is there without it."""
    file = tmp_path / "generated.json"
    file.write_bytes(text.encode("latin-1"))
    with pytest.raises(ValueError, match=r"expected|not what"):
        read_generated(file)
    assert _page(file) == ""
