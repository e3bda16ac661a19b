"""What to ask Prometheus: the table questions.yaml."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import yaml

FILE = Path(__file__).parent / "questions.yaml"


@cache
def _table() -> dict[str, str]:
    entries = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    return {name: expr.strip() for name, expr in entries.items()}


def question(name: str) -> str:
    """Return the expression of a name: events, bad, marks or incidents."""
    return _table()[name]


def question_of_buckets(histogram: str) -> str:
    """Return the expression for a histogram, a selector as in targets.yaml."""
    metric, brace, matchers = histogram.partition("{")
    return _table()["buckets"].replace("BUCKETS", f"{metric}_bucket{brace}{matchers}")
