"""Rules as Prometheus 3 understands them, for promtool of either version: no sample on the left edge of a range."""

from __future__ import annotations

import re

# A range that has an offset is left alone: the rules of the targets shift theirs by a millisecond already.
_RANGE = re.compile(r"\[(?:\d+(?:ms|[smhdwy]))+(?::(?:\d+(?:ms|[smhdwy]))*)?\](?!\s*offset)")


def left_open(expression: str) -> str:
    """Return an expression whose ranges begin and end a millisecond later: what was on the left edge is outside."""
    return _RANGE.sub(lambda match: f"{match[0]} offset -1ms", expression)
