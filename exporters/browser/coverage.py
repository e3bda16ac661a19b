"""How much of a page's code was used: of scripts the functions that ran, of style sheets the rules that matched.

https://chromedevtools.github.io/devtools-protocol/tot/Profiler/#method-takePreciseCoverage
https://chromedevtools.github.io/devtools-protocol/tot/CSS/#method-takeCoverageDelta
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any


def unused_share(scripts: Iterable[Mapping[str, Any]]) -> float | None:
    """Return the share of the code of a page's scripts that did not run, by characters; None without any script."""
    size = unused = 0
    for script in scripts:
        if _is_of_the_page(script["url"]):
            ranges = [one for function in script["functions"] for one in function["ranges"]]
            size += max((one["endOffset"] for one in ranges), default=0)
            unused += _unused(ranges)
    return unused / size if size else None


class StyleSheets:
    """The style sheets of a page, as they are added to it."""

    def __init__(self) -> None:
        self._sizes: dict[str, float] = {}  # by id, in characters

    def clear(self) -> None:
        """Forget them: what follows is another page."""
        self._sizes.clear()

    def add(self, event: Mapping[str, Any]) -> None:
        """Note a sheet of the event `CSS.styleSheetAdded`, unless it is the browser's own or a script wrote it."""
        header = event["header"]
        if header["origin"] == "regular" and _is_of_the_page(header["sourceURL"]):
            self._sizes[header["styleSheetId"]] = header["length"]

    def remove(self, event: Mapping[str, Any]) -> None:
        """Forget a sheet of the event `CSS.styleSheetRemoved`: what was used of it is not known any more."""
        self._sizes.pop(event["styleSheetId"], None)

    def unused_share(self, rules: Iterable[Mapping[str, Any]]) -> float | None:
        """Return the share, by characters, that belongs to no rule of a matched selector; None without any sheet.

        As in Chromium's panel Coverage, comments and what has no selector (@font-face, @keyframes) count as unused.
        """
        size = sum(self._sizes.values())
        if not size:
            return None
        ranges: dict[str, list[tuple[float, float]]] = {}
        for rule in rules:
            if rule["used"] and rule["styleSheetId"] in self._sizes:
                ranges.setdefault(rule["styleSheetId"], []).append((rule["startOffset"], rule["endOffset"]))
        return 1 - sum(map(_covered, ranges.values())) / size


def _is_of_the_page(url: str) -> bool:
    return url.startswith(("http:", "https:"))


def _covered(ranges: Iterable[tuple[float, float]]) -> float:
    """Return the length of the union: nested rules lie in their parents."""
    total = reached = 0.0
    for begin, end in sorted(ranges):
        total += max(0.0, end - max(begin, reached))
        reached = max(reached, end)
    return total


def _unused(ranges: Sequence[Mapping[str, Any]]) -> int:
    """Return the characters whose innermost range never ran; ranges are nested or apart."""
    # At one place, what ends there comes before what begins; V8 lists outer ranges first.
    begins = [(one["startOffset"], 1, -one["endOffset"], i, one["count"]) for i, one in enumerate(ranges)]
    ends = [(one["endOffset"], 0, -one["startOffset"], -i, one["count"]) for i, one in enumerate(ranges)]
    counts: list[int] = []
    unused = before = 0
    for at, is_begin, _, _, count in sorted(begins + ends):
        if counts and not counts[-1]:
            unused += at - before
        before = at
        if is_begin:
            counts.append(count)
        else:
            counts.pop()
    return unused
