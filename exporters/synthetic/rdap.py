"""Asks the registry of a domain when it expires: RDAP, RFC 9082 (queries), 9083 (answers) and 9224 (who to ask).

One look is a request for the list of registries, and one for each name that may be the registered one, as
crm.example.co.uk, example.co.uk, co.uk. Answers are bounded (http_answer.py). It speaks https, or http to this machine.
"""

from __future__ import annotations

import ipaddress
import json
import ssl
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import SplitResult

from exporters.core.checks.check import Observation
from exporters.core.checks.http_url import host_of, parse_url, plain_host, redirect_target
from exporters.core.deadline import Deadline
from exporters.core.errors import CollectError, ErrorClass
from exporters.synthetic.http_client import Answer, Request, all_headers, exchange, text_of_body

_MAXIMUM_REDIRECTS = 5
_MOST_LABELS = 6  # of a host name, from its end: more would be more requests
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_NOT_THIS_NAME = frozenset({400, 404})
_MEANING = {401: ErrorClass.AUTH, 403: ErrorClass.PERMISSION, 429: ErrorClass.EXHAUSTED}
# Names that nobody can register: RFC 6761, 6762, 7686, 8375, 9476, and what local networks are often called.
_PRIVATE = frozenset(
    {"alt", "arpa", "corp", "example", "home", "internal", "intranet", "invalid", "lan", "local", "localdomain"}
    | {"localhost", "onion", "private", "test"}
)


@dataclass(frozen=True, slots=True)
class Registration:
    """What a registry says of a host's domain; None for a name or registry that says nothing about its end."""

    expires_at: float | None


def is_public(host: str) -> bool:
    """Return whether a registry may know the domain of a host."""
    try:
        name = plain_host(host)
    except ValueError:
        return False
    try:
        ipaddress.ip_address(name)
    except ValueError:
        labels = name.split(".")
        return len(labels) > 1 and all(labels) and labels[-1] not in _PRIVATE
    return False


def is_trusted(url: SplitResult) -> bool:
    """Return whether a URL may be asked: over https, or at this machine."""
    if url.scheme == "https":
        return True
    try:
        return ipaddress.ip_address(host_of(url)).is_loopback
    except ValueError:
        return host_of(url) == "localhost"


def look(host: str, bootstrap_url: str, context: ssl.SSLContext, deadline: Deadline) -> Registration:
    """Return what the registry says. Raises CollectError or OSError (including ssl.SSLError)."""
    name = plain_host(host)
    base = registry_of(name, _json(_fetch(parse_url(bootstrap_url), context, deadline)))
    if base is None:
        return Registration(None)
    for candidate in _candidates(name):
        answer = _fetch(_parsed(f"{base.rstrip('/')}/domain/{candidate}"), context, deadline)
        if answer.status not in _NOT_THIS_NAME:
            return Registration(expiry_of(_json(answer)))
    return Registration(None)


def registry_of(name: str, bootstrap: Any) -> str | None:
    """Return the address of the registry of a name: that of the longest ending in the list; None if none is listed.

    Raises CollectError (protocol).
    """
    endings: dict[str, str] = {}
    for service in _list(bootstrap, "services"):
        if isinstance(service, list) and len(service) >= 2 and all(isinstance(part, list) for part in service[:2]):
            url = next((one for one in service[1] if isinstance(one, str) and _is_usable(one)), None)
            if url:
                endings |= {one.lower(): url for one in service[0] if isinstance(one, str)}
    labels = name.split(".")
    return next((endings[end] for at in range(len(labels)) if (end := ".".join(labels[at:])) in endings), None)


def expiry_of(domain: Any) -> float | None:
    """Return when a domain expires, Unix time; None where its registry does not say. Raises CollectError (protocol)."""
    for event in _list(domain, "events") if isinstance(domain, dict) and "events" in domain else ():
        if isinstance(event, dict) and event.get("eventAction") == "expiration":
            return _timestamp(event.get("eventDate"))
    if not isinstance(domain, dict):
        raise CollectError(ErrorClass.PROTOCOL, "the answer of the registry is not about a domain")
    return None


def _timestamp(text: Any) -> float:
    try:
        found = datetime.fromisoformat(str(text))
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        raise CollectError(ErrorClass.PROTOCOL, "the registry gives a date that is not one") from None


def _candidates(name: str) -> Iterator[str]:
    labels = name.split(".")[-_MOST_LABELS:]
    return (".".join(labels[at:]) for at in range(len(labels) - 1))


def _list(document: Any, key: str) -> list[Any]:
    found = document.get(key) if isinstance(document, dict) else None
    if not isinstance(found, list):
        raise CollectError(ErrorClass.PROTOCOL, f"the answer has no list of {key}")
    return found


def _is_usable(url: str) -> bool:
    try:
        return is_trusted(parse_url(url))
    except ValueError:
        return False


def _parsed(url: str) -> SplitResult:
    try:
        return parse_url(url)
    except ValueError:
        raise CollectError(ErrorClass.PROTOCOL, "the address of the registry cannot be used") from None


def _fetch(url: SplitResult, context: ssl.SSLContext, deadline: Deadline) -> Answer:
    """Return the answer of status 200, 400 or 404, redirects followed. Raises CollectError or OSError."""
    request = Request("GET", url, all_headers({"accept": "application/rdap+json, application/json"}), None)
    for _ in range(_MAXIMUM_REDIRECTS + 1):
        if not is_trusted(request.url):
            raise CollectError(ErrorClass.TLS, "a redirect away from https")
        answer = exchange(request, context, Observation(), deadline)
        location = answer.head.first("location")
        if answer.status not in _REDIRECTS or not location:
            if answer.status == 200 or answer.status in _NOT_THIS_NAME:
                return answer
            raise CollectError(_MEANING.get(answer.status, ErrorClass.PROTOCOL), f"status {answer.status}")
        try:
            request = replace(request, url=redirect_target(request.url, location))
        except ValueError:
            raise CollectError(ErrorClass.PROTOCOL, "a redirect to something that is not an HTTP address") from None
    raise CollectError(ErrorClass.PROTOCOL, f"more than {_MAXIMUM_REDIRECTS} redirects")


def _json(answer: Answer) -> Any:
    try:
        return json.loads(text_of_body(answer, errors="strict")) if answer.status == 200 else None
    except (ValueError, RecursionError):
        raise CollectError(ErrorClass.PROTOCOL, "the answer is not JSON, or longer than a megabyte") from None
