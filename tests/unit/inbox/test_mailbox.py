"""What the mailbox keeps is bounded, in memory and on disk."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporters.core.clock import Clock
from exporters.core.errors import ConfigError
from pantrywatch.inbox.mailbox import Mailbox
from pantrywatch.inbox.message import Delivery
from tests.support.properties import cases
from tests.support.small_disk import fill, small_disk


def _delivery(size: int = 10) -> Delivery:
    return Delivery("slack", "#crm", "title", "x" * size)


def test_the_newest_messages_are_kept_by_count(tmp_path: Path) -> None:
    """Beyond the count the oldest goes; numbers go on, also after a restart, and the file stays as short."""
    mailbox = Mailbox(tmp_path, keep_messages=5)
    for _ in range(23):
        mailbox.add(_delivery())
    assert [message.id for message in mailbox.after(0)] == [19, 20, 21, 22, 23]
    assert mailbox.get(18) is None
    assert len((tmp_path / "messages.jsonl").read_text().splitlines()) <= 10
    again = Mailbox(tmp_path, keep_messages=5)
    assert again.after(0) == mailbox.after(0)
    assert again.add(_delivery()).id == 24


def test_the_newest_messages_are_kept_by_size(tmp_path: Path) -> None:
    """Beyond the bytes the oldest goes; a message larger than all that is kept alone."""
    mailbox = Mailbox(tmp_path, keep_bytes=3300)
    for _ in range(40):
        mailbox.add(_delivery(800))
    assert [message.id for message in mailbox.after(0)] == [38, 39, 40]
    assert (tmp_path / "messages.jsonl").stat().st_size <= 6600
    mailbox.add(_delivery(5000))
    assert [message.id for message in mailbox.after(0)] == [41]


def test_a_folder_without_access_stops_the_start(tmp_path: Path) -> None:
    """A `--keep` that is no folder is a fault of the configuration that names it."""
    (tmp_path / "file").touch()
    with pytest.raises(ConfigError, match=r"--keep .*file: expected a folder to keep messages in"):
        Mailbox(tmp_path / "file")


def test_what_could_not_be_written_is_not_kept(tmp_path: Path) -> None:
    """A message that the disk does not take is refused, so that the sender tries again: it is never half there."""
    mailbox = Mailbox(tmp_path / "kept")
    (tmp_path / "kept/messages.jsonl").unlink()
    (tmp_path / "kept").rmdir()
    with pytest.raises(OSError, match="No such file"):
        mailbox.add(_delivery())
    assert mailbox.after(0) == []


def test_every_message_that_was_taken_is_there_after_a_full_disk(tmp_path: Path) -> None:
    """Whichever writes failed in between, what `add` returned is read again; what it refused is not half there."""
    taken = []
    with small_disk(tmp_path / "disk") as disk:
        mailbox = Mailbox(disk)
        for size in (1000, 60_000, 70_000, 500_000, 1000, 80_000, 90_000, 100):
            try:
                taken.append(mailbox.add(_delivery(size)))
            except OSError:
                assert "No space left" in mailbox.problem
        assert 3 < len(taken) < 8
        assert mailbox.after(0) == taken
        filler = fill(disk)
        with pytest.raises(OSError, match="No space left"):
            mailbox.add(_delivery(8000))
        filler.unlink()
        taken.append(mailbox.add(_delivery(5000)))
        assert mailbox.problem == ""
        assert Mailbox(disk).after(0) == taken
        assert [file.name for file in disk.iterdir()] == ["messages.jsonl"]


def test_a_full_disk_does_not_stop_the_start(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """On a disk without a free page it starts, shows what it holds, says what is wrong, and refuses what is new."""
    with small_disk(tmp_path / "disk") as disk:
        before = Mailbox(disk).add(_delivery())
        with (disk / "messages.jsonl").open("ab") as file:
            file.write(b'{"id": 2, "torn')
        filler = fill(disk)
        mailbox = Mailbox(disk)
        assert mailbox.after(0) == [before]
        assert "No space left on device new messages are refused" in caplog.text
        with pytest.raises(OSError, match="No space left"):
            mailbox.add(_delivery(8000))
        assert not list(Mailbox(disk / "deeper").after(0))
        filler.unlink()
        assert mailbox.add(_delivery()).id == 2
        assert [message.id for message in Mailbox(disk).after(0)] == [1, 2]


def test_a_file_that_cannot_be_shortened_refuses_nothing(tmp_path: Path) -> None:
    """Where there is no room for a second file the message in the first was taken: it is not sent again."""
    with small_disk(tmp_path / "disk") as disk:
        mailbox = Mailbox(disk, keep_messages=2)
        for _ in range(6):
            mailbox.add(_delivery(25_000))
        for _ in range(3):
            mailbox.add(_delivery(10))
        assert [message.id for message in mailbox.after(0)] == [8, 9]


_DAMAGE = st.one_of(
    st.binary(max_size=60),
    st.sampled_from(
        [
            b"[" * 100_000, b'{"id": 1}', b"null", b"{}", b'{"id": ' + b"9" * 5000 + b"}",
            *(
                json.dumps({"id": 1, "received_at": 1.0, "channel": "slack", "to": "x", "title": "t", "text": "x",
                            "alerts": [], **wrong}).encode()
                for wrong in ({"id": -1}, {"id": 2**70}, {"id": True}, {"received_at": 1e300}, {"received_at": None},
                              {"title": 3}, {"alerts": [1]}, {"alerts": None}, {"more": "x"}, {"elapsed_seconds": "x"})
            ),
            b'{"id": 1, "received_at": NaN, "channel": "", "to": "", "title": "", "text": "", "alerts": []}',
        ]
    ),
)  # fmt: skip


@cases(150)
@given(st.lists(_DAMAGE, max_size=3), st.lists(_DAMAGE, max_size=3))
def test_damage_costs_the_damaged_lines_alone(
    tmp_path_factory: pytest.TempPathFactory, before: list[bytes], after: list[bytes]
) -> None:
    """Whatever bytes stand around the good lines, it starts, holds the good ones, and takes the next message."""
    folder = tmp_path_factory.mktemp("damaged")
    kept = Mailbox(folder).add(_delivery())
    good = (folder / "messages.jsonl").read_bytes()
    (folder / "messages.jsonl").write_bytes(b"".join(line + b"\n" for line in before) + good + b"\n".join(after))
    again = Mailbox(folder)
    assert kept in again.after(0)
    again.add(_delivery())
    assert Mailbox(folder).after(0) == again.after(0)


def test_a_damaged_file_is_named_and_put_aside(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The file with the damaged line is kept under another name, and the log says which."""
    Mailbox(tmp_path).add(_delivery())
    with (tmp_path / "messages.jsonl").open("ab") as file:
        file.write(b"not json\n")
    assert len(Mailbox(tmp_path).after(0)) == 1
    (aside,) = tmp_path.glob("messages.jsonl.damaged-*")
    assert aside.read_bytes().endswith(b"not json\n")
    assert f"damaged_lines=1 put_aside={aside}" in caplog.text
    caplog.clear()
    Mailbox(tmp_path)
    assert caplog.text == ""


class _Hands:
    """A clock that the test sets."""

    def __init__(self) -> None:
        self.wall = self.steady = 1_700_000_000.0

    def clock(self) -> Clock:
        return Clock(lambda: self.wall, lambda: self.steady)

    def pass_by(self, seconds: float) -> None:
        self.wall += seconds
        self.steady += seconds


@pytest.mark.parametrize("jump", [-3600.0, 3600.0])
def test_times_between_messages_do_not_follow_a_clock_that_is_set(tmp_path: Path, jump: float) -> None:
    """An escalation reads +15 min though the clock was set by an hour in between, and goes on over a restart."""
    hands = _Hands()
    mailbox = Mailbox(tmp_path, clock=hands.clock())
    alert = Delivery("webhook", "x", "t", "t", "", "firing", "critical", ("CrmApiDown",))
    mailbox.add(alert)
    hands.pass_by(900)
    hands.wall += jump
    mailbox.add(alert)
    hands.pass_by(60)
    again = Mailbox(tmp_path, clock=hands.clock())
    hands.pass_by(30)
    again.add(alert)
    (story,) = again.view(10, 10).incidents
    assert [notice.after_seconds for notice in story.notices] == [0, 900, 990]
