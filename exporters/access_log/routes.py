"""Path → route: a template of the settings, else the path with its ids folded, up to a limit, else `other`."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Any
from urllib.parse import unquote

from exporters.core.cardinality import OTHER, LabelLimit

_UUID = r"(?:urn:uuid:)?\{?[0-9a-fA-F]{8}-[0-9a-fA-F-]{27}\}?"
_DATE = r"[0-9]{4}-?(?:[WQ][0-9]{1,2}|[0-9]{2}-?[0-9]{2}T[0-9:.Z-]+)"
_ID = re.compile(
    rf"-?[0-9]+(?:[-_:~.][0-9]+)*|{_UUID}|{_DATE}|[A-Za-z]{{1,12}}[-_][0-9]{{2,}}(?:[-_][0-9]+)*"  # INV-2026-0001
    r"|(?=[a-fA-F]*[0-9])[0-9a-fA-F]{7,15}|[0-9a-fA-F]{16,}|(?=[a-zA-Z_-]*[0-9])[0-9a-zA-Z_-]{16,}"
    r"|[0-9a-fA-F]{0,4}(?::[0-9a-fA-F]{0,4}){2,7}"  # an IPv6 or hardware address
)
# What a user has typed, an address, a list of ids, something in base64.
_TYPED = re.compile(r"[@,=&'+*%]")
_PLAIN = re.compile(r"[A-Za-z0-9_.~:@!$&'()*+,;=%{}-]+")
_ODATA_KEY = re.compile(r"\(.*\)$")
# Before a suffix or the name of an operation: `17.json`, `17:archive`.
_SUFFIXED = re.compile(r"(.+?)((?:[.:][A-Za-z][A-Za-z0-9]{0,9})+)")
# What a bundler adds to the name of a file: index-DiwrgTda.js, main.3f2504e0.js.
_HASHED = re.compile(r"(.+[.-])(?:[0-9a-f]{8,64}|(?=[A-Za-z_-]*(?:[0-9]|[a-z_-][A-Z]))[0-9A-Za-z_-]{8})")
_FOLDED = "{id}"
_LONGEST_PART = 60
LONGEST = 400
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
        """Let routes of an earlier process keep their names, as far as the limit allows and none had an id in it."""
        for name in names:
            if name != OTHER and self._template(name) is None and _folded(name) == name:
                self._limit.admit(name)

    @property
    def dropped(self) -> int:
        """Return how many routes share `other` because of the limit."""
        return self._limit.dropped

    def of(self, target: str, *, found: bool) -> str:
        """Return the route of a request target; `found`: it was not answered as guessed paths are.

        As servers compare them: slashes count once, parameters of a part (`;jsessionid=…`) do not, and a character may
        be encoded.
        """
        path = _path(target)
        if path is None:
            return OTHER
        route = self._template(path)
        if route is not None:
            return route
        folded = _folded(path) if found else None
        return OTHER if folded is None else self._limit.admit(folded)

    def _template(self, path: str) -> str | None:
        parts = [_decoded(part) for part in _parts(path.strip("/"))]
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
    return path if len(path) <= LONGEST else None


def _parts(path: str) -> list[str]:
    parts = path.split("/")
    if ";" in path:
        parts = [part.partition(";")[0] for part in parts]
    if "" in parts[1:-1]:
        parts = [parts[0], *(part for part in parts[1:-1] if part), parts[-1]]
    return parts


def _decoded(part: str) -> str:
    return unquote(part) if "%" in part else part


def _folded(path: str) -> str | None:
    parts = _parts(path)
    if len(parts) - 1 > _DEEPEST:
        return None
    folded = [_folded_part(part) for part in parts]
    return None if None in folded else "/".join(part for part in folded if part is not None)


@lru_cache(maxsize=4096)
def _folded_part(written: str) -> str | None:
    """Return a part of a path with `{id}` for what varies; None for one that no path of an application has."""
    if written.isascii() and written.isdigit():
        return _FOLDED
    part = _decoded(written)
    if not part:
        return part
    if part in {".", ".."} or not _PLAIN.fullmatch(written):
        return None
    if "(" in part:
        part = _ODATA_KEY.sub(f"({_FOLDED})", part)
    if len(part) > _LONGEST_PART or _ID.fullmatch(part) or _TYPED.search(part) or not _PLAIN.fullmatch(part):
        return _FOLDED
    return _folded_stem(part)


def _folded_stem(part: str) -> str:
    """Return a part without an id before its suffix."""
    if suffixed := _SUFFIXED.fullmatch(part):
        stem, suffix = suffixed.groups()
        if _ID.fullmatch(stem):
            return _FOLDED + suffix
        if hashed := _HASHED.fullmatch(stem):
            return hashed[1] + _FOLDED + suffix
    return part
