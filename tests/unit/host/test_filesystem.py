"""Mounts that hang: the scrape goes on, the mount is marked and left alone until it answers."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from pathlib import Path

from exporters.core.deadline import Deadline
from exporters.core.exposition import Family
from exporters.host.filesystem import MountSizes, filesystems, parse_mount
from tests.support import servers
from tests.support.trees import tree

MOUNTS = """/dev/sda1 / ext4 rw,relatime 0 0
proc /proc proc rw 0 0
server:/share /mnt/nfs\\040share nfs4 ro,relatime 0 0
overlay /var/lib/docker/overlay2/x/merged overlay rw 0 0
tmpfs /run tmpfs rw,nosuid 0 0
tmpfs /dev/shm tmpfs rw 0 0
tmpfs /run/credentials/x.service tmpfs ro 0 0
"""


@dataclass(frozen=True, slots=True)
class Size:
    """What statvfs would say."""

    f_frsize: int = 4096
    f_blocks: int = 100
    f_bfree: int = 50
    f_bavail: int = 40
    f_files: int = 10
    f_ffree: int = 5


class Statvfs:
    """Answers at once, but for paths in `hanging`, which wait for `answer`."""

    def __init__(self, hanging: set[str]) -> None:
        self.hanging = hanging
        self.answer = threading.Event()
        self.calls: list[str] = []

    def __call__(self, path: str) -> Size:
        self.calls.append(path)
        if path in self.hanging:
            self.answer.wait(30)
        if path == "/gone":
            raise FileNotFoundError(path)
        return Size()


def test_only_mounts_that_hold_data_are_kept() -> None:
    """Pseudo file systems and containers' layers are left out; a blank in a path is a blank."""
    found = filter(None, map(parse_mount, MOUNTS.splitlines()))
    assert [(mount.mountpoint, mount.read_only) for mount in found] == [
        ("/", False), ("/mnt/nfs share", True), ("/run", False),
    ]  # fmt: skip


def test_a_mount_that_hangs_is_marked_and_left_alone_until_it_answers() -> None:
    """One thread waits for it, however many scrapes; the others are read; once it answers it is read again."""
    statvfs = Statvfs({"/b"})
    sizes = MountSizes(statvfs, limit_seconds=0.1)
    before = threading.active_count()
    for _ in range(5):
        found = sizes.read(["/a", "/b", "/c"], Deadline.after(5))
        assert found["/b"] is None
        assert found["/a"] == found["/c"] == Size()
    assert statvfs.calls.count("/b") == 1
    assert threading.active_count() <= before + 1
    statvfs.answer.set()
    servers.wait_until(lambda: sizes.read(["/b"], Deadline.after(5))["/b"] == Size(), 5, "it is read again")
    servers.wait_until(lambda: threading.active_count() <= before, 5, "the thread ends")


def test_no_more_threads_wait_than_allowed() -> None:
    """With the limit reached nothing more is touched; what was not asked is left out, not called an error."""
    paths = [f"/{number}" for number in range(6)]
    statvfs = Statvfs(set(paths))
    sizes = MountSizes(statvfs, limit_seconds=0.05, most_stuck=2)
    before = threading.active_count()
    for _ in range(3):
        assert sizes.read(paths, Deadline.after(5)) == {"/0": None, "/1": None}
    assert threading.active_count() <= before + 2
    statvfs.answer.set()


def test_the_deadline_ends_the_wait() -> None:
    """A scrape in a hurry does not wait the whole limit for a mount, nor calls it one that hangs."""
    statvfs = Statvfs({"/a"})
    deadline = Deadline.after(0.2)
    assert MountSizes(statvfs, limit_seconds=30).read(["/a", "/b"], deadline) == {}
    assert deadline.at + 2 > Deadline.after(0).at
    statvfs.answer.set()


def test_a_mount_that_fails_has_no_size_but_an_error(tmp_path: Path) -> None:
    """device_error is 1 for a mount that fails or hangs, and its sizes are missing, not 0."""
    table = "/dev/sda1 / ext4 rw 0 0\n/dev/sdb1 /gone ext4 rw 0 0\nserver:/x /stuck nfs ro 0 0\n"
    roots = tree(tmp_path, {"proc/1/mounts": table})
    statvfs = Statvfs({f"{roots.rootfs}/stuck"})

    def at(path: str) -> Size:
        return statvfs("/gone" if path.endswith("/gone") else path)

    families: dict[str, Family] = {
        family.name: family for family in filesystems(roots, MountSizes(at, limit_seconds=0.1), Deadline.after(5))
    }
    statvfs.answer.set()
    errors = {labels[1]: value for labels, value in families["node_filesystem_device_error"].samples}
    assert errors == {"/": 0, "/gone": 1, "/stuck": 1}
    for name, value in (("size_bytes", 409600), ("avail_bytes", 163840), ("files_free", 5)):
        assert families[f"node_filesystem_{name}"].samples == [(("/dev/sda1", "/", "ext4"), value)]
    assert [value for _, value in families["node_filesystem_readonly"].samples] == [0, 0, 1]
