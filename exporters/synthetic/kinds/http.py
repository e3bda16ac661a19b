"""A request over HTTP/1.1, redirects followed, with the time of each phase."""

from __future__ import annotations

import http.client
import re
import socket
import ssl
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Literal, cast
from urllib.parse import SplitResult, quote, urljoin, urlsplit

from exporters import __version__
from exporters.core.deadline import Deadline
from exporters.core.errors import CollectError, ErrorClass
from exporters.synthetic.check import CheckSettings, Entry, Observation, Probe, expect, expect_regex
from exporters.synthetic.network import Stream, connect
from exporters.synthetic.tls import client_context, handshake

_MAXIMUM_BODY_BYTES = 1024 * 1024  # read and searched; what follows is not waited for
_MAXIMUM_REDIRECTS = 10
_PHASES = ("resolve", "connect", "tls", "processing", "transfer")
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_KEEP_METHOD = frozenset({307, 308})
_HEADER = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+\Z")
_UNSAFE = re.compile(r"[^\x21-\x7e]")


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpCheck(CheckSettings):
    """Passes when the status (after redirects) is expected, default 200 to 399, and the body matches `expect_body`.

    `headers`, `body` and the credentials go to the address of `url` only, never to another one it redirects to. Keep
    `expect_body` plain: while Python searches, nothing else runs in the process.
    """

    kind: Literal["http"]
    url: str
    method: Literal["GET", "HEAD", "POST"] = "GET"
    headers: dict[str, str] = field(default_factory=dict)
    body: str | None = None
    expect_status: tuple[int, ...] = ()
    expect_body: str | None = None
    follow_redirects: bool = True
    tls_verify: bool = True
    ca_file: str | None = None
    username: str | None = None
    password_file: str | None = None
    bearer_token_file: str | None = None

    def __post_init__(self) -> None:
        CheckSettings.__post_init__(self)
        _parse(self.url)
        expect_regex(self.expect_body or "")
        expect(all(100 <= s <= 599 for s in self.expect_status), "statuses from 100 to 599", self.expect_status)
        expect(all(map(_HEADER.match, self.headers)), "header names of letters, digits and -", sorted(self.headers))
        # Values may be secrets: they are not shown.
        expect(
            all(v.isprintable() and v.isascii() for v in self.headers.values()), "plain ASCII header values", "others"
        )
        both = (self.username is None) == (self.password_file is None)
        expect(both, "username and password_file together", "one of them")
        expect(not (self.username and self.bearer_token_file), "either username or bearer_token_file", "both")


@dataclass(frozen=True, slots=True)
class _Request:
    method: str
    url: SplitResult
    headers: Mapping[str, str]
    body: bytes | None


@dataclass(frozen=True, slots=True)
class _Plan:
    """The check as prepared: the first request, what may come back, whom to trust, how many redirects to follow."""

    request: _Request
    statuses: frozenset[int]
    body: re.Pattern[str] | None
    context: ssl.SSLContext
    redirects: int


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    location: str | None
    body: bytes


def prepare(settings: HttpCheck, entry: Entry) -> Probe:
    """Return the check, its secrets read and its trust loaded. Raises ConfigError."""
    body = None if settings.body is None else settings.body.encode()
    headers = {"User-Agent": f"pantrywatch-check/{__version__}", "Accept": "*/*"}
    # Written alike, so that one given in the settings replaces one of ours.
    headers |= {name.title(): value for name, value in settings.headers.items()} | _credentials(settings, entry)
    return partial(
        _check,
        _Plan(
            request=_Request(settings.method, _parse(settings.url), headers, body),
            statuses=frozenset(settings.expect_status or range(200, 400)),
            body=re.compile(settings.expect_body) if settings.expect_body else None,
            context=client_context(entry, settings.ca_file, verify=settings.tls_verify),
            redirects=_MAXIMUM_REDIRECTS if settings.follow_redirects else 0,
        ),
    )


def _credentials(settings: HttpCheck, entry: Entry) -> dict[str, str]:
    if settings.bearer_token_file:
        token = entry.secret("bearer_token", None, settings.bearer_token_file).reveal()
        return {"Authorization": f"Bearer {token}"}
    if settings.username is None:
        return {}
    password = entry.secret("password", None, settings.password_file).reveal()
    return {"Authorization": "Basic " + b64encode(f"{settings.username}:{password}".encode()).decode()}


def _check(plan: _Plan, observation: Observation, deadline: Deadline) -> None:
    try:
        _judge(_follow(plan, observation, deadline), plan, observation)
    finally:
        phases = observation.phases()
        for phase in _PHASES:
            observation.set("probe_http_duration_seconds", phases.get(phase, 0.0), phase)


def _follow(plan: _Plan, observation: Observation, deadline: Deadline) -> _Answer:
    """Return the last answer, redirects followed where the plan says so."""
    request = plan.request
    for followed in range(plan.redirects + 1):
        observation.set("probe_http_redirects", followed)
        answer = _exchange(request, plan.context, observation, deadline)
        if not plan.redirects or answer.status not in _REDIRECTS or not answer.location:
            return answer
        request = _redirected(request, plan.request.url, answer.status, answer.location)
    raise CollectError(ErrorClass.PROTOCOL, f"more than {plan.redirects} redirects")


def _exchange(request: _Request, context: ssl.SSLContext, observation: Observation, deadline: Deadline) -> _Answer:
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
        return _Answer(response.status, response.getheader("Location"), body)


def _open(url: SplitResult, context: ssl.SSLContext, observation: Observation, deadline: Deadline) -> socket.socket:
    host, secure = url.hostname or "", url.scheme == "https"
    sock = connect(host, url.port or (443 if secure else 80), observation, deadline)
    return handshake(sock, context, host, observation, deadline) if secure else sock


def _send(request: _Request, stream: Stream) -> None:
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


def _redirected(request: _Request, origin: SplitResult, status: int, location: str) -> _Request:
    """Return the request that follows a redirect: RFC 9110, section 15.4."""
    try:
        # http.client hands headers over as Latin-1; an address may hold raw UTF-8.
        url = _parse(_UNSAFE.sub(lambda m: quote(m[0].encode("latin-1")), urljoin(request.url.geturl(), location)))
    except ValueError:
        raise CollectError(ErrorClass.PROTOCOL, "a redirect to something that is no HTTP address") from None
    same = (url.scheme, url.netloc) == (origin.scheme, origin.netloc)
    headers = request.headers if same else {name: request.headers[name] for name in ("User-Agent", "Accept")}
    if status in _KEEP_METHOD and same:
        return _Request(request.method, url, headers, request.body)
    return _Request("HEAD" if request.method == "HEAD" else "GET", url, headers, None)


def _judge(answer: _Answer, plan: _Plan, observation: Observation) -> None:
    observation.set("probe_failed_due_to_regex", 0)
    if answer.status not in plan.statuses:
        meaning = {401: ErrorClass.AUTH, 403: ErrorClass.PERMISSION}
        raise CollectError(meaning.get(answer.status, ErrorClass.PROTOCOL), f"status {answer.status}")
    if plan.body and not plan.body.search(answer.body.decode("utf-8", "replace")):
        observation.set("probe_failed_due_to_regex", 1)
        raise CollectError(ErrorClass.PROTOCOL, "the body does not match expect_body")


def _parse(url: str) -> SplitResult:
    parts = urlsplit(url)
    well = parts.scheme in {"http", "https"} and parts.hostname and "@" not in parts.netloc
    # The address may hold a token in its query: it is not shown.
    if not well or _UNSAFE.search(url) or parts.port == 0:
        raise ValueError("expected an address like https://host/path, without credentials")
    return parts
