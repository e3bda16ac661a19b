"""The protocol of Redis against peers that behave badly: bounded, in time, and always with a class."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporters.cache.source import CacheSource
from exporters.core.deadline import Deadline
from exporters.core.errors import CollectError, ErrorClass, classify_network_error
from exporters.core.redis_client import Connection, RedisAddress, connect, connect_first, pack, tls_name
from exporters.core.redis_errors import ServerError
from exporters.core.redis_frames import Frames
from exporters.core.scrape import Run
from tests.support.properties import cases
from tests.support.redis_peer import bulk, healthy, redis_peer

_LIMIT = 1000


def _answering(*parts: bytes, pause_seconds: float = 0.0) -> RedisAddress:
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
    return RedisAddress("127.0.0.1", server.getsockname()[1])


def _exchange(*parts: bytes, limit_bytes: int = _LIMIT) -> list[object]:
    """Return the replies to one command of a peer that sends the parts."""
    address, deadline = _answering(*parts), Deadline.after(5)
    connection = Connection(socket.create_connection((address.host, address.port)))
    try:
        return connection.exchange(pack([("PING",)]), [limit_bytes], deadline)
    finally:
        connection.close()


def test_every_kind_of_reply_is_read() -> None:
    """Texts, numbers, absent values, nested lists and errors come back as they were sent."""
    (reply,) = _exchange(b"*6\r\n$2\r\na\n\r\n:-7\r\n$-1\r\n*1\r\n+x\r\n*-1\r\n-NOPERM no\r\n")
    assert isinstance(reply, list)
    assert reply[:5] == [b"a\n", -7, None, [b"x"], None]
    assert isinstance(reply[5], ServerError)
    assert reply[5].error_class is ErrorClass.PERMISSION


NOT_REDIS = {
    "HTTP": b"HTTP/1.1 400 Bad Request\r\n\r\n",
    "a length that is no number": b"$x\r\n",
    "a length with a sign": b"$+5\r\nabcde\r\n",
    "a negative length": b"$-2\r\n",
    "no number": b":\r\n",
    "a number of 400 digits": b":" + b"9" * 400 + b"\r\n",
    "a number beyond 64 bits": b":9223372036854775808\r\n",
    "a text nobody sends": b"$99999999999\r\n",
    "a text above the limit": bulk("x" * (_LIMIT + 1)),
    "a list of four thousand million": b"*4294967295\r\n",
    "lists announced within lists": b"*200\r\n" * 9,
    "a wrong kind within a list": b"*1\r\n!\r\n",
    "a text longer than it says": b"$2\r\nabcdef\r\n",
    "a line without an end": b"+" + b"x" * 70_000,
    "an empty line": b"\r\n",
    "a newline in a line": b"+a\nb\r\n",
    "RESP3: a map": b"%1\r\n*1\r\n+a\r\n+b\r\n",
    "RESP3: a set": b"~1\r\n+a\r\n",
    "RESP3: null": b"_\r\n",
    "RESP3: a boolean": b"#t\r\n",
    "RESP3: a double": b",1.5\r\n",
    "RESP3: a big number": b"(" + b"9" * 5000 + b"\r\n",
    "RESP3: a push": b">2\r\n+invalidate\r\n*0\r\n",
    "RESP3: an attribute": b"|1\r\n+a\r\n+b\r\n:1\r\n",
    "RESP3: a verbatim text": b"=7\r\ntxt:abc\r\n",
    "RESP3: a boolean within a list": b"*1\r\n#f\r\n",
    "RESP3: an error within a list": b"*1\r\n!5\r\nERR x\r\n",
    "control characters": b"\x00\x01\x02\x03",
    "SSH": b"SSH-2.0-OpenSSH_9.2\r\n",
}


@pytest.mark.parametrize("answer", NOT_REDIS)
def test_an_answer_that_is_not_redis_is_a_protocol_error(answer: str) -> None:
    """Wrong kinds, lengths nobody sends in earnest, numbers without end and types of RESP3 are class protocol."""
    with pytest.raises(CollectError) as caught:
        _exchange(NOT_REDIS[answer])
    assert caught.value.error_class is ErrorClass.PROTOCOL


@pytest.mark.parametrize("answer", [b"\x15\x03\x01\x00\x02\x02\x46", b"\x16\x03\x03\x00\x04abcd"])
def test_a_tls_record_is_told_from_other_bytes(answer: bytes) -> None:
    """A server that answers in TLS is class tls, also where the first byte comes alone; that byte in junk is not."""
    with pytest.raises(CollectError) as caught:
        _exchange(answer[:1], answer[1:])
    assert caught.value.error_class is ErrorClass.TLS
    with pytest.raises(CollectError) as caught:
        _exchange(answer[:1] + b"junk")
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
    connection = connect(address, [("CLIENT", "SETNAME", "test")], deadline)
    with pytest.raises(TimeoutError):
        connection.exchange(pack([("PING",)]), [_LIMIT * 10], deadline)
    connection.close()
    assert deadline.passed()


_ENTRIES = st.recursive(
    st.one_of(
        st.binary(max_size=30).map(bulk),
        st.integers(-(2**63), 2**63 - 1).map(lambda number: b":%d\r\n" % number),
        st.just(b"$-1\r\n"),
        st.just(b"+OK\r\n"),
    ),
    lambda entries: st.lists(entries, max_size=5).map(lambda parts: b"*%d\r\n" % len(parts) + b"".join(parts)),
    max_leaves=20,
)


@cases(200)
@given(reply=_ENTRIES, following=_ENTRIES, cuts=st.lists(st.integers(1, 40), min_size=1, max_size=20))
def test_replies_are_cut_where_they_end_however_they_arrive(reply: bytes, following: bytes, cuts: list[int]) -> None:
    """Fed in pieces of any size, each reply comes out whole and alone, in steps linear in its entries."""
    frames, sent, taken, position, calls = Frames(), reply + following, [], 0, 0
    while position < len(sent):
        size = cuts[calls % len(cuts)]
        frames.feed(sent[position : position + size])
        position, calls = position + size, calls + 1
        while (frame := frames.take(100_000)) is not None:
            taken.append(frame)
    assert taken == [reply, following]
    assert frames.steps <= sent.count(b"\r\n")


@cases(300)
@given(junk=st.one_of(st.binary(max_size=200), st.text("*$+-:0123456789\r\na", max_size=60).map(str.encode)))
def test_any_bytes_are_a_reply_or_a_class(junk: bytes) -> None:
    """Whatever a peer sends is a reply, not enough, or a CollectError that is never internal."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall(junk)
        theirs.shutdown(socket.SHUT_WR)
        classes: set[ErrorClass] = set()
        try:
            Connection(ours).exchange(b"", [_LIMIT, _LIMIT], Deadline.after(5))
        except (EOFError, CollectError) as error:
            classes.add(classify_network_error(error))
        assert ErrorClass.INTERNAL not in classes


_JUNK = st.one_of(
    _ENTRIES,
    st.sampled_from(
        [
            b"*1\r\n" * 1000 + b":1\r\n",
            bulk("# Server\r\nuptime_in_seconds:" + "9" * 400 + "\r\n"),
            bulk("# Server\r\nuptime_in_seconds:1\r\nlatest_fork_usec:" + "9" * 400 + "\r\n"),
            bulk("# Commandstats\r\ncmdstat_get:calls=" + "9" * 5000 + "\r\n# Server\r\nrole:master\r\n"),
            bulk("# Server\r\nrole:\0\x1b[31m\r\nuptime_in_seconds:\u0661\r\n"),
            bulk("# Server\r\nuptime_in_seconds:1\r\n# Keyspace\r\ndb0:keys=1e99,expires=nan,avg_ttl=-\r\n"),
            b"*4\r\n+get\r\n*4\r\n+calls\r\n:1\r\n+histogram_usec\r\n*3\r\n:1\r\n:1\r\n:1\r\n+b\r\n:1\r\n",
            b"*1\r\n*1\r\n+event\r\n",
            b"*1\r\n*3\r\n:1\r\n:1\r\n+x\r\n",
            b"*2\r\n:1\r\n:2\r\n",
            b"-NOPERM no\r\n",
        ]
    ),
)


@cases(60)
@given(replies=st.lists(_JUNK, min_size=9, max_size=9))
def test_any_replies_in_the_shape_of_the_protocol_are_a_page(replies: list[bytes]) -> None:
    """Whatever a peer answers to the exporter's questions, no collector fails as internal."""
    source = CacheSource("main", lambda: _answering(b"+OK\r\n", b"".join(replies)))
    run = Run(source, Deadline.after(5))
    source.collect(run)
    source.close()
    failed = {outcome.collector: outcome for outcome in run.outcomes() if outcome.error_class is ErrorClass.INTERNAL}
    assert not failed


def test_a_reply_of_many_megabytes_is_not_taken_in() -> None:
    """Beyond 2 MB INFO is class protocol, decided from its length alone; what came with it is not kept."""
    frames = Frames()
    frames.feed(b"$15000000\r\n")
    with pytest.raises(CollectError, match="longer than"):
        frames.take(2 * 1024 * 1024)
    many = Frames()
    many.feed(b"*3\r\n" + bulk("x" * 600) * 2)
    with pytest.raises(CollectError, match="more than"):
        many.take(_LIMIT)


@pytest.fixture
def half_open() -> Iterator[tuple[str, int]]:
    """An address whose queue of connections is full: a connection attempt is not answered."""
    with ExitStack() as stack:
        server = stack.enter_context(socket.socket())
        server.bind(("127.0.0.1", 0))
        server.listen(0)
        for _ in range(4):
            client = stack.enter_context(socket.socket())
            client.setblocking(False)
            client.connect_ex(server.getsockname())
        yield server.getsockname()


def test_addresses_share_the_time(half_open: tuple[str, int]) -> None:
    """A host of which two addresses swallow packets is reached at its third, within the same deadline."""
    with redis_peer(healthy) as (port, _):
        deadline = Deadline.after(2)
        connection = Connection(connect_first([half_open, half_open, ("127.0.0.1", port)], deadline))
        assert connection.ask([("PING",)], deadline) == [b"PONG"]
        connection.close()
    with pytest.raises(TimeoutError):
        connect_first([half_open], Deadline.after(0.2))


def test_a_final_dot_is_in_no_certificate() -> None:
    """The name that is asked for and verified is the host's without the dot that keeps search domains out."""
    assert [tls_name(host) for host in ("cache.test.", "cache.test", "10.0.0.1")] == [
        "cache.test",
        "cache.test",
        "10.0.0.1",
    ]
