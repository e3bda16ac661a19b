"""Bytes as text in whatever charset a mail names: every name gives a text, in linear time."""

from __future__ import annotations

import encodings
import pkgutil
import re
from encodings.aliases import aliases

# Python's own: quadratic, or no charset of a mail.
_NOT_FOR_MAIL = frozenset({"idna", "punycode", "unicode_escape", "raw_unicode_escape", "undefined", "mbcs", "oem"})
# Only names from this table are looked up: Python remembers each name it is asked for, known or not, for good.
_KNOWN = (
    {module.name for module in pkgutil.iter_modules(encodings.__path__)} | aliases.keys() | set(aliases.values())
) - _NOT_FOR_MAIL

_SEPARATORS = re.compile(r"[^a-z0-9]+")


def decoded(content: bytes, charset: str) -> str:
    """Return the bytes as text. For a name that is no charset: UTF-8; what is not valid is replaced."""
    name = _SEPARATORS.sub("_", charset.strip().lower())
    if name in _KNOWN and aliases.get(name) not in _NOT_FOR_MAIL:
        try:
            return content.decode(name, "replace")
        except (LookupError, ValueError):  # a codec for something else than text, such as hex or zlib
            pass
    return content.decode("utf-8", "replace")
