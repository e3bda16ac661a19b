"""A log is followed through everything that happens to one: each line counts once, and what is lost is a counter."""

from __future__ import annotations

import errno
import gzip
import os
import shutil
from pathlib import Path

import pytest

from exporters.access_log.settings import LogFile
from exporters.core.followed_logs.records import BLOCK_BYTES
from tests.unit.followed_logs.logs import ACCESS, CSV, JSON, Kind, Logs, access_line


@pytest.fixture(params=[ACCESS, CSV, JSON], ids=["access log", "csvlog", "jsonlog"])
def kind(request: pytest.FixtureRequest) -> Kind:
    """What the log is."""
    found: Kind = request.param
    return found


@pytest.fixture
def logs(tmp_path: Path, kind: Kind) -> Logs:
    """An empty log that is being followed."""
    (tmp_path / "access.log").touch()
    return Logs(tmp_path, kind)


def test_what_was_written_before_monitoring_is_not_counted(tmp_path: Path, kind: Kind) -> None:
    """A log with history is followed from its end: old requests are not events of now."""
    (tmp_path / "access.log").write_bytes(kind.line() * 3 + kind.line()[:20])
    logs = Logs(tmp_path, kind)
    logs.write(kind.line()[20:], kind.line())
    logs.round()
    assert (logs.counted(), logs.file().lines) == (2, 2)


def test_a_missing_log_is_named_and_read_from_its_start_once_it_is_there(tmp_path: Path, kind: Kind) -> None:
    """Monitoring starts without the file, and loses none of its lines, also if it restarts before."""
    logs = Logs(tmp_path, kind)
    assert logs.gauges()["log_file_up"] == 0
    assert logs.reader.problems() == {"crm": "No such file or directory"}
    logs.restart()
    logs.write(logs.line(), logs.line())
    logs.round()
    assert logs.counted() == 2
    assert logs.gauges()["log_file_up"] == 1


def test_half_a_line_waits_for_its_other_half(logs: Logs) -> None:
    """A line counts once it is whole, however it arrives, and through a restart."""
    logs.write(logs.line()[:30])
    logs.round()
    assert (logs.counted(), logs.gauges()["log_lag_bytes"]) == (0, 30)
    logs.restart()
    logs.write(logs.line()[30:])
    logs.round()
    assert (logs.counted(), logs.file().failed) == (1, {})


def test_a_rename_loses_nothing(logs: Logs) -> None:
    """Lines before it, lines that a server still writes to the old file after it, and those of the new one."""
    logs.write(logs.line())
    logs.round()
    logs.write(logs.line())
    logs.log.rename(logs.folder / "access.log.1")
    logs.write(logs.line(), to="access.log.1")
    logs.round()
    logs.write(logs.line())
    logs.round()
    logs.write(logs.line(), to="access.log.1")
    logs.write(logs.line())
    logs.round()
    assert logs.counted() == 6
    assert logs.file().rotations == {"renamed": 1}


def test_several_rotations_at_once_lose_nothing(logs: Logs) -> None:
    """While the disk is full, or the machine asleep, nothing is read: a file may come and go meanwhile."""
    logs.write(logs.line())
    logs.round()
    logs.write(logs.line())
    logs.log.rename(logs.folder / "access.log.2")
    logs.write(logs.line() * 2)
    logs.log.rename(logs.folder / "access.log.1")
    logs.write(logs.line())
    logs.write(logs.line(), to="access.log.html")  # no part of it
    logs.round()
    assert logs.counted() == 5
    assert logs.file().rotations == {"renamed": 2}


def test_names_with_a_time_before_the_suffix_are_its_own(logs: Logs) -> None:
    """Some servers and `extension .log` of logrotate put the time there; the log of another site is left alone."""
    logs.write(logs.line())
    logs.round()
    logs.write(logs.line())
    logs.log.rename(logs.folder / "access-2026-11-29T14-34-26.655.log")
    logs.write(logs.line() * 2, to="access-20261130.log")
    for other in ("access-shop.log", "access2.log", "access-2.log", "access-8080.log", "access.log2"):
        logs.write(logs.line() * 9, to=other)
    logs.restart()
    logs.write(logs.line())
    logs.restart()
    logs.round()
    assert (logs.counted(), logs.file().rotations) == (5, {"renamed": 2})


def test_a_log_that_could_not_be_read_at_first_is_followed_from_its_end(tmp_path: Path, kind: Kind) -> None:
    """What it holds by the time its permissions are right is history, also after a restart in between."""
    log = tmp_path / "access.log"
    log.symlink_to(log)
    logs = Logs(tmp_path, kind)
    assert logs.reader.problems() == {"crm": os.strerror(errno.ELOOP)}
    logs.restart()
    log.unlink()
    log.write_bytes(kind.line() * 3)
    logs.round()
    logs.write(logs.line())
    logs.round()
    assert logs.counted() == 1


def test_a_rename_while_stopped_loses_nothing(logs: Logs) -> None:
    """The old file is found under its new name, by its first bytes; so are those that came and went in between."""
    logs.write(*[logs.line(f"/{number}") for number in range(3)])
    logs.round()
    logs.write(logs.line())
    for number in range(3):
        for old in (2, 1):
            if (logs.folder / f"access.log.{old}").exists():
                (logs.folder / f"access.log.{old}").rename(logs.folder / f"access.log.{old + 1}")
        logs.log.rename(logs.folder / "access.log.1")
        logs.write(logs.line(f"/new/{number}"), logs.line(f"/newer/{number}"))
        stamp = 2_000_000_000 + number
        os.utime(logs.log, (stamp, stamp))
    logs.restart()
    assert logs.counted() == 3 + 1 + 6


def test_a_file_that_is_gone_is_counted_as_lost(logs: Logs) -> None:
    """Where the old file was compressed or deleted while nobody read it, that is a counter, and the new one is read."""
    logs.write(logs.line())
    logs.round()
    (logs.folder / "access.log.1.gz").write_bytes(gzip.compress(logs.log.read_bytes()))
    logs.log.unlink()
    logs.write(logs.line("/other"), logs.line())
    logs.restart()
    assert (logs.counted(), logs.file().rotations) == (3, {"lost": 1})


def test_copytruncate_continues_with_the_rest_of_the_copy(logs: Logs) -> None:
    """What was not read before the truncation is read from the copy, also if the file has grown past that point."""
    logs.write(logs.line(), logs.line())
    logs.round()
    logs.write(logs.line("/late"))
    shutil.copy(logs.log, logs.folder / "access.log.1")
    os.truncate(logs.log, 0)
    logs.write(*[logs.line(f"/after/{number}") for number in range(5)])
    logs.round()
    assert (logs.counted(), logs.file().rotations) == (8, {"truncated": 1})
    logs.write(logs.line())
    logs.round()
    assert logs.counted() == 9


def test_copytruncate_without_a_copy_starts_again(logs: Logs) -> None:
    """A truncated file is read from its start; a writer that goes on at its old place leaves zeros: one bad line."""
    logs.write(*[logs.line()] * 4)
    logs.round()
    size = logs.log.stat().st_size
    os.truncate(logs.log, 0)
    with logs.log.open("r+b") as log:
        log.seek(size)
        log.write(b"\n" + logs.line())
    logs.round()
    assert (logs.counted(), logs.file().failed) == (5, {"binary": 1})


def test_garbage_and_lines_that_are_too_long_cost_themselves(logs: Logs) -> None:
    """Any bytes, and a line beyond a block, however it arrives, are counted by reason; the next line is a request."""
    logs.write(logs.line(), b"\x00\xff\n", b"nonsense\n", b"x" * (3 * BLOCK_BYTES))
    logs.round()
    logs.restart()
    bad, reason = logs.kind.bad
    logs.write(b"x" * 1000 + b"\n", logs.line(), bad)
    logs.round()
    assert logs.counted() == 2
    assert logs.file().failed == {"binary": 1, "syntax": 1, "long": 1, reason: 1}


def test_a_backlog_beyond_the_limit_is_passed_over_and_counted(tmp_path: Path, kind: Kind) -> None:
    """Of what was written while nobody read, the newest lines up to the limit count; the others are a counter."""
    (tmp_path / "access.log").touch()
    logs = Logs(tmp_path, kind, most_backlog_bytes=1_000_000)
    logs.write(*[logs.line()] * 30_000)
    logs.restart()
    file = logs.file()
    assert file.skipped + logs.counted() == 30_000
    assert 1_000_000 - BLOCK_BYTES <= file.bytes <= 1_000_000
    assert logs.gauges()["log_lag_bytes"] == 0


def test_every_file_has_its_own_format_and_place(tmp_path: Path) -> None:
    """Several logs are followed at once, each in its format; one that is missing holds up none."""
    files = (LogFile("a", "a.log", "nginx"), LogFile("gone", "gone.log", "nginx"), LogFile("b", "b.log", "caddy"))
    logs = Logs(tmp_path, files=files)
    logs.write(access_line(), to="a.log")
    logs.write(b'{"request":{"method":"GET","uri":"/b"},"duration":1,"size":1,"status":200}\n' * 2, to="b.log")
    logs.round()
    assert logs.counted() == 3
    assert {name: logs.file(name).lines for name in "ab"} == {"a": 1, "b": 2}
    assert logs.reader.problems().keys() == {"gone"}


_BEHIND = b'{"files":{"crm":{"parts":[{"device":1,"inode":2,"offset":-5}]}}}'


@pytest.mark.parametrize(
    "content", [b"", b"{", b"\xff", b"[]", b'{"version":99}', b'{"files":{"crm":{"parts":5}}}', _BEHIND]
)
def test_a_damaged_state_is_kept_named_and_counting_starts_again(
    logs: Logs, content: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    """Whatever the state file holds, the exporter starts, and the file stays for who wants to look at it."""
    logs.write(logs.line())
    logs.round()
    (logs.folder / "state.json").write_bytes(content)
    logs.restart()
    logs.write(logs.line())
    logs.round()
    assert logs.counted() == 1
    [kept] = logs.folder.glob("state.json.damaged-*")
    assert kept.read_bytes() == content
    assert str(logs.folder / "state.json") in caplog.text


def test_what_cannot_be_saved_is_not_shown(logs: Logs) -> None:
    """While the disk is at fault nothing is read; afterwards nothing has been lost."""
    state = logs.folder / "state.json"
    state.unlink()
    state.mkdir()
    logs.write(logs.line())
    logs.round()
    logs.write(logs.line())
    logs.round()
    assert (logs.counted(), logs.reader.fault is not None) == (0, True)
    state.rmdir()
    logs.round()
    logs.round()
    assert (logs.counted(), logs.reader.fault) == (2, None)


def test_a_pipe_or_a_folder_is_refused_and_does_not_block(tmp_path: Path, kind: Kind) -> None:
    """What has no end to read to is named as unreadable."""
    os.mkfifo(tmp_path / "access.log")
    logs = Logs(tmp_path, kind)
    assert logs.reader.problems() == {"crm": "Invalid argument"}
