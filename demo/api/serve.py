"""From a request to its JSON: log-in, cache, handler. Runs in a worker thread, independent of the HTTP server."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from demo.api.cache import ANSWER_SECONDS
from demo.api.request import Call, Fields, Services
from demo.api.routes import ApiRoute
from demo.api.sessions import User

_NOBODY = User("", "", "")
# Longer addresses are legal, but not worth a place in the cache.
_LONGEST_CACHED_ADDRESS = 300


@dataclass(frozen=True, slots=True)
class Asked:
    """A request, read: `address` is path and query."""

    address: str
    token: str
    path: dict[str, str]
    query: dict[str, str]
    body: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Served:
    """`cache` is HIT or MISS, or None if the cache is not involved."""

    status: int
    content: bytes
    cache: str | None = None


def serve(services: Services, route: ApiRoute, asked: Asked) -> Served:
    """The response; raises ApiError and UnavailableError."""
    user = _NOBODY if route.public else services.sessions.user(asked.token)
    call = Call(services, user, Fields(asked.path), Fields(asked.query), Fields(asked.body))
    if route.method == "GET" and len(asked.address) <= _LONGEST_CACHED_ADDRESS:
        return _serve_cached(route, call, cache_key(asked.address, user))
    answer = route.handler(call)
    if answer.outdated:
        services.cache.forget([cache_key(address, user) for address in answer.outdated])
    return Served(answer.status, as_json(answer.content))


def _serve_cached(route: ApiRoute, call: Call, key: str) -> Served:
    cache = call.services.cache
    found = cache.get([key])
    hit = found[0] if found else None
    if hit is not None:
        return Served(200, hit, "HIT")
    answer = route.handler(call)
    content = as_json(answer.content)
    cache.put({key: content}, ANSWER_SECONDS)
    return Served(answer.status, content, "MISS")


def cache_key(address: str, user: User) -> str:
    return f"GET:{address}:{user.id}"


def as_json(content: object) -> bytes:
    """Compact JSON; dates in ISO 8601, money as a number."""
    return json.dumps(content, separators=(",", ":"), default=_plain).encode()


def _plain(value: Any) -> object:
    return value.isoformat() if hasattr(value, "isoformat") else float(value)
