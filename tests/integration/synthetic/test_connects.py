"""What checks see of the network while they connect: how long, how it ended, what was lost; on the real kernel."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import sys
from typing import Any

import pytest

from exporters.core.checks.connect_counters import ConnectCounters, families
from exporters.core.checks.connects import Connect, TcpInfo, outcome_of, tcp_info
from exporters.core.checks.probe_run import Result
from exporters.core.deadline import Deadline
from exporters.core.exposition import render
from exporters.core.scrape import run_once
from exporters.core.settings import decode
from exporters.synthetic.settings import SyntheticSettings
from exporters.synthetic.source import sources
from tests.support import exporter, servers
from tests.support.peers import Check, Listen
from tests.support.servers import free_port

# Half of the packets that open a connection are lost: every other one, so that the result is the same each time.
_LOSSY = (
    "ip link set lo up && "
    "iptables -A INPUT -p tcp --syn -m statistic --mode nth --every 2 --packet 0 -j DROP && exec {python} -c {code}"
)
_PROBE = """
import json, os, socket
from exporters.core.checks.check import Observation
from exporters.core.deadline import Deadline
from exporters.host.socket_diag import connections
from exporters.synthetic.sockets import connect
seen = Observation()
with socket.create_server(("127.0.0.1", 0)) as server:
    for _ in range(3):
        connect(*server.getsockname(), seen, Deadline.after(10)).close()
    with connect(*server.getsockname(), seen, Deadline.after(10)) as last:
        inode = os.fstat(last.fileno()).st_ino
        listed = [one.retransmits for one in connections() if one.inode == inode]
found = [[one.outcome, one.seconds, one.info.retransmits, one.info.round_trip_seconds] for one in seen.connects]
print(json.dumps([found, listed]))
"""


def accepts(_connection: socket.socket) -> None:
    """Accept, and end the connection."""


def page_of(**check: Any) -> exporter.Page:
    """Return the page after one run of a check."""
    section = decode({"checks": [{"name": "one", "timeout_seconds": 2, **check}]}, SyntheticSettings, "settings.yaml")
    (source,) = sources(section, "settings.yaml")
    return exporter.page(render(run_once(source, Deadline.after(5)).families()).decode())


def outcomes(result: Result) -> list[str]:
    """Return how the connects of a run ended."""
    return [one.outcome for one in result.connects]


def test_connect_is_counted_with_its_time(listen: Listen) -> None:
    """A connect counts once, with its time and the round trip, under what the check connects to; the rest is at 0."""
    page = page_of(kind="tcp", address=f"127.0.0.1:{listen(accepts)}", target="integration-error-rate")
    name, labels = "pantrywatch_check_connect", {"check": "one", "dependency": "third-party"}
    assert page.value(f"{name}s_total", outcome="connected", **labels) == 1
    assert {outcome: page.value(f"{name}s_total", outcome=outcome) for outcome in ("refused", "timeout", "other")} == {
        "refused": 0, "timeout": 0, "other": 0,
    }  # fmt: skip
    assert page.value(f"{name}_seconds_count", **labels) == 1
    assert page.value(f"{name}_retransmits_total", **labels) == 0
    assert page.value(f"{name}s_lossy_total", **labels) == 0
    assert 0 < (page.value("pantrywatch_check_round_trip_seconds", **labels) or 0) < 1


def test_refused_is_no_loss(listen: Listen) -> None:
    """A closed port is refused: an answer, and no time of a connect."""
    page = page_of(kind="tcp", address=f"127.0.0.1:{free_port()}", dependency="api")
    assert page.value("pantrywatch_check_connects_total", outcome="refused", dependency="api") == 1
    assert page.value("pantrywatch_check_connects_total", outcome="timeout", dependency="api") == 0
    assert page.value("pantrywatch_check_connects_lossy_total", dependency="api") == 0
    assert page.value("pantrywatch_check_connect_seconds_count", dependency="api") == 0


def test_silence_is_a_timeout_with_what_was_sent_again(check: Check) -> None:
    """A listener whose queue is full answers nothing: timeout, and the kernel has tried again after a second."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen(0)
        clients = [socket.socket() for _ in range(4)]
        for client in clients:
            client.setblocking(False)
            client.connect_ex(server.getsockname())
        result = check(kind="tcp", address=f"127.0.0.1:{server.getsockname()[1]}", timeout_seconds=1.5)
        for client in clients:
            client.close()
    (connect,) = result.connects
    assert (connect.outcome, connect.info and connect.info.retransmits) == ("timeout", 1)
    counters = ConnectCounters(("one", "tcp", ""), "api")
    counters.count([connect, Connect("timeout", 1.0, None), Connect("connected", 0.1, TcpInfo(True, 0.1, 0))])
    page = exporter.page(render(families([counters])).decode())
    assert page.value("pantrywatch_check_connects_lossy_total") == 2


def test_database_and_cache_count_too(check: Check, postgres: servers.Postgres, redis_server: servers.Redis) -> None:
    """A check of SQL notes the TCP connect of libpq, refused or not, and a check of Redis its own."""
    assert outcomes(check(kind="sql", dsn=postgres.dsn())) == ["connected"]
    assert outcomes(check(kind="redis", url=redis_server.url)) == ["connected"]
    assert outcomes(check(kind="sql", dsn=f"postgresql://u@127.0.0.1:{free_port()}/x")) == ["refused"]


def test_outcomes_are_closed() -> None:
    """Each error of the network has one outcome; one that says nothing of the network is other."""
    assert outcome_of(OSError(113, "no route")) == "unreachable"
    assert outcome_of(PermissionError(1, "firewall")) == "other"
    ours, theirs = socket.socketpair()
    with ours, theirs:
        assert tcp_info(ours.fileno()) is None
    assert tcp_info(-1) is None


@pytest.mark.long
def test_lost_packets_are_counted_on_a_lossy_network() -> None:
    """Where every other opening packet is lost, each connect takes a second more and counts one packet sent again.

    The kernel's list of connections, which the host exporter reads, says the same.
    """
    for program in ("unshare", "iptables", "ip"):
        if shutil.which(program, path="/usr/sbin:/sbin:/usr/bin:/bin") is None:
            pytest.skip(f"{program} is not installed")
    command = _LOSSY.format(python=sys.executable, code='"$0"')
    run = subprocess.run(
        ["unshare", "--net", "sh", "-c", command, _PROBE], capture_output=True, text=True, timeout=60, check=False
    )
    if run.returncode:
        pytest.skip(f"no network of its own with lost packets here: {run.stderr.strip()[-200:]}")
    connects, listed = json.loads(run.stdout)
    assert [(outcome, retransmits) for outcome, _, retransmits, _ in connects] == [("connected", 1)] * 4
    assert all(seconds >= 1 and round_trip < 0.5 for _, seconds, _, round_trip in connects)
    assert listed == [1]
