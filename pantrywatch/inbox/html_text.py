"""The words of an HTML page, in one pass over it.

Python's own parser searches to the end of the page for each unfinished comment or tag, which is quadratic.
Here an unfinished one swallows the rest of the page, as in a browser (https://html.spec.whatwg.org/multipage/parsing.html).
"""

from __future__ import annotations

import html
import re

_NAME = re.compile(r"/?([a-zA-Z][^\s/>]{0,30})")
_STOP = re.compile(r"""=\s*(["'])|>""")
_RAW = {name: re.compile(rf"</{name}[\s/>]", re.IGNORECASE) for name in ("script", "style", "title")}
_NEW_LINE = re.compile(
    "address|article|blockquote|br|dd|div|dl|dt|footer|form|h[1-6]|header|hr|li|main|ol|p|pre|section|table|tr|ul"
)
_CELLS = frozenset({"td", "th"})
_LONG_NUMBER = re.compile(r"&#[0-9]{8,};?")  # no character has such a number, and Python refuses to read the longest


def words_of(page: str) -> str:
    """Return the visible text of the page, one line per block."""
    pieces: list[str] = []
    position = 0
    while (start := page.find("<", position)) >= 0:
        pieces.append(page[position:start])
        position = _after(page, start, pieces)
    pieces.append(page[position:])
    text = html.unescape(_LONG_NUMBER.sub("\ufffd", "".join(pieces)))
    lines = (" ".join(line.split()) for line in text.splitlines())
    return "\n".join(line for line in lines if line)


def _after(page: str, start: int, pieces: list[str]) -> int:
    """Return where the markup that begins here ends, and add its replacement."""
    if page.startswith("<!--", start):
        return _end(page, "-->", start + 2)
    if page[start + 1 : start + 2] in {"!", "?"}:
        return _end(page, ">", start)
    name = _NAME.match(page, start + 1)
    if name is None:
        pieces.append("<")
        return start + 1
    tag = name[1].lower()
    pieces.append("\n" if _NEW_LINE.fullmatch(tag) else " " if tag in _CELLS else "")
    end = _end_of_tag(page, name.end())
    if tag not in _RAW or page[start + 1] == "/":
        return end
    closing = _RAW[tag].search(page, end)
    return closing.start() if closing else len(page)


def _end_of_tag(page: str, position: int) -> int:
    while stop := _STOP.search(page, position):
        if stop[1] is None:
            return stop.end()
        position = page.find(stop[1], stop.end()) + 1
        if position == 0:
            break
    return len(page)


def _end(page: str, mark: str, start: int) -> int:
    found = page.find(mark, start)
    return len(page) if found < 0 else found + len(mark)
