"""A log whose every rotation has a name of its own is followed from file to file, whatever the names sort like."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.unit.followed_logs.logs import CSV, Logs

_clock = iter(range(2_000_000_000, 2_100_000_000))


class _Named(Logs):
    """Files `pg-*.csv`: the newest by its time is the log."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, CSV, path="pg-*.csv")

    def add(self, name: str, *texts: str) -> None:
        """Write records to a file, and give it the newest time."""
        self.write(*map(self.line, texts), to=name)
        stamp = next(_clock)
        os.utime(self.folder / name, (stamp, stamp))


@pytest.fixture
def logs(tmp_path: Path) -> _Named:
    """A folder with an old file, that is being followed."""
    named = _Named.__new__(_Named)
    named.folder, named.line = tmp_path, CSV.line
    for name in ("pg-sat.csv", "pg-sun.csv"):
        named.add(name, f"before {name}")
    _Named.__init__(named, tmp_path)
    return named


def test_each_new_file_is_read_from_its_start(logs: _Named) -> None:
    """Names need not sort; what is written to the old file until then counts too, and two files within one round."""
    logs.add("pg-sun.csv", "late")
    logs.round()
    logs.add("pg-sun.csv", "later")
    logs.add("pg-mon.csv", "first", "second")
    logs.add("pg-tue.csv", "third")
    logs.round()
    assert logs.counted() == 5
    assert logs.file().rotations == {"renamed": 2}


def test_files_that_came_while_stopped_are_read_in_their_order(logs: _Named) -> None:
    """The rest of the last one, those in between, and the newest."""
    logs.add("pg-sun.csv", "one")
    logs.round()
    logs.add("pg-sun.csv", "two")
    for name in ("pg-mon.csv", "pg-tue.csv", "pg-wed.csv"):
        logs.add(name, f"in {name}")
    logs.restart()
    assert logs.counted() == 5


def test_a_name_that_comes_back_is_read_from_its_start_if_it_was_truncated(logs: _Named) -> None:
    """A week later the file of that day is written again, from its start."""
    for name in ("pg-mon.csv", "pg-tue.csv"):
        logs.add(name, f"in {name}")
        logs.round()
    for _ in range(70):
        logs.round()
    os.truncate(logs.folder / "pg-mon.csv", 0)
    logs.add("pg-mon.csv", "a week later", "and more")
    for _ in range(10):  # nothing was created: the folder says nothing about it
        logs.round()
    assert logs.counted() == 4


def test_what_was_read_or_was_there_before_never_counts_again(logs: _Named) -> None:
    """An old file that is touched, or to which something is appended, gives what is new in it and nothing else."""
    logs.add("pg-mon.csv", "in mon")
    for _ in range(70):
        logs.round()
    logs.restart()
    logs.add("pg-sat.csv", "appended")
    logs.add("pg-sun.csv")
    for _ in range(12):
        logs.round()
    logs.add("pg-mon.csv", "more")
    for _ in range(12):
        logs.round()
    assert logs.counted() == 3


def test_a_folder_without_a_file_is_a_missing_log(tmp_path: Path) -> None:
    """It is named, and the first file that comes is read from its start."""
    logs = _Named(tmp_path)
    assert logs.gauges()["log_file_up"] == 0
    logs.add("pg-1.csv", "first")
    logs.round()
    assert (logs.counted(), logs.gauges()["log_file_up"]) == (1, 1)
