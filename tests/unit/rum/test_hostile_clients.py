"""Whatever clients send: every request is answered or ended, and neither series nor what is held grow with it."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from exporters.core.exposition import render
from exporters.rum.beacon import MOST_BYTES
from exporters.rum.metrics import HISTOGRAMS
from exporters.rum.settings import RumSettings
from tests.support.properties import cases
from tests.unit.rum.wire import Server, beacon, request

_HEADERS = st.sampled_from(
    ["host", "origin", "content-length", "transfer-encoding", "content-encoding", "x-forwarded-for", "upgrade",
     "connection", "expect", "sec-fetch-site", "user-agent"]
)  # fmt: skip
_VALUES = st.sampled_from(["chunked", "gzip", "http://crm", "null", "0", "-1", "7", "99999", "websocket", "close"])
_TEXT = st.text(st.characters(codec="latin-1", exclude_characters="\r\n"), max_size=60)


@cases(150)
@given(st.lists(st.tuples(_HEADERS, _VALUES | _TEXT), max_size=6), st.binary(max_size=200), st.data())
def test_any_request_is_answered_in_any_pieces(
    headers: list[tuple[str, str]], body: bytes, data: st.DataObject
) -> None:
    """Odd headers and bodies, cut anywhere: no error, known statuses, no more than a body's limit held."""
    lines = [f"{name}: {value}".encode("latin-1") for name, value in headers]
    whole = b"\r\n".join([b"POST /rum HTTP/1.1", *lines]) + b"\r\n\r\n" + body
    cuts = sorted(data.draw(st.lists(st.integers(0, len(whole)), max_size=5)))
    server = Server()
    parts = [whole[a:b] for a, b in zip([0, *cuts], [*cuts, len(whole)], strict=True)]
    wire = server.send(*parts)
    assert set(wire.statuses()) <= {204, 400, 403, 404, 408, 413, 415, 429, 503}
    assert len(server.connections) == 0


@cases(150)
@given(st.lists(st.binary(max_size=300), max_size=6))
def test_any_bytes_end_in_an_answer_or_the_end(parts: list[bytes]) -> None:
    """What is not HTTP at all is refused once, and its connection ends."""
    server = Server()
    wire = server.send(*parts)
    assert set(wire.statuses()) <= {400, 403, 404, 413}
    assert server.count("pantrywatch_rum_accepted_total") == 0


def test_a_flood_of_hostile_labels_adds_no_series() -> None:
    """Thousands of beacons, each with another route, device, connection and network: the page stays bounded."""
    server = Server(RumSettings(routes=("/", "/a/:id"), client_rate=10, total_rate=1_000_000, most_label_sets=20))
    numbers = random.Random(7)
    vitals = {"lcp": 900, "inp": 40, "cls": 0.1}

    def flood(count: int) -> None:
        for _ in range(count):
            word = f"{numbers.getrandbits(64):x}"
            body = beacon(
                route=numbers.choice(["/", f"/a/{word}", f"/{word}", word]), vitals=vitals, device=word[:9],
                connection=numbers.choice(["4g", "3g", "2g", "slow-2g", word]), interactions=1,
            )  # fmt: skip
            peer = f"2001:db8:{word[:4]}:{word[4:8]}::1"
            server.send(request(body).replace(b"Chrome/156", word.encode()), peer=peer)

    flood(500)
    lines = len(render(server.metrics.families()).splitlines())
    flood(3_500)
    assert len(render(server.metrics.families()).splitlines()) == lines
    assert lines < 22 * 12 * len(HISTOGRAMS)


def test_a_body_of_single_bytes_costs_no_more_than_one() -> None:
    """A chunk for every byte is joined as it comes: what is held is the body, not an object for each of its bytes."""
    server = Server()
    connection, _ = server.connect()
    connection.received(request(b"", "transfer-encoding: chunked"))
    for _ in range(200):
        connection.received(b"1\r\nx\r\n" * 40)
        assert len(connection._body) <= 65  # noqa: SLF001
        assert sum(map(len, connection._body)) <= MOST_BYTES  # noqa: SLF001


def test_what_asks_for_another_protocol_is_answered_once() -> None:
    """A request with Upgrade has its one answer, and its connection ends."""
    server = Server()
    wire = server.send(request(beacon(), "upgrade: websocket", "connection: upgrade"))
    assert len(wire.statuses()) == 1
    assert wire.closed
