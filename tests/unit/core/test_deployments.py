"""Deployment marks: validated, bounded, and on the page as a metric."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from exporters.core.errors import ConfigError
from exporters.core.exposition import render
from exporters.deployments import DeploymentCollector, add_mark, read_marks
from pantrywatch.cli import main


def _page(file: Path) -> str:
    return render(DeploymentCollector(file).collect()).decode()


def test_a_mark_is_a_metric(tmp_path: Path) -> None:
    """What was marked is on the page under its version, with its time as the value."""
    file = tmp_path / "deployments.txt"
    assert "deployment_timestamp_seconds{" not in _page(file)
    add_mark(file, "v1.4.2", 1_700_000_000.5)
    assert 'pantrywatch_deployment_timestamp_seconds{version="v1.4.2"} 1700000000.5' in _page(file)


def test_only_the_newest_are_kept(tmp_path: Path) -> None:
    """Beyond twenty the oldest goes, in the file and on the page; a version marked again has its newest time."""
    file = tmp_path / "deployments.txt"
    for number in range(30):
        add_mark(file, f"v{number}", 1_700_000_000 + number)
    add_mark(file, "v15", 1_700_001_000)
    add_mark(file, "old", 1_600_000_000)
    for number in (9, 8):
        add_mark(file, f"v{number}", 1_700_000_000 + number)
    assert [mark.version for mark in read_marks(file)] == [*(f"v{n}" for n in range(10, 30) if n != 15), "v15"]
    assert len(file.read_text().splitlines()) == 20


def test_lines_a_script_wrote_count_as_far_as_they_are_marks(tmp_path: Path) -> None:
    """A deploy script may append lines; what is no mark, or stands before the last 64 KiB, is passed over."""
    file = tmp_path / "deployments.txt"
    lines = ["1 too-old", *["x" * 100] * 1000, "1700000000 v1", "soon v2", "1700000001 {bad}", "nan v3", "\0", "1e5 v4"]
    file.write_text("\n".join(lines))
    assert [mark.version for mark in read_marks(file)] == ["v1"]


def test_marks_at_the_same_moment_are_all_kept(tmp_path: Path) -> None:
    """Deployments marked at once do not overwrite one another."""
    file = tmp_path / "deployments.txt"
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda number: add_mark(file, f"v{number}", 1_700_000_000 + number), range(15)))
    assert len(read_marks(file)) == 15


@pytest.mark.parametrize("version", ["", "v 1", 'v"1', "v1\n", "ü1", "x" * 65, "-v1", "{{v}}"])
def test_a_version_that_could_do_harm_is_refused(tmp_path: Path, version: str) -> None:
    """A version goes into labels and messages: only a closed set of characters, at most 64."""
    with pytest.raises(ConfigError, match="expected a version of at most 64"):
        add_mark(tmp_path / "deployments.txt", version, 1_700_000_000)
    assert not (tmp_path / "deployments.txt").exists()


@pytest.mark.parametrize("at", ["tomorrow", "", "in an hour", "0", "9" * 30, "2026-13-01"])
def test_a_time_that_has_not_been_is_refused(tmp_path: Path, at: str, capsys: pytest.CaptureFixture[str]) -> None:
    """`--at` takes a time of the past; anything else ends with 2 and says what was expected."""
    # Not as a parameter: its name would differ between the processes that collect the tests.
    at = str(int(time.time()) + 3600) if at == "in an hour" else at
    assert main(["mark", "v1", "--at", at, "--file", str(tmp_path / "marks")]) == 2
    assert "--at" in capsys.readouterr().err
    assert main(["mark", "v1", "--at", "2026-01-02T03:04:05+01:00", "--file", str(tmp_path / "marks")]) == 0
    assert read_marks(tmp_path / "marks")[0].timestamp_seconds == 1767319445


def test_an_unreadable_file_costs_the_marks_alone(tmp_path: Path) -> None:
    """Where the file cannot be read the page is there without marks."""
    assert "deployment_timestamp_seconds{" not in _page(tmp_path)
