"""What the mailbox keeps is bounded, in memory and on disk."""

from __future__ import annotations

from pathlib import Path

import pytest

from exporters.core.errors import ConfigError
from pantrywatch.inbox.mailbox import Mailbox
from pantrywatch.inbox.message import Delivery


def _delivery(size: int = 10) -> Delivery:
    return Delivery("slack", "#crm", "title", "x" * size)


def test_the_newest_messages_are_kept_by_count(tmp_path: Path) -> None:
    """Beyond the count the oldest goes; numbers go on, also after a restart, and the file stays as short."""
    mailbox = Mailbox(tmp_path, keep_messages=5)
    for _ in range(23):
        mailbox.add(_delivery(), 1.0)
    assert [message.id for message in mailbox.after(0)] == [19, 20, 21, 22, 23]
    assert mailbox.get(18) is None
    assert len((tmp_path / "messages.jsonl").read_text().splitlines()) <= 10
    again = Mailbox(tmp_path, keep_messages=5)
    assert again.after(0) == mailbox.after(0)
    assert again.add(_delivery(), 2.0).id == 24


def test_the_newest_messages_are_kept_by_size(tmp_path: Path) -> None:
    """Beyond the bytes the oldest goes; a message larger than all that is kept alone."""
    mailbox = Mailbox(tmp_path, keep_bytes=3000)
    for _ in range(40):
        mailbox.add(_delivery(800), 1.0)
    assert [message.id for message in mailbox.after(0)] == [38, 39, 40]
    assert (tmp_path / "messages.jsonl").stat().st_size <= 6000
    mailbox.add(_delivery(5000), 1.0)
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
        mailbox.add(_delivery(), 1.0)
    assert mailbox.after(0) == []
