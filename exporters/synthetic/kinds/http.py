"""A request over HTTP/1.1, redirects followed, with the time of each phase."""

from __future__ import annotations

import re
import ssl
from base64 import b64encode
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Annotated, ClassVar, Literal
from urllib.parse import SplitResult

from exporters.core.checks.check import Entry, Observation, Probe
from exporters.core.checks.http_url import parse_url, redirect_target, same_origin
from exporters.core.deadline import Deadline
from exporters.core.decoder import Problems, RecordCheck
from exporters.core.errors import CollectError, ErrorClass
from exporters.core.field_checks import expect_http_url, expect_regex, optional
from exporters.core.settings import Secret
from exporters.synthetic.dependency import ConnectingCheck
from exporters.synthetic.http_client import (
    Answer,
    Request,
    all_headers,
    exchange,
    expect_headers,
    expect_status,
    judge,
)
from exporters.synthetic.tls import client_context

_MAXIMUM_REDIRECTS = 10
_PHASES = ("resolve", "connect", "tls", "processing", "transfer")
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_KEEP_METHOD = frozenset({307, 308})
_HARMLESS = ("User-Agent", "Accept", "Accept-Encoding")  # headers that every host may see
_OF_BODY = frozenset({"Content-Type", "Content-Length", "Content-Encoding"})


def _one_login(username: str | None, password_file: str | None, bearer_token_file: str | None) -> Problems:
    if (username is None) != (password_file is None):
        given, missing = ("username", "password_file") if username is not None else ("password_file", "username")
        yield given, f"expected username and password_file together, got no {missing}"
    if username is not None and bearer_token_file is not None:
        yield "bearer_token_file", "expected either username or bearer_token_file, got both"


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpCheck(ConnectingCheck):
    """Passes if the status (after redirects) is expected and the body matches.

    `headers`, `body` and the credentials are sent only to the origin of `url`: a redirect to another host, port or
    scheme does not get them. The body is decoded (gzip, deflate) and read in its charset before it is matched. Keep
    `expect_body` simple: while Python searches, nothing else runs in the process.
    """

    kind: Annotated[Literal["http"], "A request over HTTP."]
    url: Annotated[str, "The URL to request; it must not contain credentials.", expect_http_url]
    method: Annotated[Literal["GET", "HEAD", "POST"], "The method of the request."] = "GET"
    headers: Annotated[dict[str, str], "Headers to send, by name.", expect_headers] = field(default_factory=dict)
    body: Annotated[str | None, "The body to send."] = None
    expect_status: Annotated[
        tuple[Annotated[int, expect_status], ...], "The statuses that pass; default: 200 to 399."
    ] = ()
    expect_body: Annotated[str | None, "A regular expression that the body must match.", optional(expect_regex)] = None
    follow_redirects: Annotated[bool, "Whether to follow up to 10 redirects."] = True
    tls_verify: Annotated[bool, "Whether to verify the server's certificate."] = True
    ca_file: Annotated[str | None, "The CA that signed the certificate (PEM); default: the system's CAs."] = None
    username: Annotated[str | None, "The user for basic authentication; needs `password_file`."] = None
    password_file: Annotated[str | None, "The file with the password of `username`."] = None
    bearer_token_file: Annotated[str | None, "The file with a token, sent as `Authorization: Bearer …`."] = None

    CHECKS: ClassVar[tuple[RecordCheck, ...]] = (_one_login,)


@dataclass(frozen=True, slots=True)
class _Plan:
    """The prepared check: the first request, the expected answer, the trusted CAs, the maximum of redirects."""

    request: Request
    statuses: frozenset[int]
    body: re.Pattern[str] | None
    context: ssl.SSLContext
    credentials: Secret | None
    redirects: int


def prepare(settings: HttpCheck, entry: Entry) -> Probe:
    """Return the check, with its secrets and CAs loaded. Raises ConfigError."""
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
    """Return the value of the header Authorization, or None if none is sent."""
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
    """Return the last answer, following redirects if the plan says so."""
    request = plan.request
    if plan.credentials:
        request = replace(request, headers={**request.headers, "Authorization": plan.credentials.reveal()})
    for followed in range(plan.redirects + 1):
        observation.set("probe_http_redirects", followed)
        answer = exchange(request, plan.context, observation, deadline)
        location = answer.head.first("location")
        if not plan.redirects or answer.status not in _REDIRECTS or not location:
            return answer
        request = _redirected(request, plan.request.url, answer.status, location)
    raise CollectError(ErrorClass.PROTOCOL, f"more than {plan.redirects} redirects")


def _redirected(request: Request, origin: SplitResult, status: int, location: str) -> Request:
    """Return the request that follows a redirect: RFC 9110, section 15.4. Raises CollectError."""
    try:
        url = redirect_target(request.url, location)
    except ValueError:
        raise CollectError(ErrorClass.PROTOCOL, "a redirect to something that is not an HTTP address") from None
    same = same_origin(url, origin)
    # Once dropped, credentials stay dropped, even if a later redirect leads back.
    headers = request.headers if same else {name: request.headers[name] for name in _HARMLESS}
    if status not in _KEEP_METHOD:
        headers = {name: value for name, value in headers.items() if name not in _OF_BODY}
        return Request("HEAD" if request.method == "HEAD" else "GET", url, headers, None)
    if request.body is not None and not same:
        raise CollectError(ErrorClass.PROTOCOL, f"redirect {status} to another origin, where the body must not be sent")
    return Request(request.method, url, headers, request.body)
