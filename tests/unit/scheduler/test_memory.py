"""The long memory's file: one line for a target and day, whatever is done to the file, its clock and its disk."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporters.core.errors import ConfigError
from pantrywatch.scheduler.day import Day, days_between, first_kept, parse_day
from pantrywatch.scheduler.memory import FILE, MOST_TARGETS, Memory, read_memory
from tests.support.properties import cases
from tests.support.small_disk import fill, small_disk

_FIRST = date(2026, 11, 1)
_TODAY = date(2026, 11, 30)


def _day(on: date = _FIRST, target: str = "lcp", good: float = 90.0) -> Day:
    return Day(on, target, good, 100.0, 0.75, 86400.0)


def _written(folder: Path, *days: Day) -> Path:
    (folder / FILE).write_bytes(b"".join(day.line() for day in days))
    return folder / FILE


def _lines(file: Path) -> list[Day]:
    return [parse_day(line) for line in file.read_bytes().splitlines()]


@cases(100)
@given(st.binary(max_size=200))
def test_any_bytes_are_a_day_or_a_reason(line: bytes) -> None:
    """What is read of a file is a day that says the same when written, or a ValueError: nothing else."""
    try:
        day = parse_day(line)
    except ValueError:
        return
    assert parse_day(day.line()) == day


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('"good": 90.0', '"good": 101.0'),
        ('"good": 90.0', '"good": NaN'),
        ('"good": 90.0', '"good": true'),
        ('"good": 90.0', '"good": 1' + "0" * 400),
        ('"objective": 0.75', '"objective": 1'),
        ('"measured_seconds": 86400.0', '"measured_seconds": 86401'),
        ('"total"', '"sum"'),
        ("2026-11-01", "2026-11-31"),
        ("2026-11-01", "20261101"),
        ('"lcp"', '"../lcp"'),
        ('"lcp"', "null"),
    ],
)
def test_a_line_with_a_value_that_no_day_has_is_damaged(before: str, after: str) -> None:
    """A number out of its range, an unknown field, an impossible date or name: the line is not taken."""
    line = _day().line().decode()
    assert before in line
    with pytest.raises(ValueError, match="expected"):
        parse_day(line.replace(before, after).encode())


def test_a_target_and_day_has_one_line(tmp_path: Path) -> None:
    """A day that is known is not added again, with other numbers neither, nor is it after a restart."""
    memory = read_memory(tmp_path / "kept")
    assert memory.add([_day(), _day(good=1), _day(target="fid")]) == 2
    assert memory.add([_day(good=2), _day(_TODAY)]) == 1
    assert [day.good for day in _lines(tmp_path / "kept" / FILE)] == [90.0, 90.0, 90.0]
    again = Memory(memory.file, {day.key: day for day in _lines(tmp_path / "kept" / FILE)})
    assert again.add([_day(good=3)]) == 0
    assert (tmp_path / "kept" / FILE).stat().st_mode & 0o777 == 0o600


def test_a_second_scheduler_is_refused(tmp_path: Path) -> None:
    """Two on one file would write days twice: the second one ends with exit code 2."""
    first = read_memory(tmp_path)
    with pytest.raises(ConfigError, match="expected no other scheduler"):
        read_memory(tmp_path)
    assert first.file is not None


def test_a_last_line_that_was_cut_short_is_dropped_and_the_file_rewritten(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """At any length it is dropped, said, and gone from the file; nothing waits for somebody, and a whole one counts."""
    whole, last = _day().line(), _day(_TODAY).line()
    for length in (1, 2, 60, len(last) - 2, len(last) - 1):
        folder = tmp_path / f"{length}"
        folder.mkdir()
        (folder / FILE).write_bytes(whole + last[:length])
        memory = read_memory(folder)
        is_whole = length == len(last) - 1
        assert len(memory.known) == 1 + is_whole
        assert _lines(folder / FILE) == [_day(), _day(_TODAY)][: 1 + is_whole]
        assert memory.damaged_files() == 0
    assert "cut short" in caplog.text


def test_damaged_lines_are_named_and_skipped_and_the_file_is_kept(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """What is not a day, comes twice, is too long or is of too many targets is named by its line; the others count."""
    many = [_day(target=f"t{number}") for number in range(MOST_TARGETS)]
    parts = [_day().line(), b"\x00\xff{\n", _day(good=5).line(), b"[" * 200_000 + b"\n", *(day.line() for day in many)]
    (tmp_path / FILE).write_bytes(b"".join(parts))
    memory = read_memory(tmp_path)
    assert len(memory.known) == MOST_TARGETS
    assert memory.known[_FIRST, "lcp"].good == 90.0
    for number in (2, 3, 4, 104):
        assert f"line {number}: expected" in caplog.text
    kept = next(tmp_path.glob(f"{FILE}.damaged-*"))
    assert kept.read_bytes() == b"".join(parts)
    assert len(_lines(tmp_path / FILE)) == MOST_TARGETS
    assert memory.damaged_files() == 1
    kept.unlink()
    assert memory.damaged_files() == 0, "whoever has looked at it removes it"


def test_thirteen_calendar_months_are_kept(tmp_path: Path) -> None:
    """With the newest day's month there are 13: older lines are dropped at the next rewrite, of the file too."""
    assert first_kept(date(2026, 11, 30)) == date(2025, 11, 1)
    assert first_kept(date(2027, 1, 1)) == date(2026, 1, 1)
    assert first_kept(date(2026, 12, 31)) == date(2025, 12, 1)
    memory = read_memory(tmp_path)
    memory.add(_day(on) for on in days_between(date(2025, 10, 30), date(2025, 11, 2)))
    memory.add([_day(_TODAY)])
    memory.forget(_TODAY)
    assert [day.on for day in _lines(tmp_path / FILE)] == [date(2025, 11, 1), date(2025, 11, 2), _TODAY]
    assert [day.on for day in memory.days(_TODAY)] == [date(2025, 11, 1), date(2025, 11, 2), _TODAY]


def test_a_wrong_clock_costs_no_day(tmp_path: Path) -> None:
    """Years ahead or behind, of this machine or in one line: what is kept is counted from the newest day there is."""
    future = date(2040, 1, 1)
    memory = read_memory(tmp_path)
    memory.add([_day(), _day(_TODAY), _day(future)])
    for today in (date(1970, 1, 1), _TODAY, _TODAY + timedelta(days=3650)):
        memory.forget(today)
        assert len(memory.known) == 3
    assert [day.on for day in memory.days(_TODAY)] == [_FIRST, _TODAY]


def test_a_full_disk_costs_nothing_but_the_new_day(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The line is not there, in the file and in memory, and comes with the next try; a start on a full disk works."""
    with small_disk(tmp_path / "disk") as disk:
        memory = read_memory(disk / "kept")
        memory.add([_day()])
        filler = fill(disk)
        with pytest.raises(OSError, match="No space left"):
            memory.add(_day(_FIRST + timedelta(days=n)) for n in range(1, 29))
        assert len(memory.known) == len(_lines(disk / "kept" / FILE)) == 1
        filler.unlink()
        assert memory.add(_day(_FIRST + timedelta(days=n)) for n in range(1, 29)) == 28
        assert len(_lines(disk / "kept" / FILE)) == 29


@pytest.mark.parametrize("what", ["file", "link"])
def test_a_folder_that_cannot_be_one_is_named(tmp_path: Path, what: str) -> None:
    """Where there is a file or a broken link in its place, the start ends with the option that names it."""
    folder = tmp_path / "kept"
    folder.touch() if what == "file" else folder.symlink_to(tmp_path / "nowhere" / "further")
    with pytest.raises(ConfigError, match="--keep"):
        read_memory(folder)
