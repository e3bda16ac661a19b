"""The protocol and the addresses, against peers that behave badly."""

from __future__ import annotations

import socket
import threading
import time
from pathlib import Path

import pytest

from exporters.cache.address import Address, address_of
from exporters.cache.connection import Connection, ServerError, pack
from exporters.cache.settings import CacheTarget
from exporters.core.deadline import Deadline
from exporters.core.errors import CollectError, ConfigError, ErrorClass


def _answering(*parts: bytes, pause_seconds: float = 0.0) -> Address:
    """Return the address of a peer that accepts once, reads, and sends the parts one after another."""
    server = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        with server, server.accept()[0] as client:
            client.recv(10_000)
            try:
                for part in parts:
                    client.sendall(part)
                    time.sleep(pause_seconds)
            except OSError:
                return  # the other side gave up, as it should

    threading.Thread(target=serve, daemon=True).start()
    return Address("127.0.0.1", server.getsockname()[1])


def _exchange(*parts: bytes) -> list[object]:
    """Return the replies to one command; `parts` follow the answer to the login's CLIENT SETNAME."""
    deadline = Deadline.after(5)
    connection = Connection(_answering(b"+OK\r\n", *parts), deadline)
    try:
        return connection.exchange(pack([("PING",)]), 1, deadline)
    finally:
        connection.close()


def test_every_kind_of_reply_is_read() -> None:
    """Texts, numbers, absent values, nested lists and errors come back as they were sent."""
    (reply,) = _exchange(b"*5\r\n$2\r\na\n\r\n:-7\r\n$-1\r\n*1\r\n+x\r\n-NOPERM no\r\n")
    assert isinstance(reply, list)
    assert reply[:4] == [b"a\n", -7, None, [b"x"]]
    assert isinstance(reply[4], ServerError)
    assert reply[4].error_class is ErrorClass.PERMISSION


@pytest.mark.parametrize("answer", [b"HTTP/1.1 400\r\n", b"$x\r\n", b":\r\n", b"$99999999999\r\n", b"*1\r\n!\r\n"])
def test_an_answer_that_is_not_redis_is_a_protocol_error(answer: bytes) -> None:
    """A wrong kind, a length that is none, and one nobody sends in earnest are class protocol."""
    with pytest.raises(CollectError) as caught:
        _exchange(answer)
    assert caught.value.error_class is ErrorClass.PROTOCOL


@pytest.mark.parametrize("answer", [b"", b"$10\r\nabc", b"*2\r\n:1\r\n"])
def test_an_answer_cut_short_is_no_answer(answer: bytes) -> None:
    """A peer that hangs up in the middle of a reply never counts as having answered."""
    with pytest.raises((EOFError, ConnectionResetError)):
        _exchange(answer)


def test_a_dripping_peer_does_not_outlast_the_deadline() -> None:
    """The deadline holds for the whole exchange, not for each byte."""
    address = _answering(b"+OK\r\n", *[b"$1000\r\n", *[b"x"] * 200], pause_seconds=0.02)
    deadline = Deadline.after(1)
    connection = Connection(address, deadline)
    with pytest.raises(TimeoutError):
        connection.exchange(pack([("PING",)]), 1, deadline)
    connection.close()
    assert deadline.passed()


def test_the_address_is_read_with_everything_percent_encoded(tmp_path: Path) -> None:
    """User, password, IPv6 host and default port come out of the URL in the file; the password's repr hides it."""
    (tmp_path / "url").write_text("redis://us%40er:p%2Fw@[::1]\n")
    address = address_of(CacheTarget("main", url_file="url"), "cache[0]", str(tmp_path / "settings.yaml"))
    assert (address.host, address.port, address.username, address.tls) == ("::1", 6379, "us@er", None)
    assert address.password is not None
    assert address.password.reveal() == "p/w"
    assert "p/w" not in repr(address)


@pytest.mark.parametrize("url", ["http://:topsecret@host", "topsecret", "redis://", "redis://:topsecret@host:port"])
def test_a_wrong_url_is_a_fault_that_does_not_show_it(url: str) -> None:
    """The error names file and entry and what was expected, never the text."""
    with pytest.raises(ConfigError) as caught:
        address_of(CacheTarget("main", url=url), "cache[0]", "settings.yaml")
    assert "settings.yaml: cache[0].url: expected redis://" in str(caught.value)
    assert "topsecret" not in str(caught.value)


def test_a_certificate_that_cannot_be_read_is_a_fault(tmp_path: Path) -> None:
    """A missing or broken PEM file stops the start."""
    (tmp_path / "broken.pem").write_text("not PEM")
    for name in ("missing.pem", "broken.pem"):
        target = CacheTarget("main", url="rediss://host", ca_file=name)
        with pytest.raises(ConfigError, match="expected readable PEM files"):
            address_of(target, "cache[0]", str(tmp_path / "settings.yaml"))


@pytest.mark.parametrize(
    ("text", "error_class"),
    [
        ("NOPERM User x has no permissions to run the 'info' command", "permission"),
        ("NOAUTH Authentication required.", "auth"),
        ("WRONGPASS invalid username-password pair or user is disabled.", "auth"),
        ("ERR max number of clients reached", "exhausted"),
        ("OOM command not allowed when used memory > 'maxmemory'.", "exhausted"),
        ("BUSY Redis is busy running a script.", "timeout"),
        ("LOADING Redis is loading the dataset in memory", "timeout"),
        ("DENIED Redis is running in protected mode", "refused"),
        ("ERR unknown command 'CONFIG', with args beginning with: 'GET'", "version"),
        ("ERR Unknown subcommand or wrong number of arguments for 'HISTOGRAM'. Try LATENCY HELP.", "version"),
        ("ERR something new", "protocol"),
    ],
)
def test_each_refusal_has_its_class(text: str, error_class: str) -> None:
    """What the server says decides, by the codes of Redis 6 to 8 and Valkey."""
    assert ServerError(text).error_class == error_class
