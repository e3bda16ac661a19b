"""Wording of configuration problems: what was expected, and what was found."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any
from urllib.parse import urlsplit

_LONGEST_SHOWN = 60


def closest(word: object, known: Iterable[str]) -> str:
    """Return the known word that a misspelled one probably means, or an empty text."""
    from difflib import get_close_matches  # noqa: PLC0415 - loaded only if there is a mistake

    if not isinstance(word, str) or len(word) > _LONGEST_SHOWN:
        return ""
    return next(iter(get_close_matches(word, list(known), 1, 0.6)), "")


def suggestion(word: object, known: Iterable[str]) -> str:
    """Return ` (did you mean X?)` if a misspelled word is close to a known one, or an empty text."""
    meant = closest(word, known)
    return f" (did you mean {meant}?)" if meant else ""


def expected_one_of(known: Iterable[str], got: object) -> str:
    """Return the message for a value outside a closed set of words."""
    words = list(known)
    if not words:  # names that another section has to give first
        return f"expected a name that is defined, of which there is none, got {shown(got)}"
    return f"expected one of {', '.join(words)}, got {shown(got)}{suggestion(got, words)}"


def shown(value: object) -> str:
    """Return a value of the document for a message: short, and never the contents of a list or a mapping."""
    if value is None:
        return "nothing"
    if isinstance(value, dict | list | tuple):
        return "a mapping" if isinstance(value, dict) else "a list"
    text = {True: "true", False: "false"}[value] if isinstance(value, bool) else repr(value)
    return text if len(text) <= _LONGEST_SHOWN else f"{text[: _LONGEST_SHOWN - 3]}..."


def has_password(text: str) -> bool:
    """Return whether a URL or key=value DSN contains a password in clear text."""
    if re.search(r"(^|\s)password\s*=", text):
        return True
    try:
        return bool(urlsplit(text).password)
    except ValueError:
        return True


def short_key(key: str) -> str:
    return key if len(key) <= _LONGEST_SHOWN and key.isprintable() else shown(key)


def shown_type(hint: Any, value: object) -> str:
    """Return a value of the wrong type; an unexpected text is not shown, as it may be a misplaced secret."""
    return "a text" if isinstance(value, str) and hint in (list, dict, str) else shown(value)
