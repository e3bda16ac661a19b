"""Addresses in the section that are of what pantrywatch itself serves: behind the `web` section like the rest."""

from __future__ import annotations

from dataclasses import fields, is_dataclass, replace
from typing import Any, TypeVar
from urllib.parse import urlsplit

T = TypeVar("T")


def is_ours(url: str, ours: tuple[str, ...]) -> bool:
    """Return whether a URL leads to one of the addresses, each host:port."""
    return urlsplit(url).netloc in ours


def own_hosts(node: object, ours: tuple[str, ...]) -> set[str]:
    """Return the hosts of the addresses that a URL in the record, however deep, leads to."""
    if isinstance(node, str):
        return {urlsplit(node).hostname or ""} if "://" in node and is_ours(node, ours) else set()
    if is_dataclass(node):
        node = tuple(getattr(node, field.name) for field in fields(node))
    return set().union(*(own_hosts(entry, ours) for entry in node)) if isinstance(node, tuple) else set()


def use_https(node: T, ours: tuple[str, ...]) -> T:
    """Return a record with http:// made https:// in each URL, however deep, that leads to one of the addresses."""
    changed: Any = node
    if isinstance(node, str) and node.startswith("http://") and is_ours(node, ours):
        changed = "https" + node.removeprefix("http")
    elif isinstance(node, tuple):
        changed = tuple(use_https(entry, ours) for entry in node)
    elif is_dataclass(node) and not isinstance(node, type):
        values = {field.name: getattr(node, field.name) for field in fields(node)}
        changed = replace(node, **{name: use_https(value, ours) for name, value in values.items()})
    return changed  # type: ignore[no-any-return]
