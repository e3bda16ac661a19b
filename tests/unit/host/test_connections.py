"""TCP segments sent again, by group: connections of the real kernel, and made-up ones that end and change hands."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporters.core.errors import CollectError, ErrorClass
from exporters.core.exposition import render
from exporters.host.connections import GroupConnections
from exporters.host.socket_diag import Connection, connections, in_network_of_host, parsed
from tests.support import exporter
from tests.support.properties import cases

_AGAIN, _SENT = (f"pantrywatch_process_group_tcp_{what}_total" for what in ("retransmits", "segments"))


def values(groups: GroupConnections, name: str = _AGAIN) -> dict[str, float]:
    """Return group → value."""
    page = exporter.page(render(groups.families()).decode())
    return {labels["group"]: value for labels, value in page.samples(name)}


def test_own_connection_is_seen_and_grows() -> None:
    """The kernel lists a connection of this process; what it sends after the first sample counts in its group."""
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()) as client:
        inode = os.fstat(client.fileno()).st_ino
        groups = GroupConnections(["me"], read=lambda: [one for one in connections() if one.inode == inode])
        assert list(groups.families()) == []
        groups.refresh({os.getpid(): "me"})
        assert values(groups, _SENT) == {"me": 0, "other": 0}, "what it sent before is not of this time"
        for _ in range(3):
            client.sendall(b"x")
        groups.refresh({os.getpid(): "me"})
        assert values(groups, _SENT)["me"] >= 3
        assert values(groups) == {"me": 0, "other": 0}


def test_any_user_may_list_connections() -> None:
    """The kernel answers a user without any privilege too."""
    code = "from exporters.host.socket_diag import connections; print(len(list(connections())))"
    command = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", sys.executable, "-c", code]
    if os.geteuid() != 0 or subprocess.run([*command[:-2], "-V"], capture_output=True, check=False).returncode:
        pytest.skip("no other user to try it as, or one who may not run this Python")
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()):
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=30, env={"PYTHONPATH": "."})
    assert int(done.stdout) >= 1


def listed(*samples: Sequence[Connection]) -> GroupConnections:
    """Return the groups crm and postgres, after these samples; nobody's open files may be read."""
    rest = iter(samples)
    groups = GroupConnections(["crm", "postgres"], read=lambda: next(rest))
    for _ in samples:
        groups.refresh({os.getpid(): "crm"})
    return groups


def connection(cookie: int, retransmits: int, user: int = -1, inode: int = 1) -> Connection:
    """Return a connection that sent ten times as many segments."""
    return Connection(cookie, os.getuid() if user == -1 else user, inode, retransmits, 10 * retransmits)


def test_counts_never_fall_and_begin_with_the_first_sample() -> None:
    """What was sent before the first sample is left out; a new connection counts in full, also after its end."""
    groups = listed(
        [connection(1, 100), connection(2, 7)],
        [connection(1, 103), connection(3, 5)],
        [connection(1, 103), connection(3, 6)],
        [],
    )
    assert values(groups) == {"crm": 3 + 5 + 1, "postgres": 0, "other": 0}
    assert values(groups, _SENT)["crm"] == 90


def test_a_connection_keeps_its_group_and_another_user_s_is_other() -> None:
    """Without an inode (its process has gone) it stays where it was; that of a user of no group is other."""
    groups = listed(
        [connection(1, 0), connection(2, 0, user=4_000_000)],
        [connection(1, 2, inode=0), connection(2, 4, user=4_000_000), connection(3, 1, inode=0)],
    )
    assert values(groups) == {"crm": 2, "postgres": 0, "other": 5}


def test_a_failure_is_the_collector_s_and_keeps_the_counts() -> None:
    """More connections than are read, or an error of the kernel, is raised after what is known, until it is over."""
    samples = iter([[connection(1, 0)], [connection(1, 2)], None, [connection(1, 3)]])

    def read() -> list[Connection]:
        found = next(samples)
        if found is None:
            raise CollectError(ErrorClass.EXHAUSTED, "more than 20000 connections")
        return found

    groups = GroupConnections(["crm"], read=read)
    for _ in range(3):
        groups.refresh({os.getpid(): "crm"})
    families = iter(groups.families())
    assert dict(next(families).samples) == {("crm",): 2, ("other",): 0}
    next(families)
    with pytest.raises(CollectError):
        next(families)
    groups.refresh({os.getpid(): "crm"})
    assert values(groups) == {"crm": 3, "other": 0}


def test_another_network_than_the_host_s_has_no_numbers(tmp_path: Path) -> None:
    """In a container with a network of its own nothing is read: no sample is better than those of the container."""
    (tmp_path / "1/net").mkdir(parents=True)
    (tmp_path / "1/net/dev").touch()
    assert not in_network_of_host(str(tmp_path))
    groups = GroupConnections(["crm"], str(tmp_path), lambda: [connection(1, 0)])
    groups.refresh({os.getpid(): "crm"})
    assert list(groups.families()) == []


@cases(100)
@given(message=st.binary(max_size=400))
def test_any_message_is_read_or_left_out(message: bytes) -> None:
    """Whatever bytes come: a connection, or nothing; never an error or an endless loop."""
    found = parsed(message)
    assert found is None or found.retransmits >= 0
