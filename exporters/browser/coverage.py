"""How much of a page's scripts ran: V8's precise coverage, by function.

https://chromedevtools.github.io/devtools-protocol/tot/Profiler/#method-takePreciseCoverage
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any


def unused_share(scripts: Iterable[Mapping[str, Any]]) -> float | None:
    """Return the share of the code of a page that did not run, by characters; None for a page without any."""
    size = unused = 0
    for script in scripts:
        if script["url"].startswith(("http:", "https:")):
            ranges = [one for function in script["functions"] for one in function["ranges"]]
            size += max((one["endOffset"] for one in ranges), default=0)
            unused += _unused(ranges)
    return unused / size if size else None


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
