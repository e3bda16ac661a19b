"""TCP segments sent again, by group of processes: whose connections suffer from the network?

A connection belongs to the process that has it open; where that may not be read (another user's), to the only group
that runs as its user, else to `other`. What came and went between two samples is not seen, so these are lower bounds.
"""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Callable, Iterable, Mapping
from functools import cached_property

from exporters.core.cardinality import OTHER
from exporters.core.errors import CollectError
from exporters.core.exposition import Family
from exporters.host.socket_diag import Connection, connections, in_network_of_host

_MOST_FILES = 50_000  # open files looked at in one sample
_SOCKET = "socket:["


class GroupConnections:
    """Follows the connections of the groups from sample to sample; the counts never fall, even when one ends."""

    def __init__(
        self,
        groups: Iterable[str],
        procfs: str = "/proc",
        read: Callable[[], Iterable[Connection]] = connections,
    ) -> None:
        """Take the names of the groups; `read` lists the connections."""
        self._procfs = procfs
        self._read = read
        self._known: dict[int, tuple[str, Connection]] | None = (
            None  # cookie → group, and the connection when last seen
        )
        self._totals = {group: [0, 0] for group in (*groups, OTHER)}  # retransmits, segments
        self._error: OSError | CollectError | None = None
        self._seen = False
        self._lock = threading.Lock()

    def refresh(self, members: Mapping[int, str]) -> None:
        """Read every connection once; `members`: PID → group, `other` included.

        In another network than the host's, as in a container, nothing is read.
        """
        try:
            if in_network_of_host(self._procfs):
                self._count(list(self._read()), members)
            self._error = None
        except (OSError, CollectError) as error:
            self._error = error.with_traceback(None)

    def families(self) -> Iterable[Family]:
        """Return the counts, nothing before the first sample. Raises the error of the last one."""
        again = Family(
            "pantrywatch_process_group_tcp_retransmits_total",
            "counter",
            "TCP segments that connections of the group's processes sent again, without those of short connections.",
            ("group",),
        )
        sent = Family(
            "pantrywatch_process_group_tcp_segments_total",
            "counter",
            "TCP segments that connections of the group's processes sent, without those of short connections.",
            ("group",),
        )
        with self._lock:
            for group, (retransmits, segments) in self._totals.items() if self._seen else ():
                again.add(retransmits, group)
                sent.add(segments, group)
        if again.samples:
            yield from (again, sent)
        if self._error:
            raise self._error

    def _count(self, found: list[Connection], members: Mapping[int, str]) -> None:
        before = self._known
        new = {one.inode for one in found if one.inode and one.cookie not in (before or {})}
        owners = _Owners(self._procfs, members, new)
        known: dict[int, tuple[str, Connection]] = {}
        with self._lock:
            for one in found:
                group, last = (before or {}).get(one.cookie, (None, None))
                group = group if group is not None else owners.group_of(one)
                known[one.cookie] = group, one
                if before is not None:  # else it is older than this process
                    total = self._totals[group]
                    total[0] += max(0, one.retransmits - (last.retransmits if last else 0))
                    total[1] += max(0, one.segments - (last.segments if last else 0))
            self._known, self._seen = known, True


class _Owners:
    """Which group has a connection open."""

    def __init__(self, procfs: str, members: Mapping[int, str], inodes: set[int]) -> None:
        """Look for these sockets in the open files of the groups' members; `other` only says whose users are shared."""
        self._procfs, self._members = procfs, members
        self._inodes: dict[int, str] = {}
        left = _MOST_FILES
        for pid, group in members.items() if inodes else ():
            folder = f"{procfs}/{pid}/fd"
            try:
                for name in os.listdir(folder) if left > 0 and group != OTHER else ():  # noqa: PTH208 - as procfs.py
                    left -= 1
                    inode = _inode(f"{folder}/{name}")
                    if inode in inodes:
                        self._inodes.setdefault(inode, group)
            except OSError:
                continue  # it has ended, or is another user's

    @cached_property
    def _users(self) -> dict[int, set[str]]:
        """The groups of each user, looked up when a connection needs them: that saves 15 % of most samples."""
        users: dict[int, set[str]] = {}
        for pid, group in self._members.items():
            with contextlib.suppress(OSError):  # it has ended
                users.setdefault(os.stat(f"{self._procfs}/{pid}").st_uid, set()).add(group)  # noqa: PTH116
        return users

    def group_of(self, connection: Connection) -> str:
        """Return the group of a connection."""
        if connection.inode in self._inodes:
            return self._inodes[connection.inode]
        groups = self._users.get(connection.user, set()) if connection.inode else set()
        return next(iter(groups)) if len(groups) == 1 else OTHER


def _inode(link: str) -> int | None:
    """Return the inode of a socket that is open under this link; None for another file, or one closed meanwhile."""
    try:
        target = os.readlink(link)  # noqa: PTH115 - as above
    except FileNotFoundError:
        return None
    return int(target[len(_SOCKET) : -1]) if target.startswith(_SOCKET) else None
