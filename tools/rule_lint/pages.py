"""Metrics pages in Prometheus' text format, reduced to the parts a rule can rely on: names, types, labels."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

_SAMPLE = re.compile(r"(?P<name>[a-zA-Z_:][a-zA-Z0-9_:]*)(\{(?P<labels>.*)\})? \S+$")
_LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\.)*)"')
_PARTS = ("_bucket", "_count", "_sum")
# Prometheus adds these when it scrapes.
SCRAPE_LABELS = ("instance", "job")


@dataclass(frozen=True, slots=True)
class Family:
    """One metric as one job exports it; `optional` labels are missing, or empty, on some of its series.

    `edges` are the upper edges of a histogram's buckets.
    """

    name: str
    type: str
    help: str
    job: str
    labels: tuple[str, ...]
    optional: tuple[str, ...] = ()
    edges: tuple[float, ...] = ()

    def series(self) -> Iterator[tuple[str, str, tuple[str, ...]]]:
        """Yield name, type (as functions see it) and additional labels of each series name of the family."""
        if self.type in ("histogram", "summary"):
            yield f"{self.name}_count", "counter", ()
            yield f"{self.name}_sum", "counter", ()
        if self.type == "histogram":
            yield f"{self.name}_bucket", "counter", ("le",)
        else:
            yield self.name, "gauge" if self.type == "summary" else self.type, ()


def families(text: str, job: str) -> list[Family]:
    """Return the families of a page that have samples, sorted by name."""
    types = dict(_comments(text, "TYPE"))
    helps = dict(_comments(text, "HELP"))
    seen: dict[str, list[dict[str, str]]] = {}
    for name, labels in _samples(text):
        seen.setdefault(_family(name, types), []).append(labels)
    return [
        Family(
            name,
            types[name],
            helps.get(name, ""),
            job,
            *_split(seen[name], types[name]),
            _edges(seen[name], types[name]),
        )
        for name in sorted(seen.keys() & types.keys())
    ]


def _comments(text: str, kind: str) -> Iterator[tuple[str, str]]:
    start = f"# {kind} "
    for line in text.splitlines():
        if line.startswith(start):
            name, _, rest = line.removeprefix(start).partition(" ")
            yield name, rest


def _samples(text: str) -> Iterator[tuple[str, dict[str, str]]]:
    for line in text.splitlines():
        if not line.startswith("#") and (match := _SAMPLE.match(line)):
            yield match["name"], dict(_LABEL.findall(match["labels"] or ""))


def _family(sample: str, types: dict[str, str]) -> str:
    stems = (sample.removesuffix(part) for part in _PARTS if sample.endswith(part))
    return next((stem for stem in stems if types.get(stem) in ("histogram", "summary")), sample)


def _edges(samples: Iterable[dict[str, str]], kind: str) -> tuple[float, ...]:
    found = {float(labels["le"]) for labels in samples if kind == "histogram" and "le" in labels}
    return tuple(sorted(found))


def _split(samples: Iterable[dict[str, str]], kind: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Labels that all series have, and labels that some have, without the bucket's edge."""
    dropped = {"le"} if kind == "histogram" else set()
    # For Prometheus an empty label is a missing one.
    filled = [{name for name, value in labels.items() if value} for labels in samples]
    always, ever = set.intersection(*filled) - dropped, set().union(*samples) - dropped
    return tuple(sorted(always)), tuple(sorted(ever - always))
