"""Path → route: a template of the settings, else the path with its ids folded, up to a limit, else `other`."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from exporters.core.cardinality import OTHER, LabelLimit

_ID = re.compile(r"[0-9]+|[0-9a-fA-F]{8}-[0-9a-fA-F-]{27}|(?=[a-zA-Z_-]*[0-9])[0-9a-zA-Z_-]{16,64}|[0-9a-fA-F]{16,64}")
_PLAIN = re.compile(r"[A-Za-z0-9_.~:@!$&'()*+,;=%{}-]{1,60}")
_LONGEST = 400
_DEEPEST = 10
_ANY, _END = "/any", "/end"  # keys of a node that no part of a path is


class Routes:
    """The templates of the settings, as a tree by their parts, and the folded paths that were admitted."""

    def __init__(self, templates: Iterable[str], most_folded: int) -> None:
        """Take templates such as /contacts/:id or /contacts/{id}, and how many other routes may have their own name."""
        self._tree: dict[str, Any] = {}
        self._limit = LabelLimit("http_route", most_folded)
        for template in templates:
            self._add(template)

    def _add(self, template: str) -> None:
        node = self._tree
        for part in template.strip("/").split("/"):
            node = node.setdefault(_ANY if part[:1] in {":", "{"} else part, {})
        node.setdefault(_END, template)

    def admit(self, names: Iterable[str]) -> None:
        """Let routes of an earlier process keep their names, as far as the limit allows."""
        for name in names:
            if name != OTHER and self._template(name) is None:
                self._limit.admit(name)

    @property
    def dropped(self) -> int:
        """Return how many routes share `other` because of the limit."""
        return self._limit.dropped

    def of(self, target: str, *, found: bool) -> str:
        """Return the route of a request target; `found`: it was not answered as guessed paths are."""
        path = _path(target)
        if path is None:
            return OTHER
        route = self._template(path)
        if route is not None:
            return route
        folded = _folded(path) if found else None
        return OTHER if folded is None else self._limit.admit(folded)

    def _template(self, path: str) -> str | None:
        parts = path.strip("/").split("/")
        return _walk(self._tree, parts, 0) if len(parts) <= 2 * _DEEPEST else None


def _walk(node: dict[str, Any], parts: list[str], at: int) -> str | None:
    """Return the template below a node; a part by its name goes before one that varies."""
    while at < len(parts):
        part = parts[at]
        at += 1
        named = node.get(part)
        varying = node.get(_ANY) if part else None
        if named is not None and varying is not None:
            found = _walk(named, parts, at)
            if found is not None:
                return found
        following = named if varying is None else varying
        if following is None:
            return None
        node = following
    end: str | None = node.get(_END)
    return end


def _path(target: str) -> str | None:
    """Return the path of a request target; None for one that has none, such as `*` or that of CONNECT."""
    if not target.startswith("/"):
        _, scheme, rest = target.partition("://")
        if not scheme:
            return None
        target = "/" + rest.partition("/")[2]
    path = target.partition("?")[0].partition("#")[0]
    return path if len(path) <= _LONGEST else None


def _folded(path: str) -> str | None:
    parts = path.split("/")
    if len(parts) - 1 > _DEEPEST:
        return None
    folded = ["{id}" if part and _ID.fullmatch(part) else part for part in parts]
    if not all(_PLAIN.fullmatch(part) for part in folded if part):
        return None
    return "/".join(folded)
