"""Connections of the receiver: those that wait, that are silent, that are refused, and how many there may be."""

from __future__ import annotations

from tests.unit.rum.wire import Server, beacon, request


def test_slow_and_silent_connections_end() -> None:
    """A request that does not end, a connection that says nothing and one that idles are all closed in time."""
    server = Server()
    _, silent = server.connect()
    slow, slow_wire = server.connect()
    slow.received(b"POST /rum HT")
    done, idle = server.connect()
    done.received(request(beacon()))
    due = slow.deadline
    slow.received(b"TP/1.1\r\n")
    assert slow.deadline == due, "another byte buys no time"
    server.connections.end_late(due + 0.001)
    assert (silent.closed, slow_wire.closed, idle.closed) == (True, True, False)
    server.connections.end_late(due + 60)
    assert idle.closed
    assert server.dropped() == {"slow": 2}


def test_a_refused_request_without_its_body_is_dropped_once() -> None:
    """What was dropped for its head and then sends nothing more has one reason, that of its head."""
    server = Server()
    connection, _ = server.connect()
    connection.received(request(b"", "content-length: 50", origin="http://evil.example"))
    server.connections.end_late(connection.deadline + 1)
    assert server.dropped() == {"origin": 1}


def test_a_client_that_waits_to_be_asked_for_its_body_is_answered() -> None:
    """`Expect: 100-continue` is answered at the head: send it, or, where nobody wants it, why not."""
    server, body = Server(), beacon()
    connection, wire = server.connect()
    connection.received(request(b"", f"content-length: {len(body)}", "Expect: 100-continue"))
    assert wire.written == b"HTTP/1.1 100 Continue\r\n\r\n"
    connection.received(body)
    assert wire.statuses() == [100, 204]
    refused = server.send(request(b"", "content-length: 50", "Expect: 100-continue", origin="http://evil.example"))
    assert refused.statuses() == [403]
    assert refused.closed
    assert server.dropped() == {"origin": 1}


def test_the_number_of_connections_is_bounded() -> None:
    """One more than the limit ends the one that would have ended first."""
    server = Server(most=3)
    wires = [server.connect()[1] for _ in range(5)]
    assert [wire.closed for wire in wires] == [True, True, False, False, False]
    assert len(server.connections) == 3
