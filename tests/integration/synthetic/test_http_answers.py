"""Answers over HTTP as servers really send them: interim ones, codings, framing, headers, charsets."""

from __future__ import annotations

import gzip
import json
import socket
import zlib

import pytest

from exporters.core.checks.probe_run import Result
from exporters.core.errors import ErrorClass
from tests.support.peers import Check, Listen, Web, read_head
from tests.support.servers import free_port

PAGE = b"<title>Kitchen Pantry</title>"
FINAL = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(PAGE), PAGE)
HINTS = b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload; as=style\r\n\r\n"


def gzipped(data: bytes) -> bytes:
    """Return data as gzip, the same each time."""
    return gzip.compress(data, mtime=0)


def raw_deflate(data: bytes) -> bytes:
    """Return data as some servers send `deflate`: without the two bytes of zlib in front."""
    return zlib.compress(data)[2:-4]


def answer(headers: str, body: bytes = PAGE, status: str = "200 OK") -> bytes:
    """Return an answer with the length of its body."""
    return f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n{headers}\r\n".encode("latin-1") + body


def chunked(body: bytes, trailers: bytes = b"") -> bytes:
    """Return a body in chunks of ten bytes."""
    parts = [body[start : start + 10] for start in range(0, len(body), 10)]
    return b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in parts) + b"0\r\n" + trailers + b"\r\n"


def get(check: Check, port: int, expect_body: str | None = "Pantry", **settings: object) -> Result:
    """Run the check on a port of this machine."""
    return check(kind="http", url=f"http://127.0.0.1:{port}/", expect_body=expect_body, **settings)


@pytest.mark.parametrize(
    "interim",
    [
        HINTS,
        b"HTTP/1.1 100 Continue\r\n\r\n",
        b"HTTP/1.1 102 Processing\r\n\r\n",
        b"HTTP/1.1 199 Whatever\r\nContent-Length: 5\r\n\r\n",
        b"HTTP/1.1 100\r\n\r\n" + HINTS * 50 + b"HTTP/1.1 102 Processing\r\n\r\n",
    ],
    ids=["hints", "continue", "processing", "unknown", "many"],
)
@pytest.mark.parametrize("kind", ["http", "journey"])
def test_interim_answers_are_read_past(check: Check, web: Web, kind: str, interim: bytes) -> None:
    """The final answer counts, however many interim ones come before it."""
    url = f"http://127.0.0.1:{web(interim + FINAL)}/"
    request: dict[str, object] = {"url": url, "expect_body": "Pantry"}
    result = check(kind=kind, **request if kind == "http" else {"steps": [{"name": "one", **request}]})
    assert (result.error_class, result.detail, result.gauges["probe_http_status_code", ()]) == (None, "", 200)


def test_interim_answers_without_end(check: Check, listen: Listen) -> None:
    """Interim answers without end are protocol, not memory."""

    def endless(connection: socket.socket) -> None:
        read_head(connection)
        while True:
            connection.sendall(HINTS * 100)

    result = get(check, listen(endless))
    assert (result.error_class, result.detail) == (ErrorClass.PROTOCOL, "more than 256 KiB of headers")


def test_protocol_switched_unasked(check: Check, web: Web) -> None:
    """101 has no other answer after it: it is the final one."""
    port = web(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n\x81\x02hi")
    result = get(check, port)
    assert (result.error_class, result.detail) == (ErrorClass.PROTOCOL, "status 101")
    assert result.gauges["probe_http_status_code", ()] == 101
    assert get(check, port, None, expect_status=[101]).error_class is None


@pytest.mark.parametrize(
    ("coding", "body"),
    [
        ("gzip", gzipped(PAGE)),
        ("GZip", gzipped(PAGE)),
        ("x-gzip", gzipped(PAGE)),
        ("gzip", gzipped(PAGE[:9]) + gzipped(PAGE[9:])),
        ("gzip", gzipped(PAGE) + b"\x00" * 100),
        ("deflate", zlib.compress(PAGE)),
        ("deflate", raw_deflate(PAGE)),
        ("gzip, deflate", zlib.compress(gzipped(PAGE))),
        ("gzip\r\nContent-Encoding: gzip", gzipped(gzipped(PAGE))),
        ("identity", PAGE),
        ("", PAGE),
        # What is no coding at all, browsers take as none.
        ("utf-8", PAGE),
        ("aws-chunked", PAGE),
        ("none", PAGE),
    ],
)
def test_coded_body_is_judged_decoded(check: Check, web: Web, coding: str, body: bytes) -> None:
    """A body is decoded before it is judged, and its length is the decoded one; the announced one stays what it was."""
    result = get(check, web(answer(f"Content-Encoding: {coding}\r\n", body)), "^<title>Kitchen Pantry</title>$")
    assert (result.error_class, result.detail) == (None, "")
    assert result.gauges["probe_http_uncompressed_body_length", ()] == len(PAGE)
    assert result.gauges["probe_http_content_length", ()] == len(body)


def test_chunked_and_coded_with_trailers(check: Check, web: Web) -> None:
    """Chunks and trailers are framing, and do not come into the decoder."""
    head = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n"
    assert get(check, web(head + chunked(gzipped(PAGE), b"X-Sum: 1\r\n"))).detail == ""
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n"
    assert get(check, web(head + chunked(gzipped(PAGE)))).detail == ""


@pytest.mark.parametrize(
    ("coding", "body", "detail"),
    [
        ("gzip", PAGE, "the body is not gzip, though Content-Encoding says so"),
        ("deflate", b"\xff" * 30, "the body is not deflate, though Content-Encoding says so"),
        ("gzip", gzipped(PAGE)[:-9], "the body ends before its gzip data does"),
        ("gzip", gzipped(PAGE)[:5], "the body ends before its gzip data does"),
        ("deflate", zlib.compress(PAGE)[:-5], "the body ends before its deflate data does"),
        ("br", PAGE, "the body has the content coding br, which cannot be decoded here"),
        ("zstd, gzip", gzipped(PAGE), "the body has the content coding zstd, which cannot be decoded here"),
        ("gzip, " * 9000, gzipped(PAGE), "the body has more than 5 content codings"),
    ],
)
def test_body_that_cannot_be_decoded(check: Check, web: Web, coding: str, body: bytes, detail: str) -> None:
    """A body that is not what its coding says, or in one not known here, is protocol, and the detail says which."""
    result = get(check, web(answer(f"Content-Encoding: {coding}\r\n", body)))
    assert (result.error_class, result.detail) == (ErrorClass.PROTOCOL, detail)
    assert result.gauges["probe_failed_due_to_regex", ()] == 0
    assert ("probe_http_uncompressed_body_length", ()) not in result.gauges


def test_unknown_coding_where_the_body_does_not_matter(check: Check, web: Web) -> None:
    """A body that nobody asks about may be in any coding; its decoded length is not known."""
    result = get(check, web(answer("Content-Encoding: br\r\n")), None)
    assert result.error_class is None
    assert ("probe_http_uncompressed_body_length", ()) not in result.gauges


@pytest.mark.parametrize("layers", [1, 2])
def test_bomb_is_cut(check: Check, web: Web, layers: int) -> None:
    """Of a body that decodes to 300 MB, 1 MiB is decoded, and judged."""
    compressor = zlib.compressobj(9, zlib.DEFLATED, 31)
    body = b"".join(compressor.compress(b"x" * 1_000_000) for _ in range(300)) + compressor.flush()
    if layers == 2:
        body = gzipped(body)
    coding = ", ".join(["gzip"] * layers)
    result = get(check, web(answer(f"Content-Encoding: {coding}\r\n", body)), "^x+$")
    assert (result.error_class, result.detail) == (None, "")
    assert result.gauges["probe_http_uncompressed_body_length", ()] == 1024 * 1024


@pytest.mark.parametrize("status", ["204 No Content", "304 Not Modified"])
def test_answer_without_a_body(check: Check, web: Web, status: str) -> None:
    """204 and 304 have no body, and an answer to HEAD neither, whatever their headers say."""
    coded = "Content-Encoding: gzip\r\n"
    result = get(check, web(f"HTTP/1.1 {status}\r\n{coded}Content-Length: 50\r\n\r\n".encode()), None)
    assert (result.error_class, result.detail) == (None, "")
    assert result.gauges["probe_http_content_length", ()] == 0
    result = get(check, web(answer(coded, b"", "200 OK")), None, method="HEAD")
    assert (result.error_class, result.detail) == (None, "")


def test_body_in_too_many_chunks_is_cut(check: Check, web: Web) -> None:
    """Of a body in chunks of one byte, 65536 are read, and judged."""
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    result = get(check, web(head + b"1\r\nx\r\n" * 100_000 + b"0\r\n\r\n"), "^x+$", timeout_seconds=10)
    assert (result.error_class, result.detail) == (None, "")
    assert result.gauges["probe_http_uncompressed_body_length", ()] == 65536


def test_many_and_large_headers(check: Check, web: Web) -> None:
    """It is the size of the headers that is limited, not their number: 256 KiB in all, as in browsers."""
    assert get(check, web(answer("Set-Cookie: a=b\r\n" * 5000))).detail == ""
    assert get(check, web(answer(f"X-Large: {'x' * 200_000}\r\n"))).detail == ""
    for headers in ("Set-Cookie: a=b\r\n" * 16_000, f"X-Large: {'x' * 263_000}\r\n"):
        result = get(check, web(answer(headers)))
        assert (result.error_class, result.detail) == (ErrorClass.PROTOCOL, "more than 256 KiB of headers")


@pytest.mark.parametrize(
    "whole",
    [
        b"HTTP/1.1 200\r\nContent-Length: 29\r\n\r\n" + PAGE,
        b"HTTP/1.1 200 \r\n\r\n" + PAGE,
        b"HTTP/1.0 200 OK\r\n\r\n" + PAGE,
        b"HTTP/1.1 200 OK\nContent-Length: 29\n\n" + PAGE,
        b"HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n1d\n" + PAGE + b"\n0\n\n",
        b"HTTP/1.1 200 OK\r\nX-Folded: one\r\n two\r\n\tthree\r\n\r\n" + PAGE,
        b"HTTP/1.1 200 OK\r\nContent-Length : 29\r\n\r\n" + PAGE,
        b"HTTP/1.1 200 OK\r\nContent-Length: 29\r\nContent-Length: 29\r\n\r\n" + PAGE + b"more",
        b"HTTP/1.1 200 OK\r\nContent-Length: 7\r\nTransfer-Encoding: Chunked\r\n\r\n" + chunked(PAGE),
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1D;name=value\r\n" + PAGE + b"\r\n000\r\n\r\n",
        b"HTTP/1.1 200 O\xfc\r\nX-Latin: \xfc\x01\r\nContent-Length: 29\r\n\r\n" + PAGE,
    ],
    ids=["reason", "blank", "1.0", "lf", "lf-chunks", "folded", "space", "twice", "both", "extension", "latin"],
)
def test_unusual_framing(check: Check, web: Web, whole: bytes) -> None:
    """What browsers accept passes: with a reason or without, whatever ends the lines, folded, announced twice."""
    result = get(check, web(whole), f"^{PAGE.decode()}$")
    assert (result.error_class, result.detail) == (None, "")


@pytest.mark.parametrize(
    "line",
    [
        b"Strict-Transport-Security max-age=31536000",
        b"X Foo: a",
        b"X-\xe4: a",
        b": a",
        b"no colon\r\n folded: on",
        b"\x00",
    ],
)
def test_a_line_that_is_no_header_costs_only_itself(check: Check, web: Web, line: bytes) -> None:
    """Browsers show such a page, so users do not notice: a mistake in one header is not the server's failure."""
    whole = b"HTTP/1.1 200 OK\r\n" + line + b"\r\nContent-Length: %d\r\n\r\n" % len(PAGE) + PAGE
    result = get(check, web(whole), f"^{PAGE.decode()}$")
    assert (result.error_class, result.detail) == (None, "")
    assert result.gauges["probe_http_content_length", ()] == len(PAGE)


@pytest.mark.parametrize(
    ("whole", "detail"),
    [
        (b"<html>HTTP/0.9</html>", "the answer is not HTTP/1"),
        (b"\x15\x03\x03\x00\x02\x02\x46", "the answer is not HTTP/1"),
        (b"HTTP/2 200 OK\r\n\r\n", "the answer is not HTTP/1"),
        (b"HTTP/1.1 2000 OK\r\n\r\n", "the answer is not HTTP/1"),
        (b"HTTP/1.1 099 OK\r\n\r\n", "the answer is not HTTP/1"),
        (b"", "the connection was closed without an answer"),
        (b"HTTP/1.1 200 OK\r\nX-Half: ", "the connection ended within the headers"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n", "Content-Length is not a number, or several that differ"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", "Content-Length is not a number, or several that differ"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: " + b"9" * 5000 + b"\r\n\r\n",
         "Content-Length is not a number, or several that differ"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 1, 2\r\n\r\nx", "Content-Length is not a number, or several that differ"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nshort", "the connection ended within the body"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\nshort", "the connection ended within the body"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-5\r\nshort\r\n",
         "the size of a chunk of the body is not a number"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nlonger\r\n0\r\n\r\n",
         "a chunk of the body is longer than its size says"),
    ],
)  # fmt: skip
def test_malformed_answer(check: Check, web: Web, whole: bytes, detail: str) -> None:
    """An answer that is not HTTP/1, or ends too soon, is protocol, and the detail says where it went wrong."""
    result = get(check, web(whole))
    assert (result.error_class, result.detail) == (ErrorClass.PROTOCOL, detail)


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("text/html; charset=utf-16", "Küche €".encode("utf-16-le")),
        ("text/html", "Küche €".encode("utf-16")),
        ("text/html; charset=ISO-8859-1", "Küche €".encode("cp1252")),
        ('text/html; charset="windows-1252"', "Küche €".encode("cp1252")),
        ("text/html; charset=iso-8859-15", "Küche €".encode("iso-8859-15")),
        ("text/html;charset=utf-8", "\ufeffKüche €".encode()),
        ("text/html; charset=rot13", "Küche €".encode()),
        ("", "Küche €".encode()),
    ],
)
def test_text_is_read_in_its_charset(check: Check, web: Web, content_type: str, body: bytes) -> None:
    """expect_body is matched with the text as a browser shows it, without a byte order mark."""
    result = get(check, web(answer(f"Content-Type: {content_type}\r\n", body)), "^Küche €$")
    assert (result.error_class, result.detail) == (None, "")


def test_bytes_that_are_no_text(check: Check, web: Web) -> None:
    """Bytes that are not text in the charset match as U+FFFD, and what stands around them still does."""
    assert get(check, web(answer("", b"\xff\xfe\xff" + PAGE + b"\xed\xa0\x80")), "Pantry|.").error_class is None
    assert get(check, web(answer("", b"bad: \xff! " + PAGE)), "bad: \ufffd! .*Pantry").error_class is None


TOKEN = '{"token": "t0ken"}'


@pytest.mark.parametrize(
    ("body", "headers", "saved"),
    [
        (gzipped(TOKEN.encode()), "Content-Encoding: gzip\r\n", "t0ken"),
        (b"\xef\xbb\xbf" + TOKEN.encode(), "", "t0ken"),
        (TOKEN.encode("utf-16"), "", "t0ken"),
        (b'{"token": 123456789012345678901234567890}', "", "123456789012345678901234567890"),
        (b'{"token": ' + b"7" * 5000 + b"}", "", "7" * 5000),
        (b'{"token": 1.10, "x": 1e999}', "", "1.10"),
        (b'{"token": false}', "", "false"),
    ],
    ids=["gzip", "mark", "utf-16", "large", "huge", "float", "false"],
)
def test_saved_value_is_sent_as_it_was_written(
    check: Check, listen: Listen, body: bytes, headers: str, saved: str
) -> None:
    """A value of JSON comes back as the server wrote it, whatever the JSON was packed in, and however long it is."""
    heads: list[str] = []

    def handle(connection: socket.socket) -> None:
        heads.append(read_head(connection))
        connection.sendall(answer(headers, body))

    url = f"http://127.0.0.1:{listen(handle)}/"
    steps = [
        {"name": "get", "url": url, "save": {"t": "token"}},
        {"name": "use", "url": url, "headers": {"X": "<<t>>"}},
    ]
    result = check(kind="journey", steps=steps)
    assert (result.error_class, result.detail) == (None, "")
    assert f"\r\nX: {saved}\r\n" in heads[1]


@pytest.mark.parametrize(
    ("body", "headers", "detail"),
    [
        (b'{"token": NaN}', "", "the answer is not JSON"),
        (b'{"token": -Infinity}', "", "the answer is not JSON"),
        (b"[" * 100_000, "", "the answer is not JSON"),
        (b'{"token": "\xff"}', "", "the answer is not JSON"),
        (b'{"token": ' + b"[" * 900 + b"]" * 900 + b"}", "", "no plain value at token in the answer"),
        (json.dumps({"token": None}).encode(), "", "no plain value at token in the answer"),
        (TOKEN.encode(), "Content-Encoding: gzip\r\n", "the body is not gzip, though Content-Encoding says so"),
        (TOKEN.encode(), "Content-Encoding: br\r\n",
         "the body has the content coding br, which cannot be decoded here"),
    ],
    ids=["nan", "infinity", "nested", "bytes", "deep", "null", "garbage", "br"],
)  # fmt: skip
def test_what_cannot_be_saved(check: Check, web: Web, body: bytes, headers: str, detail: str) -> None:
    """What is not JSON, or not one value, is protocol, and the detail says which."""
    steps = [{"name": "get", "url": f"http://127.0.0.1:{web(answer(headers, body))}/", "save": {"t": "token"}}]
    result = check(kind="journey", steps=steps)
    assert (result.error_class, result.detail) == (ErrorClass.PROTOCOL, f"step get: {detail}")


def test_no_proxy_of_the_environment(check: Check, web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    """A check asks the server itself: a proxy that only the environment names would be another way than is written."""
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{free_port()}")
    assert get(check, web(FINAL)).error_class is None
