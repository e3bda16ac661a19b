"""File systems: /proc/1/mounts and statvfs, where a hung mount costs one thread but never a scrape.

Names as in node_exporter. statvfs on a dead NFS or FUSE mount blocks forever, and nothing can interrupt the call: so it
runs in a thread that may be abandoned, and the mount is not touched again before that call has returned.
"""

from __future__ import annotations

import os
import re
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from exporters.core.deadline import Deadline
from exporters.core.errors import CollectError, ErrorClass
from exporters.core.exposition import Family
from exporters.host.procfs import Roots, Table, decode, label, lines

_LABELS = ("device", "mountpoint", "fstype")
# They store no data; node_exporter leaves out the same.
_PSEUDO_TYPES = frozenset({
    "autofs", "binfmt_misc", "bpf", "cgroup", "cgroup2", "configfs", "debugfs", "devpts", "devtmpfs", "fusectl",
    "hugetlbfs", "iso9660", "mqueue", "nsfs", "overlay", "proc", "procfs", "pstore", "rpc_pipefs", "securityfs",
    "selinuxfs", "squashfs", "sysfs", "tracefs",
})  # fmt: skip
_PSEUDO_MOUNTS = re.compile(
    r"/(?:dev|proc|sys|run/credentials/.+|var/lib/docker/.+|var/lib/containers/storage/.+)(?:/|$)"
)
_ESCAPE = re.compile(rb"\\([0-3][0-7]{2})")
_LIMIT_SECONDS = 1.0  # for one mount; a healthy one answers within milliseconds
_MOST_STUCK = 4


class Sizes(Protocol):
    """The part of os.statvfs_result used here."""

    @property
    def f_frsize(self) -> int: ...
    @property
    def f_blocks(self) -> int: ...
    @property
    def f_bfree(self) -> int: ...
    @property
    def f_bavail(self) -> int: ...
    @property
    def f_files(self) -> int: ...
    @property
    def f_ffree(self) -> int: ...


StatvfsResult = Sizes | OSError | None  # None: it hangs


class Mount(NamedTuple):
    """One line of the mount table."""

    device: str
    mountpoint: str
    fstype: str
    read_only: bool


@dataclass(slots=True)
class _Batch:
    """The mounts of one scrape, handed from one thread to the next if a mount hangs."""

    waiting: deque[str]
    found: dict[str, StatvfsResult] = field(default_factory=dict)
    current: str | None = None
    since: float = 0.0
    done: threading.Event = field(default_factory=threading.Event)


class MountSizes:
    """Reads the sizes of mounts in a thread; at most `most_stuck` threads ever wait for hung mounts."""

    def __init__(
        self,
        statvfs: Callable[[str], Sizes] | None = None,
        limit_seconds: float = _LIMIT_SECONDS,
        most_stuck: int = _MOST_STUCK,
    ) -> None:
        """Take the function to call, the time that one mount may take, and the limit of threads."""
        self._statvfs = statvfs or _statvfs
        self._limit = limit_seconds
        self._most_stuck = most_stuck
        self._lock = threading.Lock()
        self._stuck: set[str] = set()

    def read(self, paths: Sequence[str], deadline: Deadline) -> dict[str, StatvfsResult]:
        """Return the sizes of each mount, its error, or None if it hangs; those not reached in time are left out."""
        with self._lock:
            stuck = self._stuck.intersection(paths)
        batch = _Batch(deque(path for path in paths if path not in stuck))
        batch.found.update(dict.fromkeys(stuck))
        while batch.waiting and len(self._stuck) < self._most_stuck and not deadline.passed():
            batch.since = time.monotonic()
            threading.Thread(target=self._work, args=(batch,), name="statvfs", daemon=True).start()
            self._wait(batch, deadline)
        with self._lock:
            return dict(batch.found)

    def _wait(self, batch: _Batch, deadline: Deadline) -> None:
        """Return when the batch is done, or when its thread hangs in one mount, which is then marked."""
        while not batch.done.wait(max(0.0, min(batch.since + self._limit, deadline.at) - time.monotonic())):
            with self._lock:
                hangs = time.monotonic() >= batch.since + self._limit
                if batch.current is not None and (hangs or deadline.passed()):
                    # Left to its thread in either case; but running out of our own time is not evidence against the
                    # mount.
                    self._stuck.add(batch.current)
                    if hangs:
                        batch.found[batch.current] = None
                    return

    def _work(self, batch: _Batch) -> None:
        while True:
            with self._lock:
                path = batch.current = batch.waiting.popleft() if batch.waiting else None
                batch.since = time.monotonic()
            if path is None:
                batch.done.set()
                return
            try:
                result: Sizes | OSError = self._statvfs(path)
            except OSError as error:
                result = error
            with self._lock:
                if path in self._stuck:
                    self._stuck.discard(path)  # it answers again: the next scrape may ask it; another thread continued
                    return
                batch.found[path] = result


def parse_mount(line: str) -> Mount | None:
    """Return a mount that holds data, or None for another, from a line of /proc/mounts. Raises ValueError."""
    # Split from the right: whatever text a file system uses as its device, even an empty one, these five fields follow.
    device, point, fstype, options, _, _ = line.rsplit(" ", 5)
    device, point, fstype = _unescape(device), _unescape(point), _unescape(fstype)
    if not point.startswith("/"):
        raise ValueError("no path")
    if fstype in _PSEUDO_TYPES or _PSEUDO_MOUNTS.match(point):
        return None
    return Mount(device, point, fstype, "ro" in options.split(","))


def filesystems(roots: Roots, sizes: MountSizes, deadline: Deadline) -> Iterable[Family]:
    """Return size and usage of each mounted file system; device_error is 1 for one that fails or hangs.

    Raises CollectError after the families: of class timeout for mounts that were not reached in time, protocol for
    lines that are not mounts.
    """
    table = Table("/proc/mounts")
    # A mount point that is mounted over counts once: only the last mount is visible.
    seen = {mount.mountpoint: mount for mount in table.rows(lines(_table(roots)), parse_mount)}
    prefix = roots.rootfs.rstrip("/")
    inside = [(mount, f"{prefix}{mount.mountpoint}") for mount in seen.values()]
    found = sizes.read([path for _, path in inside], deadline)
    yield from _families([(mount, found[path]) for mount, path in inside if path in found])
    table.report()
    if missing := len(inside) - len(found):
        raise CollectError(ErrorClass.TIMEOUT, f"{missing} mounts not checked: others hang")


def _table(roots: Roots) -> str:
    try:
        return roots.proc("1/mounts")  # the host's, if its /proc is mounted into a container
    except OSError:
        return roots.proc("self/mounts")


def _families(found: Sequence[tuple[Mount, StatvfsResult]]) -> list[Family]:
    read_only = Family("node_filesystem_readonly", "gauge", "Whether the file system is mounted read-only.", _LABELS)
    error = Family("node_filesystem_device_error", "gauge", "Whether statvfs fails or does not return.", _LABELS)
    measures = [
        Family(f"node_filesystem_{name}", "gauge", f"{text}, from statvfs.", _LABELS)
        for name, text in (
            ("size_bytes", "Size"),
            ("free_bytes", "Free space"),
            ("avail_bytes", "Free space available to users other than root"),
            ("files", "Inodes"),
            ("files_free", "Free inodes"),
        )
    ]
    for mount, size in found:
        labels = (label(mount.device), label(mount.mountpoint), label(mount.fstype))
        read_only.add(int(mount.read_only), *labels)
        error.add(int(size is None or isinstance(size, OSError)), *labels)
        if size is None or isinstance(size, OSError):
            continue
        unit = size.f_frsize
        values = (size.f_blocks * unit, size.f_bfree * unit, size.f_bavail * unit, size.f_files, size.f_ffree)
        for family, value in zip(measures, values, strict=True):
            family.add(value, *labels)
    return [*measures, read_only, error]


def _unescape(word: str) -> str:
    if "\\" not in word:
        return word
    return decode(_ESCAPE.sub(lambda match: bytes([int(match[1], 8)]), word.encode(errors="surrogateescape")))


def _statvfs(path: str) -> Sizes:
    return os.statvfs(path.encode(errors="surrogateescape"))
