"""Checks of Redis."""

from __future__ import annotations

import signal
import socket
import ssl
import struct
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from exporters.core.deadline import Deadline
from exporters.core.errors import CollectError, ErrorClass, classify_network_error
from exporters.core.redis_client import PLAIN_TEXT, RedisAddress, connect
from tests.support import servers
from tests.support.peers import Certificates, Check, Listen


@pytest.mark.parametrize("write", [False, True])
def test_server_passes_and_keeps_nothing(check: Check, redis_server: servers.Redis, write: bool) -> None:  # noqa: FBT001 - parametrized
    """PING, or a value written and read back, passes; neither key nor connection stays."""
    with redis_server.client() as client:
        before = client.info("clients")["connected_clients"], client.dbsize()
        result = check(kind="redis", url=redis_server.url, write=write)
        assert result.error_class is None
        assert list(result.phases) == ["resolve", "connect", "processing"]
        servers.wait_until(
            lambda: (client.info("clients")["connected_clients"], client.dbsize()) == before, 5, "nothing is left"
        )


def test_wrong_and_missing_password(check: Check, redis_server: servers.Redis) -> None:
    """Without the right password a check fails as auth, and the result shows no password."""
    result = check(kind="redis", url=f"redis://:wr0ng@127.0.0.1:{redis_server.port}/0")
    assert result.error_class is ErrorClass.AUTH
    assert "wr0ng" not in repr(result)
    assert check(kind="redis", url=f"redis://127.0.0.1:{redis_server.port}/0").error_class is ErrorClass.AUTH


def test_missing_privilege(check: Check, redis_server: servers.Redis) -> None:
    """A user who may not write fails a check that writes as permission."""
    with redis_server.client() as client:
        client.execute_command("ACL", "SETUSER", "checker", "on", ">x", "~*", "+ping", "+select")
        try:
            url = f"redis://checker:x@127.0.0.1:{redis_server.port}/0"
            assert check(kind="redis", url=url).error_class is None
            assert check(kind="redis", url=url, write=True).error_class is ErrorClass.PERMISSION
        finally:
            client.execute_command("ACL", "DELUSER", "checker")


def test_no_server_unknown_host_and_no_redis(check: Check, listen: Listen) -> None:
    """Nobody listens: refused; no such host: dns; another protocol: protocol."""
    assert check(kind="redis", url=f"redis://127.0.0.1:{servers.free_port()}/0").error_class is ErrorClass.REFUSED
    assert check(kind="redis", url="redis://no-such-host.invalid/0").error_class is ErrorClass.DNS
    port = listen(lambda connection: connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n"))
    assert check(kind="redis", url=f"redis://127.0.0.1:{port}/0").error_class is ErrorClass.PROTOCOL


def test_frozen_and_full_server(check: Check, tmp_path: Path) -> None:
    """A frozen server is a timeout; one without memory or a free connection is exhausted."""
    with servers.redis_server(tmp_path / "own", "--maxclients", "2") as own:
        own.process.send_signal(signal.SIGSTOP)
        try:
            assert check(kind="redis", url=own.url, timeout_seconds=0.5).error_class is ErrorClass.TIMEOUT
        finally:
            own.process.send_signal(signal.SIGCONT)
        with own.client() as first:
            servers.wait_until(lambda: first.info("clients")["connected_clients"] == 1, 5, "the frozen client is gone")
            first.config_set("maxmemory", "1")
            assert check(kind="redis", url=own.url, write=True).error_class is ErrorClass.EXHAUSTED
            servers.wait_until(lambda: first.info("clients")["connected_clients"] == 1, 5, "the check is gone")
            with own.client() as second:
                second.ping()
                assert check(kind="redis", url=own.url).error_class is ErrorClass.EXHAUSTED


def test_tls(check: Check, certificates: Certificates, tmp_path: Path) -> None:
    """A server with TLS passes with its CA, and fails as tls without."""
    port = servers.free_port()
    files = [str(certificates.directory / f"good.{suffix}") for suffix in ("pem", "key")]
    options = ["--tls-port", str(port), "--tls-cert-file", files[0], "--tls-key-file", files[1]]
    with servers.redis_server(tmp_path / "tls", *options, "--tls-auth-clients", "no") as own:
        url = own.url.replace("redis:", "rediss:").replace(f":{own.port}", f":{port}")
        result = check(kind="redis", url=url, ca_file=certificates.ca)
        assert result.error_class is None
        assert result.gauges["probe_ssl_earliest_cert_expiry", ()] == certificates.ends("good")
        assert check(kind="redis", url=url).error_class is ErrorClass.TLS
        plain = url.replace("rediss:", "redis:")
        assert check(kind="redis", url=plain).error_class is ErrorClass.TLS, "plain text to a server that speaks TLS"


def _refused(check: Check, url: str) -> tuple[ErrorClass | None, str]:
    """Return class and detail of a check that writes."""
    result = check(kind="redis", url=url, write=True)
    return result.error_class, result.detail


@pytest.mark.long
def test_each_reason_to_refuse_a_write_is_told_apart(check: Check, tmp_path: Path) -> None:
    """A replica, a server that cannot save, one without replicas, a full one: each its own class and its own words."""
    # A server that cannot save refuses even PING.
    with (
        servers.redis_server(tmp_path / "primary", "--save", "1000 1000") as primary,
        servers.redis_server(tmp_path / "replica", "--replicaof", "127.0.0.1 1") as replica,
        servers.redis_server(tmp_path / "alone", "--min-replicas-to-write", "1") as alone,
        primary.client() as client,
    ):
        found = [_refused(check, replica.url), _refused(check, alone.url)]
        assert [check(kind="redis", url=server.url).error_class for server in (replica, alone)] == [None, None]
        client.config_set("maxmemory", "1")
        found.append(_refused(check, primary.url))
        client.config_set("maxmemory", "0")
        (tmp_path / "primary" / "dump.rdb").mkdir()
        client.bgsave()
        servers.wait_until(lambda: client.info("persistence")["rdb_last_bgsave_status"] == "err", 10, "saving fails")
        found.append(_refused(check, primary.url))
    assert [(str(error_class), detail.partition(":")[0]) for error_class, detail in found] == [
        ("readonly", "READONLY"),
        ("replication", "NOREPLICAS"),
        ("exhausted", "OOM"),
        ("storage", "MISCONF"),
    ]
    assert len({detail for _, detail in found}) == 4


def test_a_replica_cut_off_from_its_primary(check: Check, tmp_path: Path) -> None:
    """A replica that does not serve old data is class replication, not an answer nobody expected."""
    with (
        servers.redis_server(tmp_path / "replica", "--replicaof", "127.0.0.1 1") as replica,
        replica.client() as client,
    ):
        client.config_set("replica-serve-stale-data", "no")
        result = check(kind="redis", url=replica.url)
    assert (result.error_class, result.detail.partition(":")[0]) == (ErrorClass.REPLICATION, "MASTERDOWN")


def test_a_node_of_a_cluster_is_asked_for_a_key_of_its_own(check: Check, tmp_path: Path) -> None:
    """With half of the slots, or a few, every check that writes passes, and nothing is left behind."""
    with servers.redis_server(tmp_path / "node", "--cluster-enabled", "yes") as node, node.client() as client:
        assert _refused(check, node.url)[0] is ErrorClass.CLUSTER
        client.execute_command("CONFIG", "SET", "cluster-require-full-coverage", "no")
        client.execute_command("CLUSTER", "ADDSLOTSRANGE", 0, 200)
        servers.wait_until(lambda: b"cluster_state:ok" in client.execute_command("CLUSTER", "INFO"), 10, "it is up")
        assert [check(kind="redis", url=node.url, write=True).detail for _ in range(3)] == [""] * 3
        client.execute_command("CLUSTER", "ADDSLOTSRANGE", 201, 8191)
        results = [check(kind="redis", url=node.url, write=True).error_class for _ in range(8)]
        assert results == [None] * 8
        assert client.dbsize() == 0


def test_a_node_without_slots_says_so(check: Check, tmp_path: Path) -> None:
    """A node that owns no slot, as every replica in a cluster, is class redirect and says why."""
    options = ("--cluster-enabled", "yes", "--cluster-port")
    with (
        servers.redis_server(tmp_path / "all", *options, str(servers.free_port())) as every,
        servers.redis_server(tmp_path / "none", *options, str(servers.free_port())) as none,
        every.client() as client,
        none.client() as other,
    ):
        client.execute_command("CLUSTER", "ADDSLOTSRANGE", 0, 16383)
        bus = client.config_get("cluster-port")["cluster-port"]
        other.execute_command("CLUSTER", "MEET", "127.0.0.1", every.port, bus)
        servers.wait_until(lambda: b"cluster_state:ok" in other.execute_command("CLUSTER", "INFO"), 30, "they met")
        error_class, detail = _refused(check, none.url)
    assert error_class is ErrorClass.REDIRECT
    assert "owns no slots" in detail


def _hang_up(_connection: socket.socket) -> None:
    pass


def _reset(connection: socket.socket) -> None:
    connection.recv(1)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def _say(answer: bytes) -> Callable[[socket.socket], None]:
    def handler(connection: socket.socket) -> None:
        while connection.recv(65536):
            connection.sendall(answer)

    return handler


@pytest.mark.parametrize("scheme", ["redis", "rediss"])
@pytest.mark.parametrize(
    "handler",
    [
        _hang_up,
        _reset,
        lambda connection: connection.recv(1) and connection.recv(65536 * 16) and connection.recv(1),
        *(
            _say(answer)
            for answer in (
                b"HTTP/1.1 400 Bad Request\r\n\r\n",
                b"-ERR unknown command\r\n",
                b"-NOAUTH Authentication required.\r\n",
                b"-LOADING Redis is loading the dataset in memory\r\n",
                b"-ERR max number of clients reached\r\n",
                b"-DENIED Redis is running in protected mode\r\n",
                b"$5\r\nhel",
                b"\x15\x03\x01\x00\x02\x02\x28",
                b"\x16\x03\x03\x00\x00",
                b"\x00\x01\x02",
            )
        ),
    ],
)
def test_check_and_exporter_give_a_cause_the_same_class(
    check: Check, listen: Listen, scheme: str, handler: Callable[[socket.socket], None]
) -> None:
    """Whatever a peer does to a client, with TLS or without, the check and the cache exporter name it alike."""
    port = listen(handler)
    result = check(kind="redis", url=f"{scheme}://127.0.0.1:{port}/0", timeout_seconds=1.5)
    context = ssl.create_default_context() if scheme == "rediss" else None
    address, deadline = RedisAddress("127.0.0.1", port, tls=context), Deadline.after(1.5)
    with (
        pytest.raises((CollectError, OSError, EOFError)) as failure,
        closing(connect(address, [("PING",)], deadline)) as connection,
    ):
        raise connection.ask([("PING",)], deadline)[0]
    assert result.error_class == classify_network_error(failure.value)


def test_tls_to_a_server_without_it(check: Check, redis_server: servers.Redis) -> None:
    """A real server that waits for the end of a line is no timeout: the address should say redis://."""
    result = check(kind="redis", url=redis_server.url.replace("redis:", "rediss:"), timeout_seconds=1.5)
    assert (result.error_class, result.detail) == (ErrorClass.TLS, PLAIN_TEXT)
