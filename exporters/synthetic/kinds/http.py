"""A request over HTTP/1.1, redirects followed, with the time of each phase."""

from __future__ import annotations

import re
import ssl
from base64 import b64encode
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Literal
from urllib.parse import SplitResult

from exporters.core.checks.check import (
    CheckSettings,
    Entry,
    Observation,
    Probe,
    expect,
    expect_regex,
)
from exporters.core.checks.http_url import parse_url, redirect_target, same_origin
from exporters.core.deadline import Deadline
from exporters.core.errors import CollectError, ErrorClass
from exporters.core.settings import Secret
from exporters.synthetic.http_client import (
    Answer,
    Request,
    all_headers,
    exchange,
    expect_headers,
    expect_statuses,
    judge,
)
from exporters.synthetic.tls import client_context

_MAXIMUM_REDIRECTS = 10
_PHASES = ("resolve", "connect", "tls", "processing", "transfer")
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_KEEP_METHOD = frozenset({307, 308})
_HARMLESS = ("User-Agent", "Accept", "Accept-Encoding")  # headers that every host may see
_OF_BODY = frozenset({"Content-Type", "Content-Length", "Content-Encoding"})


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpCheck(CheckSettings):
    """Passes when the status (after redirects) is expected, default 200 to 399, and the body matches `expect_body`.

    `headers`, `body` and the credentials are sent to the origin of `url` only: a redirect to another host, port or
    scheme does not get them. The body is decoded (gzip, deflate) and read in its charset before it is matched. Keep
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
        parse_url(self.url)
        expect_regex(self.expect_body or "")
        expect_statuses(self.expect_status)
        expect_headers(self.headers)
        both = (self.username is None) == (self.password_file is None)
        expect(both, "username and password_file together", "one of them")
        expect(not (self.username and self.bearer_token_file), "either username or bearer_token_file", "both")


@dataclass(frozen=True, slots=True)
class _Plan:
    """The check as prepared: the first request, what may come back, whom to trust, how many redirects to follow."""

    request: Request
    statuses: frozenset[int]
    body: re.Pattern[str] | None
    context: ssl.SSLContext
    credentials: Secret | None
    redirects: int


def prepare(settings: HttpCheck, entry: Entry) -> Probe:
    """Return the check, its secrets read and its trust loaded. Raises ConfigError."""
    body = None if settings.body is None else settings.body.encode()
    headers = all_headers(settings.headers)
    return partial(
        _check,
        _Plan(
            request=Request(settings.method, parse_url(settings.url), headers, body),
            statuses=frozenset(settings.expect_status or range(200, 400)),
            body=re.compile(settings.expect_body) if settings.expect_body else None,
            context=client_context(entry, settings.ca_file, verify=settings.tls_verify),
            credentials=_credentials(settings, entry),
            redirects=_MAXIMUM_REDIRECTS if settings.follow_redirects else 0,
        ),
    )


def _credentials(settings: HttpCheck, entry: Entry) -> Secret | None:
    """Return the value of the header Authorization, None where none is sent."""
    if settings.bearer_token_file:
        return entry.secret("bearer_token", None, settings.bearer_token_file).part("Bearer {}".format)
    if settings.username is None:
        return None
    password = entry.secret("password", None, settings.password_file)
    return password.part(lambda text: "Basic " + b64encode(f"{settings.username}:{text}".encode()).decode())


def _check(plan: _Plan, observation: Observation, deadline: Deadline) -> None:
    try:
        judge(_follow(plan, observation, deadline), plan.statuses, plan.body, observation)
    finally:
        phases = observation.phases()
        for phase in _PHASES:
            observation.set("probe_http_duration_seconds", phases.get(phase, 0.0), phase)


def _follow(plan: _Plan, observation: Observation, deadline: Deadline) -> Answer:
    """Return the last answer, redirects followed where the plan says so."""
    request = plan.request
    if plan.credentials:
        request = replace(request, headers={**request.headers, "Authorization": plan.credentials.reveal()})
    for followed in range(plan.redirects + 1):
        observation.set("probe_http_redirects", followed)
        answer = exchange(request, plan.context, observation, deadline)
        if not plan.redirects or answer.status not in _REDIRECTS or not answer.location:
            return answer
        request = _redirected(request, plan.request.url, answer.status, answer.location)
    raise CollectError(ErrorClass.PROTOCOL, f"more than {plan.redirects} redirects")


def _redirected(request: Request, origin: SplitResult, status: int, location: str) -> Request:
    """Return the request that follows a redirect: RFC 9110, section 15.4. Raises CollectError."""
    try:
        url = redirect_target(request.url, location)
    except ValueError:
        raise CollectError(ErrorClass.PROTOCOL, "a redirect to something that is not an HTTP address") from None
    same = same_origin(url, origin)
    # Dropped once is dropped for good, even if a later redirect leads back.
    headers = request.headers if same else {name: request.headers[name] for name in _HARMLESS}
    if status not in _KEEP_METHOD:
        headers = {name: value for name, value in headers.items() if name not in _OF_BODY}
        return Request("HEAD" if request.method == "HEAD" else "GET", url, headers, None)
    if request.body is not None and not same:
        raise CollectError(ErrorClass.PROTOCOL, f"redirect {status} to another origin, where the body must not be sent")
    return Request(request.method, url, headers, request.body)
