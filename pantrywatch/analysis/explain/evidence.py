"""What else to ask Prometheus about an alert: the table evidence.yaml."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Literal

import yaml

Unit = Literal["seconds", "bytes", "ratio", "per_second", "none"]
FILE = Path(__file__).parent / "evidence.yaml"


@dataclass(frozen=True, slots=True)
class Evidence:
    """One question. `about`: components, targets and alerts that it helps to explain, as patterns with `*`."""

    title: str
    unit: Unit
    about: tuple[str, ...]
    expr: str


@cache
def table() -> tuple[Evidence, ...]:
    """Return the whole table, in its order."""
    entries = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    return tuple(Evidence(one["title"], one["unit"], tuple(one["about"]), one["expr"].strip()) for one in entries)


def evidence_about(subjects: Iterable[str]) -> tuple[Evidence, ...]:
    """Return what helps to explain alerts of these names, components and targets, in the order of the table."""
    names = set(subjects)
    return tuple(one for one in table() if any(fnmatchcase(name, about) for name in names for about in one.about))
