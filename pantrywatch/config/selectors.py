"""Series selectors as PromQL writes them: a name, and matchers in braces. Nothing but checking what stands there."""

from __future__ import annotations

import re
from dataclasses import dataclass

_SELECTOR = re.compile(r"(?P<metric>[a-zA-Z_:][a-zA-Z0-9_:]*)(\{(?P<matchers>.*)\})?\Z", re.DOTALL)
_MATCHER = re.compile(
    r'\s*(?P<label>[a-zA-Z_][a-zA-Z0-9_]*)\s*(?P<operator>=~|!~|!=|=)\s*"(?P<value>(\\.|[^"\\\n])*)"\s*'
)
_ESCAPE = re.compile(r'\\([\\"nt])')
_ESCAPED = {"n": "\n", "t": "\t"}
# Python's syntax of regular expressions holds more than Prometheus' (RE2): look-arounds and back-references.
_NOT_RE2 = re.compile(r"\(\?[=!<]|\\[1-9]")


@dataclass(frozen=True, slots=True)
class Selector:
    """A metric and its (label, operator, value) matchers."""

    metric: str
    matchers: tuple[tuple[str, str, str], ...]


def parse_selector(text: str) -> Selector:
    """Return the parts of a selector. Raises ValueError saying what was expected, and where."""
    match = _SELECTOR.match(text)
    if match is None:
        raise ValueError(f'expected a selector such as metric{{label="value"}}, got {text}')
    matchers, rest = [], match["matchers"] or ""
    while rest:
        found = _MATCHER.match(rest)
        if found is None or rest[found.end() :][:1] not in ("", ","):
            raise ValueError(f'expected a matcher such as label=~"value" at {rest!r} in {text}')
        value = _unescaped(found["value"], text)
        if found["operator"] in ("=~", "!~"):
            _require_regex(value, text)
        matchers.append((found["label"], found["operator"], value))
        rest = rest[found.end() + 1 :]
    return Selector(match["metric"], tuple(matchers))


def _unescaped(value: str, text: str) -> str:
    if "\\" in _ESCAPE.sub("", value):
        raise ValueError(f'expected only the escapes \\\\ \\" \\n \\t in {text}')
    return _ESCAPE.sub(lambda match: _ESCAPED.get(match[1], match[1]), value)


def _require_regex(value: str, text: str) -> None:
    try:
        re.compile(value)
    except re.error:
        raise ValueError(f"expected a regular expression, got {value!r} in {text}") from None
    if _NOT_RE2.search(value):
        raise ValueError(
            f"expected a regular expression without look-around or back-reference, got {value!r} in {text}"
        )
