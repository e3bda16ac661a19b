"""One request over HTTP/1.1 and its answer, with the time of each phase: for every kind of check that uses HTTP."""

from __future__ import annotations

import contextlib
import re
import socket
import ssl
from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC
from email.utils import parsedate_to_datetime
from urllib.parse import SplitResult

from exporters import __version__
from exporters.core.checks.check import Observation
from exporters.core.checks.http_url import host_header, host_of, port_of
from exporters.core.deadline import Deadline
from exporters.core.errors import CollectError, ErrorClass
from exporters.core.field_checks import expect
from exporters.core.problem_text import shown
from exporters.synthetic.http_answer import AnswerReader, Head
from exporters.synthetic.http_body import Body, UnknownCodingError, text_of
from exporters.synthetic.sockets import Stream, connect
from exporters.synthetic.tls import handshake

_HEADER = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+\Z")
_OWN_HEADERS = {"User-Agent": f"pantrywatch-check/{__version__}", "Accept": "*/*", "Accept-Encoding": "identity"}
_LAST_MODIFIED = "probe_http_last_modified_timestamp_seconds"
_LONGEST_DATE = 40
_SENDS_LENGTH = frozenset({"POST", "PUT", "PATCH"})  # including that of an empty body


@dataclass(frozen=True, slots=True)
class Request:
    """The request."""

    method: str
    url: SplitResult
    headers: Mapping[str, str]
    body: bytes | None


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer."""

    head: Head
    body: Body

    @property
    def status(self) -> int:
        """The status."""
        return self.head.status


def text_of_body(answer: Answer, errors: str = "replace") -> str:
    """Return the decoded body as text. Raises CollectError, or UnicodeError if `errors` says so."""
    return text_of(answer.body.content(), answer.body.content_type, errors)


def expect_headers(headers: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Yield what cannot be sent; values may be secrets and are not shown."""
    for name, value in headers.items():
        if not _HEADER.match(name):
            yield name, f"expected a header name of letters, digits and -, got {shown(name)}"
        if not sendable(value):
            yield name, "expected a header value of printable ASCII characters, got others"


def sendable(value: str) -> bool:
    """Return whether a text can be used in a header."""
    return value.isprintable() and value.isascii()


def expect_status(status: int) -> None:
    """Raise ValueError unless this is an HTTP status."""
    expect(100 <= status <= 599, "a status from 100 to 599", status)


def all_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """Return the default headers and these, spelled alike, so that one from the settings replaces a default."""
    return _OWN_HEADERS | {name.title(): value for name, value in headers.items()}


def judge(answer: Answer, statuses: Container[int], body: re.Pattern[str] | None, observation: Observation) -> None:
    """Raise CollectError unless status and body are as expected; 401 and 403 have their own classes."""
    observation.set("probe_failed_due_to_regex", 0)
    if answer.status not in statuses:
        meaning = {401: ErrorClass.AUTH, 403: ErrorClass.PERMISSION}
        raise CollectError(meaning.get(answer.status, ErrorClass.PROTOCOL), f"status {answer.status}")
    try:
        content = answer.body.content()
    except UnknownCodingError:  # not a failure if the body is not checked
        if body:
            raise
        return
    _note_length(content, observation)
    if body and not body.search(text_of(content, answer.body.content_type)):
        observation.set("probe_failed_due_to_regex", 1)
        raise CollectError(ErrorClass.PROTOCOL, "the body does not match expect_body")


def exchange(request: Request, context: ssl.SSLContext, observation: Observation, deadline: Deadline) -> Answer:
    """Return the answer to a request; redirects are not followed.

    Raises CollectError (dns, protocol) or OSError (including ssl.SSLError).
    """
    with _open(request.url, context, observation, deadline) as sock:
        stream = Stream(sock, deadline)
        reader = AnswerReader(stream.makefile(), request.method)
        with observation.phase("processing"):
            stream.sendall(_message(request))
            head = reader.head()
        note_head(request, reader, head, observation)
        try:
            with observation.phase("transfer"):
                sent, complete = reader.body(head)
        except (CollectError, OSError):
            with contextlib.suppress(CollectError):
                _note_length(_body(head, bytes(reader.received), complete=False).content(), observation)
            raise
    return Answer(head, _body(head, sent, complete=complete))


def _body(head: Head, sent: bytes, *, complete: bool) -> Body:
    codings = (*head.tokens("content-encoding"), *(c for c in head.tokens("transfer-encoding") if c != "chunked"))
    return Body(sent, complete, codings, head.first("content-type") or "")


def _note_length(content: bytes, observation: Observation) -> None:
    observation.set("probe_http_uncompressed_body_length", len(content))


def _open(url: SplitResult, context: ssl.SSLContext, observation: Observation, deadline: Deadline) -> socket.socket:
    host = host_of(url)
    sock = connect(host, port_of(url), observation, deadline)
    return handshake(sock, context, host, observation, deadline) if url.scheme == "https" else sock


def _message(request: Request) -> bytes:
    target = (request.url.path or "/") + (f"?{request.url.query}" if request.url.query else "")
    headers = {"Host": host_header(request.url), "Connection": "close", **request.headers}
    if request.body is not None or request.method in _SENDS_LENGTH:
        headers.setdefault("Content-Length", str(len(request.body or b"")))
    lines = [f"{request.method} {target} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items()), "", ""]
    return "\r\n".join(lines).encode("ascii") + (request.body or b"")


def note_head(request: Request, reader: AnswerReader, head: Head, observation: Observation) -> None:
    """Note the metrics in the head of an answer. Raises CollectError (protocol) if its lengths differ."""
    observation.forget(
        "probe_http_content_length", _LAST_MODIFIED
    )  # from an earlier response: a redirect or a previous step
    observation.set("probe_http_status_code", head.status)
    observation.set("probe_http_version", head.version)
    observation.set("probe_http_ssl", int(request.url.scheme == "https"))
    announced = reader.announced_bytes(head)
    observation.set("probe_http_content_length", -1 if announced is None else announced)
    modified = _seconds(head.first("last-modified") or "")
    if modified is not None:
        observation.set(_LAST_MODIFIED, modified)


def _seconds(date: str) -> float | None:
    """Return the Unix time of a date in a header, or None if it is not one."""
    try:
        found = parsedate_to_datetime(date[:_LONGEST_DATE])
    except (ValueError, IndexError, OverflowError):
        return None
    return found.replace(tzinfo=found.tzinfo or UTC).timestamp()
