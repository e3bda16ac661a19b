"""Checks of Redis."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from exporters.core.errors import ErrorClass
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
