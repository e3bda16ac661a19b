"""Decodes bytes in any charset a mail names: every name gives some text, in linear time."""

from __future__ import annotations

import encodings
import pkgutil
import re
from encodings.aliases import aliases

# Python-specific codecs: quadratic, or not a mail charset.
_NOT_FOR_MAIL = frozenset({"idna", "punycode", "unicode_escape", "raw_unicode_escape", "undefined", "mbcs", "oem"})
# Only names from this table are looked up: Python caches every name it looks up, known or not, forever.
_KNOWN = (
    {module.name for module in pkgutil.iter_modules(encodings.__path__)} | aliases.keys() | set(aliases.values())
) - _NOT_FOR_MAIL

_SEPARATORS = re.compile(r"[^a-z0-9]+")


def decoded(content: bytes, charset: str) -> str:
    """Return the bytes as text. An unknown charset is read as UTF-8; invalid bytes are replaced."""
    name = _SEPARATORS.sub("_", charset.strip().lower())
    if name in _KNOWN and aliases.get(name) not in _NOT_FOR_MAIL:
        try:
            return content.decode(name, "replace")
        except (LookupError, ValueError):  # a codec that is not for text, such as hex or zlib
            pass
    return content.decode("utf-8", "replace")
