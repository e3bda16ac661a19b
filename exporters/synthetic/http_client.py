"""One request over HTTP/1.1 and its answer, with the time of each phase: for checks of every kind that speaks HTTP."""

from __future__ import annotations

import http.client
import re
import socket
import ssl
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from typing import cast
from urllib.parse import SplitResult

from exporters import __version__
from exporters.core.checks.check import Observation, expect
from exporters.core.deadline import Deadline
from exporters.core.errors import CollectError, ErrorClass
from exporters.synthetic.sockets import Stream, connect
from exporters.synthetic.tls import handshake

_MAXIMUM_BODY_BYTES = 1024 * 1024  # read and searched; what follows is not waited for
_HEADER = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+\Z")
_OWN_HEADERS = {"User-Agent": f"pantrywatch-check/{__version__}", "Accept": "*/*"}


@dataclass(frozen=True, slots=True)
class Request:
    """What is sent."""

    method: str
    url: SplitResult
    headers: Mapping[str, str]
    body: bytes | None


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back; `location` is where a redirect leads, `body` is cut after 1 MiB."""

    status: int
    location: str | None
    body: bytes


def expect_headers(headers: Mapping[str, str]) -> None:
    """Raise ValueError unless these can be sent; values may be secrets and are not shown."""
    expect(all(map(_HEADER.match, headers)), "header names of letters, digits and -", sorted(headers))
    expect(all(map(sendable, headers.values())), "plain ASCII header values", "others")


def sendable(value: str) -> bool:
    """Return whether a text may stand in a header."""
    return value.isprintable() and value.isascii()


def expect_statuses(statuses: Sequence[int]) -> None:
    """Raise ValueError unless these are statuses."""
    expect(all(100 <= status <= 599 for status in statuses), "statuses from 100 to 599", statuses)


def all_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """Return ours and these, written alike, so that one given in the settings replaces one of ours."""
    return _OWN_HEADERS | {name.title(): value for name, value in headers.items()}


def judge(answer: Answer, statuses: Container[int], body: re.Pattern[str] | None, observation: Observation) -> None:
    """Raise CollectError unless status and body are as expected; 401 and 403 have classes of their own."""
    observation.set("probe_failed_due_to_regex", 0)
    if answer.status not in statuses:
        meaning = {401: ErrorClass.AUTH, 403: ErrorClass.PERMISSION}
        raise CollectError(meaning.get(answer.status, ErrorClass.PROTOCOL), f"status {answer.status}")
    if body and not body.search(answer.body.decode("utf-8", "replace")):
        observation.set("probe_failed_due_to_regex", 1)
        raise CollectError(ErrorClass.PROTOCOL, "the body does not match expect_body")


def exchange(request: Request, context: ssl.SSLContext, observation: Observation, deadline: Deadline) -> Answer:
    """Return the answer to a request; redirects are not followed.

    Raises CollectError (dns), OSError (ssl.SSLError too) or http.client.HTTPException.
    """
    with _open(request.url, context, observation, deadline) as sock:
        stream = Stream(sock, deadline)
        with observation.phase("processing"):
            _send(request, stream)
            # `HTTPResponse` calls nothing of a socket but makefile().
            response = http.client.HTTPResponse(cast("socket.socket", stream), method=request.method)
            response.begin()
        observation.set("probe_http_status_code", response.status)
        observation.set("probe_http_version", response.version / 10)
        observation.set("probe_http_ssl", int(request.url.scheme == "https"))
        observation.set("probe_http_content_length", _announced(response, request.method))
        with observation.phase("transfer"), response:
            body = _read(response)
        observation.set("probe_http_uncompressed_body_length", len(body))
        return Answer(response.status, response.getheader("Location"), body)


def _open(url: SplitResult, context: ssl.SSLContext, observation: Observation, deadline: Deadline) -> socket.socket:
    host, secure = url.hostname or "", url.scheme == "https"
    sock = connect(host, url.port or (443 if secure else 80), observation, deadline)
    return handshake(sock, context, host, observation, deadline) if secure else sock


def _send(request: Request, stream: Stream) -> None:
    url = request.url
    connection = http.client.HTTPConnection(url.hostname or "", url.port)
    connection.sock = cast("socket.socket", stream)  # used for sendall() alone
    target = (url.path or "/") + (f"?{url.query}" if url.query else "")
    headers = {"Host": url.netloc, "Connection": "close", **request.headers}
    connection.request(request.method, target, request.body, headers)


def _announced(response: http.client.HTTPResponse, method: str) -> int:
    """Return the length that the response announced in bytes, -1 where it announced none."""
    if method == "HEAD":  # here `length` is what is to be read
        text = response.getheader("Content-Length", "")
        return int(text) if text.isdecimal() else -1
    return -1 if response.length is None else response.length


def _read(response: http.client.HTTPResponse) -> bytes:
    """Return the body up to the maximum. Raises http.client.IncompleteRead where less comes than was announced."""
    body = b""
    while len(body) < _MAXIMUM_BODY_BYTES:
        part = response.read(min(64 * 1024, _MAXIMUM_BODY_BYTES - len(body)))
        if not part:
            if response.length:
                raise http.client.IncompleteRead(body, response.length)
            break
        body += part
    return body
