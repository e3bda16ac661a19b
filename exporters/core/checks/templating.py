"""`<<name>>` in a text: a placeholder for a value that is known later."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Annotated

from exporters.core.field_checks import each_name, matching

_NAME = r"[a-z][a-z0-9_]{0,62}"
_PLACEHOLDER = re.compile(r"<<([^<>]*)>>")


expect_placeholder_names = each_name(matching(_NAME, "a name of small letters, digits and _ for a value"))
SecretFiles = Annotated[dict[str, str], "Placeholder name → file with its value.", expect_placeholder_names]


def names_in(text: str) -> set[str]:
    """Return the names of the placeholders, even invalid ones: a mistyped placeholder is also a mistake."""
    return set(_PLACEHOLDER.findall(text))


def fill(text: str, values: Mapping[str, str], escape: Callable[[str], str] = str) -> str:
    """Return the text with each placeholder replaced by its escaped value; values are not searched for placeholders."""
    return _PLACEHOLDER.sub(lambda match: escape(values[match[1]]), text)
