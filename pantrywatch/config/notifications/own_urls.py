"""URLs that point to our own services, which are behind TLS and the login of `web`."""

from __future__ import annotations

from dataclasses import fields, is_dataclass, replace
from typing import Any, TypeVar
from urllib.parse import urlsplit

T = TypeVar("T")


def is_own(url: str, own_addresses: tuple[str, ...]) -> bool:
    """Return whether a URL points to one of the addresses, each host:port."""
    return urlsplit(url).netloc in own_addresses


def own_hosts(node: object, own_addresses: tuple[str, ...]) -> set[str]:
    """Return the hosts of the addresses that URLs in the record, however deep, point to."""
    if isinstance(node, str):
        return {urlsplit(node).hostname or ""} if "://" in node and is_own(node, own_addresses) else set()
    if is_dataclass(node):
        node = tuple(getattr(node, field.name) for field in fields(node))
    return set().union(*(own_hosts(entry, own_addresses) for entry in node)) if isinstance(node, tuple) else set()


def use_https(node: T, own_addresses: tuple[str, ...]) -> T:
    """Return a record with http:// made https:// in each URL, however deep, that points to one of the addresses."""
    changed: Any = node
    if isinstance(node, str) and node.startswith("http://") and is_own(node, own_addresses):
        changed = "https" + node.removeprefix("http")
    elif isinstance(node, tuple):
        changed = tuple(use_https(entry, own_addresses) for entry in node)
    elif is_dataclass(node) and not isinstance(node, type):
        values = {field.name: getattr(node, field.name) for field in fields(node)}
        changed = replace(node, **{name: use_https(value, own_addresses) for name, value in values.items()})
    return changed  # type: ignore[no-any-return]
