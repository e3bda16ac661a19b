"""Lines as servers write them become exactly these requests; any other bytes are counted, never an error."""

from __future__ import annotations

import time
from bisect import bisect_left
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from exporters.access_log.counts import Counts
from exporters.access_log.formats import JsonFormat, PatternFormat, shipped
from exporters.access_log.metrics import of_requests
from exporters.access_log.parsers import parser
from exporters.access_log.requests import EDGES, REASONS, Request
from exporters.access_log.routes import Routes
from exporters.core.exposition import render
from tests.support.exporter import ROOT
from tests.support.properties import cases

_LINES: dict[str, list[dict[str, Any]]] = yaml.safe_load((ROOT / "tests/unit/access_log/lines.yaml").read_text())
_PATTERN = PatternFormat(
    "own",
    "pattern",
    r'^\S+ (?P<method>\w+) (?P<path>\S+) (?P<status>\d+|-) (?P<duration>\S+) "(?P<upstream>[^"]*)"',
    "ms",
)
_REQUEST_KEY = JsonFormat("own", "json", status="http.status", request="http.line", duration="took", unit="us")
_ALL = {**shipped(), "pattern": _PATTERN, "request-key": _REQUEST_KEY}


def _seconds(request: Request) -> list[object]:
    """Return a request with its times in seconds, as the table has them."""
    *others, taken, behind = request
    for one in (taken, behind):
        assert one is None or one[0] == bisect_left(EDGES, one[1])
    return [*others, taken and taken[1], behind and behind[1]]


def _line(line: dict[str, Any]) -> bytes:
    """Return a line of the table; one that is no UTF-8 is there in base64."""
    text: bytes | str = line["line"]
    return text if isinstance(text, bytes) else text.encode()


def _plain(value: object) -> object:
    return value.decode() if isinstance(value, bytes) else value


@pytest.mark.parametrize(
    ("name", "line"),
    [(name, line) for name, lines in _LINES.items() for line in lines],
    ids=lambda value: str(value)[:70],
)
def test_a_line_is_the_request_that_it_says(name: str, line: dict[str, Any]) -> None:
    """Each line of the table is this request and no failure, or this reason and no request."""
    parsed = parser(shipped()[name])(_line(line))
    if "reason" in line:
        assert (parsed.requests, parsed.failed) == ([], {line["reason"]: 1})
        return
    assert parsed.failed == {}
    [request] = parsed.requests
    assert [_plain(value) for value in _seconds(request)] == pytest.approx(line["is"])


def test_every_shipped_format_has_lines_in_the_table() -> None:
    """A format without a line of its server is not tested."""
    assert _LINES.keys() == shipped().keys()


def test_formats_of_settings_name_their_own_fields() -> None:
    """A pattern's groups and a JSON format's keys are units, request lines and lists of servers as in any other."""
    parsed = parser(_PATTERN)(b'x GET /a 200 12.5 "1, 2 : 3"\nx GET /a - - ""')
    assert [_seconds(request) for request in parsed.requests] == [
        [b"GET", b"/a", b"200", -1, 0.0125, pytest.approx(0.006)],
        [b"GET", b"/a", b"-", -1, None, None],
    ]
    assert parsed.retries == 2
    line = b'{"http":{"line":"PUT /b HTTP/1.1","status":204},"took":1500}'
    assert _seconds(parser(_REQUEST_KEY)(line).requests[0]) == ["PUT", "/b", 204, -1, 0.0015, None]


@pytest.mark.parametrize("digits", [16, 400, 5000])
def test_a_size_that_is_none_is_left_out(digits: int) -> None:
    """However many digits a line has where its bytes are, the request counts, and its page can be shown."""
    own = PatternFormat("own", "pattern", r"^(?P<method>\w+) (?P<path>\S+) (?P<status>\d+) (?P<bytes>\d+)")
    number = b"9" * digits
    blocks = {
        "combined": b'x - - [x] "GET /a HTTP/1.1" 200 ' + number + b' "-" "x"',
        "nginx-json": b'{"request_method":"GET","request_uri":"/a","status":200,"body_bytes_sent":"' + number + b'"}',
        "own": b"GET /a 200 " + number,
    }
    for name, block in blocks.items():
        counts = Counts(Routes((), 5), 20)
        parsed = parser(own if name == "own" else shipped()[name])(block)
        counts.add(parsed.requests)
        assert (parsed.failed, [one.untimed for one in counts.requests.timed]) == ({}, [1]), name
        assert b"body_size" not in render(of_requests(counts.requests)), name


def test_a_bad_line_costs_itself_alone() -> None:
    """In a block every other line is still a request, and each line is one of the two."""
    for name, lines in _LINES.items():
        good = next(_line(line) for line in lines if "is" in line)
        block = b"\n".join([good, b"\xff\x00{", good, b"", b'"' * 50, good])
        parsed = parser(shipped()[name])(block)
        assert len(parsed.requests) == 3, name
        assert parsed.failed == {"binary": 1, "syntax": 1}, name


_piece = st.one_of(
    st.binary(max_size=40),
    st.sampled_from(
        [b'"', b" ", b"\n", b"] ", b"/", b"-", b"\\", b'{"', b'":', b"}", b"1e999", b"nan", b"\0", b"200", b","]
    ),
)
_block = st.one_of(
    st.lists(_piece, max_size=60).map(b"".join),
    st.builds(
        lambda line, at, piece: line[:at] + piece + line[at + 1 :],
        st.sampled_from([_line(line) for lines in _LINES.values() for line in lines]),
        st.integers(0, 300),
        _piece,
    ),
)


@cases(300)
@given(block=_block, name=st.sampled_from(sorted(_ALL)))
def test_any_bytes_are_requests_or_reasons(block: bytes, name: str) -> None:
    """Whatever a file holds, no parser raises, and it finds no more than there are lines."""
    parsed = parser(_ALL[name])(block)
    assert parsed.failed.keys() <= set(REASONS)
    found = len(parsed.requests) + sum(parsed.failed.values())
    assert found <= block.count(b"\n") + 1
    for method, path, status, size, seconds, behind in map(_seconds, parsed.requests):
        assert isinstance(method, bytes | str)
        assert isinstance(path, bytes | str)
        assert isinstance(status, bytes | str | int)
        assert isinstance(size, int)
        assert size >= -1
        assert seconds is None or (isinstance(seconds, float) and 0 <= seconds < 1e9)
        assert behind is None or (isinstance(behind, float) and 0 <= behind < 1e9)


@pytest.mark.parametrize("name", ["nginx", "haproxy", "caddy", "pattern"])
def test_the_longest_block_takes_time_in_proportion(name: str) -> None:
    """A block of one repeated piece, whichever, is answered within a deadline that quadratic work would miss by far."""
    start = time.monotonic()
    for piece in (b'"', b" ", b"\\", b'\\"', b"[", b'{"a":', b"] ", b"/", b":", b",", b"0", b"\n", b'""\n'):
        parser(_ALL[name])(piece * (256 * 1024 // len(piece)))
    assert time.monotonic() - start < 60
