"""Whatever a server or a settings file says: no traceback, no class `internal`, and no more work than it is worth."""

from __future__ import annotations

import gzip
import io
import json
import zlib
from collections.abc import Callable
from typing import Any

import h11
import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporters.core.checks.check import Entry, Observation
from exporters.core.checks.http_url import parse_url, redirect_target, same_origin
from exporters.core.checks.templating import fill, names_in
from exporters.core.errors import CollectError, ConfigError, ErrorClass
from exporters.core.settings import decode
from exporters.synthetic.cookies import Cookies
from exporters.synthetic.http_answer import MAXIMUM_BODY_BYTES, AnswerReader, Head
from exporters.synthetic.http_body import Body, text_of
from exporters.synthetic.http_client import Answer, Request, note_head
from exporters.synthetic.kinds import KINDS
from exporters.synthetic.saved_values import save_values
from exporters.synthetic.settings import SyntheticSettings
from tests.support.properties import cases

METHODS = ("GET", "HEAD", "POST")
bounded = cases(120)

token = st.text("abcxyz-_09", min_size=1, max_size=12)
value = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), max_size=40)
# What stands where in an answer, so that its parts are met more often than by chance.
pieces = st.sampled_from(
    [
        b"HTTP/1.1 200 OK\r\n",
        b"HTTP/1.0 200\n",
        b"HTTP/1.1 103 Hints\r\n",
        b"HTTP/1.1 204 x\r\n",
        b"HTTP/1.1 101 x\r\n",
        b"Content-Length: 5\r\n",
        b"Content-Length: 7, 7\r\n",
        b"Content-Length: \xb2\r\n",
        b"Content-Length: 99999999999\r\n",
        b"Transfer-Encoding: chunked\r\n",
        b"Transfer-Encoding: gzip, chunked\r\n",
        b"Content-Encoding: gzip, br\r\n",
        b"Content-Encoding: deflate\r\n",
        b"Location: http://[\r\n",
        b"Last-Modified: Fri, 01 Nov 2024 10:00:00 GMT\r\n",
        b"\r\n",
        b"\n",
        b" folded\r\n",
        b"0\r\n",
        b"5\r\nhello\r\n",
        b"ffffffffffffffff\r\n",
        b";\r\n",
        b"hello",
        b"\x00",
        b"\xff",
        gzip.compress(b"hello", mtime=0),
        zlib.compress(b"hello"),
    ]
)
answers = st.lists(st.one_of(pieces, st.binary(max_size=20)), max_size=12).map(b"".join)


def reader(data: bytes, method: str) -> AnswerReader:
    """Return what reads these bytes, which come a few at a time."""

    class Dripping(io.RawIOBase):
        def __init__(self) -> None:
            self._source = io.BytesIO(data)

        def readable(self) -> bool:
            return True

        def readinto(self, buffer: Any) -> int:
            return self._source.readinto(memoryview(buffer)[:7])

    return AnswerReader(io.BufferedReader(Dripping()), method)


@bounded
@given(answers, st.sampled_from(METHODS))
def test_any_answer_is_read_or_refused(data: bytes, method: str) -> None:
    """Any bytes are an answer or class protocol, whose parts are no longer than what was sent."""
    reading = reader(data, method)
    try:
        head = reading.head()
        note_head(Request(method, parse_url("http://a/"), {}, None), reading, head, Observation())
        sent, complete = reading.body(head)
        content = Body(sent, complete, head.tokens("content-encoding"), head.first("content-type") or "").content()
    except CollectError as error:
        assert error.error_class is ErrorClass.PROTOCOL  # noqa: PT017 - either way is right
        return
    assert 101 <= head.status <= 999
    assert len(sent) <= len(data)
    assert len(content) <= MAXIMUM_BODY_BYTES


@bounded
@given(
    st.integers(200, 599).filter(lambda status: status not in {204, 304}),
    st.lists(st.tuples(token, value), max_size=20),
    st.lists(st.binary(min_size=1, max_size=300), max_size=5),
    st.sampled_from(["length", "chunked", "close"]),
    st.integers(0, 3),
)
def test_well_formed_answer_is_read_as_h11_reads_it(
    status: int, headers: list[tuple[str, str]], parts: list[bytes], framing: str, interim: int
) -> None:
    """Status, headers and body are those that h11 finds in the same bytes."""
    headers = [(f"x-{name}", text) for name, text in headers]
    lines = [f"HTTP/1.1 {status} Some Reason", *(f"{name}: {text}" for name, text in headers)]
    body = b"".join(parts)
    if framing == "length":
        lines.append(f"Content-Length: {len(body)}")
    if framing == "chunked":
        lines.append("Transfer-Encoding: chunked")
        body = b"".join(b"%x;e=1\r\n%b\r\n" % (len(part), part) for part in parts) + b"0\r\nX-Sum: 1\r\n\r\n"
    hints = b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" * interim
    data = hints + "\r\n".join([*lines, "", ""]).encode() + body
    reading = reader(data, "GET")
    head = reading.head()
    ours = head.status, [pair for pair in head.headers if pair[0].startswith("x-")], reading.body(head)
    theirs = _by_h11(data)
    assert ours == (*theirs[:2], (theirs[2], True))


def _by_h11(data: bytes) -> tuple[int, list[tuple[str, str]], bytes]:
    connection = h11.Connection(h11.CLIENT)
    connection.send(h11.Request(method="GET", target="/", headers=[("Host", "a"), ("Connection", "close")]))
    connection.send(h11.EndOfMessage())
    connection.receive_data(data)
    connection.receive_data(b"")
    status, headers, body = 0, [], b""
    while not isinstance(event := connection.next_event(), h11.EndOfMessage | h11.ConnectionClosed):
        if isinstance(event, h11.Response):
            found = [(name.decode(), text.decode()) for name, text in event.headers]
            status, headers = event.status_code, [pair for pair in found if pair[0].startswith("x-")]
        if isinstance(event, h11.Data):
            body += bytes(event.data)
    return status, headers, body


@bounded
@given(st.binary(max_size=3000), st.lists(st.sampled_from(["gzip", "deflate", "x-gzip", "identity"]), max_size=4))
def test_what_was_coded_comes_back(content: bytes, codings: list[str]) -> None:
    """A body comes back through any stack of codings; cut short it is refused, and never more than was put in."""
    pack: dict[str, Callable[[bytes], bytes]] = {
        "gzip": gzip.compress,
        "x-gzip": gzip.compress,
        "deflate": zlib.compress,
        "identity": bytes,
    }
    sent = content
    for coding in codings:
        sent = pack[coding](sent)
    assert Body(sent, True, codings, "").content() == content
    for end in range(0, len(sent), max(1, len(sent) // 10)):
        for complete in (True, False):
            try:
                found = Body(sent[:end], complete, codings, "").content()
            except CollectError as error:
                assert error.error_class is ErrorClass.PROTOCOL  # noqa: PT017 - either way is right
            else:
                assert content.startswith(found)


@bounded
@given(
    st.binary(max_size=500),
    st.lists(st.one_of(st.sampled_from(["gzip", "deflate", "br", "zstd", "identity"]), token), max_size=5),
    st.one_of(st.text(max_size=60), st.sampled_from(["a;charset=utf-16", "a;charset=idna", "a;charset=utf-32"])),
)
def test_any_body_is_decoded_or_refused(sent: bytes, codings: list[str], content_type: str) -> None:
    """Any bytes under any coding and charset are text or class protocol."""
    try:
        content = Body(sent, True, codings, content_type).content()
    except CollectError as error:
        assert error.error_class is ErrorClass.PROTOCOL  # noqa: PT017 - either way is right
        content = sent
    assert isinstance(text_of(content, content_type), str)


@bounded
@given(st.text(st.characters(max_codepoint=255), max_size=60))
def test_any_location_leads_to_an_address_or_nowhere(location: str) -> None:
    """A redirect leads to an address in ASCII, without credentials, or it is refused."""
    home = parse_url("https://crm.test/a")
    for text in (location, f"http://{location}", f"//{location}/", f"/{location}"):
        try:
            target = redirect_target(home, text)
        except ValueError:
            continue
        assert target.geturl().isascii()
        assert target.geturl().isprintable()
        assert "@" not in target.netloc
        assert same_origin(target, target)


@bounded
@given(st.text(st.characters(max_codepoint=255), max_size=60), st.integers(0, 10**30))
def test_any_date_is_a_time_or_none(text: str, year: int) -> None:
    """A header Last-Modified of any kind is a time, or no sample."""
    for date in (text, f"Fri, 01 Nov {year} 10:00:00 GMT", f"Fri, 01 Nov 2024 {year}:00:00 +9999"):
        head = Head(1.1, 200, (("last-modified", date),))
        note_head(Request("GET", parse_url("http://a/"), {}, None), reader(b"", "GET"), head, Observation())


jsons = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=10)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.sampled_from("abc"), inner, max_size=3)),
    max_leaves=8,
)


pages = st.lists(
    st.sampled_from(
        ["<input name=a ", "value='", "'>", "<meta name=a content=", "<!", "<![", "]>", "--", "&#0;", "<script>"]
    )
    | st.text(max_size=6),
    max_size=12,
).map(lambda parts: "".join(parts).encode(errors="replace"))  # fmt: skip
set_cookies = st.lists(
    st.tuples(st.just("set-cookie"), st.text(st.characters(max_codepoint=0xFF), max_size=60))
    | st.sampled_from([("set-cookie", "a=b; Max-Age=0"), ("set-cookie", "a=%C3; Path=/"), ("set-cookie", "a")]),
    max_size=4,
).map(tuple)


@bounded
@given(
    st.one_of(jsons.map(lambda document: json.dumps(document).encode()), pages, st.binary(max_size=60)),
    token,
    set_cookies,
)
def test_any_answer_gives_a_value_or_is_refused(body: bytes, place: str, headers: tuple[tuple[str, str], ...]) -> None:
    """What is saved of any answer is a line of text, or it is class protocol."""
    places = {"one": place, "two": "a", "three": "0.b.-1", "four": "a.9" * 20}
    places |= {"five": "field:a", "six": "meta:a", "seven": "cookie:a", "eight": "header:Set-Cookie"}
    answer = Answer(Head(1.1, 200, headers), Body(body, True, (), "application/json"))
    cookies, url = Cookies(), parse_url("http://127.0.0.1/")
    cookies.take(url, answer.head)
    assert isinstance(cookies.header(url), str | None)
    for name, where in places.items():
        found: dict[str, str] = {}
        try:
            save_values({name: where}, answer, cookies, found)
        except CollectError as error:
            assert error.error_class is ErrorClass.PROTOCOL  # noqa: PT017 - either way is right
        else:
            assert found[name].isprintable()


@bounded
@given(st.text("<>ab_", max_size=60), st.text(max_size=20))
def test_any_text_is_filled(text: str, inserted: str) -> None:
    """Each placeholder becomes its value as it is, whatever that holds: it is not searched again."""
    names = names_in(text)
    filled = fill(text, dict.fromkeys(names, inserted))
    assert filled == text or names
    assert fill(text, {name: f"<<{name}>>" for name in names}) == text


anything = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-10, 10**6),
    st.floats(),
    st.text(max_size=20),
    st.sampled_from(
        ["127.0.0.1:1", "[::1]:99999", "http://a/", "http://[", "(", "a..b", "<<x>>", "10 mail.", "MX", "tls"]
    ),
    st.lists(st.text(max_size=8), max_size=3),
    st.dictionaries(st.sampled_from("ab"), st.text(max_size=5), max_size=2),
)
GOOD: dict[str, dict[str, Any]] = {
    "http": {"url": "http://a/"},
    "tcp": {"address": "127.0.0.1:1"},
    "tls": {"address": "127.0.0.1:1"},
    "dns": {"query_name": "a.test", "server": "127.0.0.1:1"},
    "journey": {"steps": [{"name": "one", "url": "http://a/"}]},
}
FIELDS = (
    "url",
    "address",
    "query_name",
    "record_type",
    "server",
    "expect",
    "expect_contains",
    "expect_body",
    "expect_status",
    "send",
    "server_name",
    "method",
    "headers",
    "body",
    "steps",
    "save",
    "timeout_seconds",
    "interval_seconds",
    "name",
    "username",
    "password_file",
    "bearer_token_file",
    "ca_file",
    "tls_verify",
    "secret_files",
    "other",
)


@bounded
@given(st.sampled_from(sorted(GOOD)), st.dictionaries(st.sampled_from(FIELDS), anything, max_size=4))
def test_any_settings_are_a_check_or_an_error(kind: str, more: dict[str, Any]) -> None:
    """Any values in the settings of a check are a check, or an error of the settings."""
    entry = {"name": "one", "kind": kind, **GOOD[kind], **more}
    if kind == "journey" and more:
        entry["steps"] = [{**GOOD[kind]["steps"][0], **more}]
    try:
        section = decode({"checks": [entry]}, SyntheticSettings, "settings.yaml", {})
        for check in section.checks:
            KINDS[check.kind](check, Entry("/nowhere/settings.yaml", "synthetic.checks[0]"))
    except ConfigError as error:
        assert str(error)  # noqa: PT017 - either way is right


def test_depth_of_json() -> None:
    """JSON of any depth is refused, not followed."""
    for deep in (b"[" * 10**6, b'{"a":' * 10**5, b'{"a": ' + b"[" * 950 + b"]" * 950 + b"}"):
        answer = Answer(Head(1.1, 200, ()), Body(deep, True, (), "application/json"))
        with pytest.raises(CollectError):
            save_values({"x": "a"}, answer, Cookies(), {})
