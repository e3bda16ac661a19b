"""Values that a step of a journey saves from its answer: ids, tokens, and what a form must send back."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from html.parser import HTMLParser
from typing import Any

from exporters.core.errors import CollectError, ErrorClass
from exporters.synthetic.cookies import Cookies
from exporters.synthetic.http_client import Answer, text_of_body

_LONGEST_PAGE = 200_000  # characters of a page in which fields are looked for
# Where else than in JSON a value may be.
_PLACES = ("cookie", "header", "field", "meta")


def expect_place(place: str) -> None:
    """Raise ValueError unless this names a place in an answer."""
    kind, mark, name = place.partition(":")
    if not place or (mark and kind in _PLACES and not name):
        raise ValueError("expected the place of the value in the answer, got an empty text")


def save_values(places: Mapping[str, str], answer: Answer, cookies: Cookies, found: dict[str, str]) -> None:
    """Add name → value of all that are there. Raises CollectError (protocol) with the first that is missing."""
    parsed: dict[str, Any] = {}
    missing: CollectError | None = None
    for name, place in places.items():
        try:
            found[name] = _value(place, answer, cookies, parsed)
        except CollectError as error:
            missing = missing or error
    if missing:
        raise missing


def _value(place: str, answer: Answer, cookies: Cookies, parsed: dict[str, Any]) -> str:
    """Return a value; `parsed` holds the answer as JSON and as a page, each parsed when it is first asked for."""

    def once(kind: str, parse: Callable[[Answer], Any]) -> Any:
        if kind not in parsed:
            parsed[kind] = parse(answer)
        return parsed[kind]

    kind, _, name = place.partition(":")
    if kind not in _PLACES or not name:
        return _in_json(once("json", _json), place)
    if kind == "cookie":
        found = cookies.value(name)
    elif kind == "header":
        found = answer.head.first(name.lower())
    else:
        found = once("page", _page).found.get((kind, name))
    return _plain(found, place)


def _json(answer: Answer) -> Any:
    """Return the JSON of an answer, with numbers as written: an id may exceed the precision of a float."""
    try:
        text = text_of_body(answer, errors="strict")
        return json.loads(text, parse_int=str, parse_float=str, parse_constant=_refuse)
    except (ValueError, RecursionError):
        raise CollectError(ErrorClass.PROTOCOL, "the answer is not JSON") from None


def _refuse(constant: str) -> None:
    raise ValueError(f"JSON has no {constant}")


def _in_json(document: Any, place: str) -> str:
    """Return the text, number or truth value at a place; its parts are keys, and indexes in a list."""
    for part in place.split("."):
        try:
            document = document[int(part) if isinstance(document, list) else part]
        except (KeyError, IndexError, ValueError, TypeError):
            raise CollectError(ErrorClass.PROTOCOL, f"nothing at {place} in the answer") from None
    return _plain({True: "true", False: "false"}[document] if isinstance(document, bool) else document, place)


def _plain(value: Any, place: str) -> str:
    """Return a value that can be sent: unprintable text cannot be an id or a token, nor can a lone surrogate."""
    if isinstance(value, str) and value.isprintable():
        return value
    what = "nothing" if value is None and place.partition(":")[0] in _PLACES else "no plain value"
    raise CollectError(ErrorClass.PROTOCOL, f"{what} at {place} in the answer")


def _page(answer: Answer) -> _Fields:
    fields = _Fields()
    try:
        fields.feed(text_of_body(answer)[:_LONGEST_PAGE])
    except (AssertionError, ValueError):
        raise CollectError(ErrorClass.PROTOCOL, "the answer is not a page in HTML") from None
    return fields


class _Fields(HTMLParser):
    """The values of a page's inputs and the contents of its meta elements; the first of a name counts."""

    def __init__(self) -> None:
        super().__init__()
        self.found: dict[tuple[str, str], str] = {}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        kind, content = {"input": ("field", "value"), "meta": ("meta", "content")}.get(tag, ("", ""))
        given = dict(attrs)
        if kind and (name := given.get("name")):
            self.found.setdefault((kind, name), given.get(content) or "")
