"""The section `capacity` of settings.yaml: what may be loaded by `pantrywatch capacity`, and with which requests."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Annotated, ClassVar, Literal
from urllib.parse import urlsplit

from exporters.core.checks.http_url import parse_url
from exporters.core.checks.templating import expect_placeholder_names, names_in
from exporters.core.decoder import Problems, RecordCheck
from exporters.core.field_checks import at_most_entries, between, each_name, expect, matching, some_entries, unique

_MOST_REQUESTS = 50
_HEADER_NAME = r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,64}"


def _expect_origin(origin: str) -> None:
    parts = parse_url(origin)
    expect(origin == f"{parts.scheme}://{parts.netloc}", "a scheme and host like https://staging.example.com", origin)


def _expect_path(path: str) -> None:
    plain = path.startswith("/") and not path.startswith("//") and "#" not in path
    expect(plain and path.isascii() and path.isprintable() and " " not in path, "a path like /api/v1/accounts", path)
    expect(not urlsplit(path).netloc, "a path like /api/v1/accounts", path)


@dataclass(frozen=True, slots=True, kw_only=True)
class LogIn:
    """The request that logs in, once before the load; it saves values that the other requests use as `<<name>>`."""

    path: Annotated[str, "The path of the request.", _expect_path]
    body: Annotated[str | None, "The JSON body to send."] = None
    save: Annotated[
        dict[str, str], "Name → place of its value in the JSON answer, such as `data.token`.", expect_placeholder_names
    ] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class CapacityRequest:
    """One kind of request of the load."""

    path: Annotated[str, "The path and query; `<<name>>` is a secret or a saved value.", _expect_path]
    method: Annotated[Literal["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"], "The method."] = "GET"
    body: Annotated[str | None, "The JSON body to send."] = None
    weight: Annotated[int, "Its share of the load is this, over the sum of all weights.", between(1, 1000)] = 1


def _known_placeholders(
    requests: tuple[CapacityRequest, ...],
    headers: dict[str, str],
    secret_files: dict[str, str],
    log_in: LogIn | None,
) -> Problems:
    saved = log_in.save if log_in else {}
    if log_in:
        yield from _unknown("log_in", (log_in.path, log_in.body or ""), set(secret_files))
    known = {*secret_files, *saved}
    for index, request in enumerate(requests):
        yield from _unknown(f"requests[{index}]", (request.path, request.body or ""), known)
    yield from _unknown("headers", headers.values(), known)


def _unknown(where: str, texts: object, known: set[str]) -> Iterator[tuple[str, str]]:
    used = {name for text in texts for name in names_in(text)}  # type: ignore[attr-defined]
    if unknown := sorted(used - known):
        placeholders = ", ".join(f"<<{name}>>" for name in unknown)
        yield where, f"expected names of secret_files or saved by log_in, got {placeholders}"


@dataclass(frozen=True, slots=True, kw_only=True)
class CapacitySettings:
    """What `./run capacity` may load, and with what. Use a server and an account made for it: requests may write."""

    origins: Annotated[
        tuple[Annotated[str, _expect_origin], ...],
        "The servers that may be loaded; every other is refused.", some_entries("server"),
        at_most_entries(20, "servers"), unique,
    ]  # fmt: skip
    requests: Annotated[
        tuple[CapacityRequest, ...], f"1 to {_MOST_REQUESTS} kinds of requests: what users send, in their proportions.",
        some_entries("request"), at_most_entries(_MOST_REQUESTS, "requests"),
    ]  # fmt: skip
    log_in: Annotated[LogIn | None, "The request that logs in, before the load."] = None
    headers: Annotated[
        dict[str, str], "Headers of the requests, by name.", each_name(matching(_HEADER_NAME, "a name of a header"))
    ] = field(default_factory=dict)
    secret_files: Annotated[dict[str, str], "Placeholder name → file with its value.", expect_placeholder_names] = (
        field(default_factory=dict)
    )
    ca_file: Annotated[str | None, "The CA that signed the certificates (PEM); default: the system's CAs."] = None
    timeout_seconds: Annotated[
        float, "Seconds after which a request has failed, from the moment it was due.", between(0.5, 60)
    ] = 10.0
    most_requests_per_minute: Annotated[float, "A run never sends at a higher rate.", between(1, 600_000)] = 6000.0

    CHECKS: ClassVar[tuple[RecordCheck, ...]] = (_known_placeholders,)
