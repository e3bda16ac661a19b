"""What is written is there whole or not at all, whatever the disk does."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from exporters.core.files import append_durably, disk_is_at_fault, put_aside, write_atomically, write_private
from tests.support.small_disk import small_disk

_LARGE = b"x" * 300 * 1024 + b"\n"


@pytest.mark.parametrize("write", [write_atomically, write_private])
def test_a_file_that_does_not_fit_stays_as_it_was(tmp_path: Path, write: Callable[[Path, bytes], None]) -> None:
    """On a disk that is full a replacement fails, the old content is whole, and nothing is left lying about."""
    with small_disk(tmp_path / "disk") as disk:
        write(disk / "file", b"old")
        with pytest.raises(OSError, match="No space left") as raised:
            write(disk / "file", _LARGE)
        assert disk_is_at_fault(raised.value)
        assert {file.name: file.read_bytes() for file in disk.iterdir()} == {"file": b"old"}


def test_an_append_that_does_not_fit_leaves_nothing(tmp_path: Path) -> None:
    """A line of which only a part fits is not there at all, and the next one is whole."""
    with small_disk(tmp_path / "disk") as disk:
        append_durably(disk / "log", b"first\n")
        with pytest.raises(OSError, match="No space left"):
            append_durably(disk / "log", _LARGE)
        append_durably(disk / "log", b"second\n")
        assert (disk / "log").read_bytes() == b"first\nsecond\n"


def test_half_a_line_costs_only_itself(tmp_path: Path) -> None:
    """What a power cut left without its newline does not swallow the line that follows."""
    (tmp_path / "log").write_bytes(b"first\nhal")
    append_durably(tmp_path / "log", b"second\n")
    assert (tmp_path / "log").read_bytes() == b"first\nhal\nsecond\n"


def test_a_replaced_file_keeps_its_mode_and_a_link_stays_a_link(tmp_path: Path) -> None:
    """A file that others may append to stays so, and a link leads where it led before."""
    (tmp_path / "real").write_text("old")
    (tmp_path / "real").chmod(0o664)
    (tmp_path / "link").symlink_to("real")
    write_atomically(tmp_path / "link", "new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real").read_text() == "new"
    assert (tmp_path / "real").stat().st_mode & 0o777 == 0o664


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_root_leaves_a_file_to_its_owner(tmp_path: Path) -> None:
    """A file that root rewrites for somebody still belongs to them."""
    (tmp_path / "marks").write_text("old")
    os.chown(tmp_path / "marks", 1234, 1234)
    write_atomically(tmp_path / "marks", "new")
    assert (tmp_path / "marks").stat().st_uid == 1234


def test_a_private_file_is_private_whatever_the_umask_and_whatever_was_there(tmp_path: Path) -> None:
    """A secret that replaces a file anybody could read, or a link to one, is readable by its owner alone."""
    (tmp_path / "elsewhere").write_text("public")
    (tmp_path / "secret").symlink_to("elsewhere")
    before = os.umask(0)
    try:
        write_private(tmp_path / "secret", "s3cr3t")
        append_durably(tmp_path / "log", b"line\n")
    finally:
        os.umask(before)
    assert not (tmp_path / "secret").is_symlink()
    assert (tmp_path / "secret").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "log").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "elsewhere").read_text() == "public"


def test_what_a_killed_writer_left_is_no_hindrance(tmp_path: Path) -> None:
    """The half of a file that a writer left when it was killed is replaced by the next writer's."""
    (tmp_path / ".file.part").write_text("half")
    write_atomically(tmp_path / "file", "whole")
    assert [file.name for file in tmp_path.iterdir()] == ["file"]


def test_damaged_files_are_kept_aside_within_a_bound(tmp_path: Path) -> None:
    """A damaged file is still there under another name; of many only the newest five are."""
    for number in range(9):
        (tmp_path / "state").write_text(str(number))
        kept = put_aside(tmp_path / "state")
        assert kept.read_text() == str(number)
        assert not (tmp_path / "state").exists()
    assert len(list(tmp_path.iterdir())) == 5


def test_a_fault_of_the_path_is_not_one_of_the_disk() -> None:
    """Only a disk that is full, read-only or broken is one: a folder without access must stop a start."""
    assert disk_is_at_fault(OSError(errno.EROFS, "read-only"))
    assert not disk_is_at_fault(PermissionError(errno.EACCES, "denied"))
