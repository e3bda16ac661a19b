"""URLs that point to our own services, which are behind TLS and the login of `web`."""

from __future__ import annotations

from dataclasses import fields, is_dataclass, replace
from typing import Any, TypeVar
from urllib.parse import urlsplit

from exporters.core.checks.http_url import plain_host

T = TypeVar("T")

_PORTS = {"http": 80, "https": 443}


def is_own(url: str, own_addresses: tuple[str, ...]) -> bool:
    """Return whether a URL points to one of the addresses, each host:port, however either is written."""
    place = _place(url)
    return place is not None and place in map(_place, (f"//{address}" for address in own_addresses))


def own_hosts(node: object, own_addresses: tuple[str, ...]) -> set[str]:
    """Return the hosts of the addresses that URLs in the record, however deep, point to."""
    if isinstance(node, str):
        return {plain_host(urlsplit(node).hostname or "")} if "://" in node and is_own(node, own_addresses) else set()
    if is_dataclass(node):
        node = tuple(getattr(node, field.name) for field in fields(node))
    return set().union(*(own_hosts(entry, own_addresses) for entry in node)) if isinstance(node, tuple) else set()


def use_https(node: T, own_addresses: tuple[str, ...]) -> T:
    """Return a record with http:// made https:// in each URL, however deep, that points to one of the addresses."""
    changed: Any = node
    if isinstance(node, str) and node.lower().startswith("http://") and is_own(node, own_addresses):
        changed = _with_https(node)
    elif isinstance(node, tuple):
        changed = tuple(use_https(entry, own_addresses) for entry in node)
    elif is_dataclass(node) and not isinstance(node, type):
        values = {field.name: getattr(node, field.name) for field in fields(node)}
        changed = replace(node, **{name: use_https(value, own_addresses) for name, value in values.items()})
    return changed  # type: ignore[no-any-return]


def _place(url: str) -> tuple[str, int] | None:
    """Return host and port of a URL, or None if it has none."""
    try:
        parts = urlsplit(url)
        port = parts.port or _PORTS.get(parts.scheme)
        return (plain_host(parts.hostname), port) if parts.hostname and port else None
    except ValueError:
        return None


def _with_https(url: str) -> str:
    """Return the URL with TLS on the same port: https has another default."""
    parts = urlsplit(url)
    port = "" if parts.port else f":{_PORTS['http']}"
    return parts._replace(scheme="https", netloc=parts.netloc.removesuffix(":") + port).geturl()
