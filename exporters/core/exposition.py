"""Metric families and their text form, Prometheus text format 0.0.4.

No page has the same series twice: Prometheus would silently keep one of the two at random. Label values come from a
server or a kernel, so a label set can repeat; its first sample stays, the others are counted, and logged once.

prometheus_client appends `_total` to every counter, but the names of postgres_exporter have no such suffix, so families
are written here. No exporter loads that library: it takes a sidecar 40 ms of CPU at the start and 3 MB of memory.

Source: https://prometheus.io/docs/instrumenting/exposition_formats/
"""

from __future__ import annotations

import logging
import math
import re
import sys
import threading
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Literal

logger = logging.getLogger(__name__)

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

Kind = Literal["counter", "gauge", "untyped"]

_MOST = sys.float_info.max
_EXACT = 2**53


@dataclass(slots=True)
class Family:
    """All samples of one metric name: label values in the order of `label_names`, and a value in base units."""

    name: str
    kind: Kind
    help: str
    label_names: tuple[str, ...] = ()
    samples: list[tuple[tuple[str, ...], float]] = field(default_factory=list)

    def add(self, value: float, *labels: str) -> None:
        """Append one sample."""
        self.samples.append((labels, value))

    def series(self) -> Iterator[tuple[tuple[str, ...], str]]:
        """Return the label values and the line of each sample."""
        name, names = self.name, self.label_names
        for labels, value in self.samples:
            yield labels, f"{name}{_label_text(names, labels)} {format_value(value)}"

    @property
    def type_name(self) -> str:
        return self.kind


@dataclass(frozen=True, slots=True)
class HistogramSample:
    """Cumulative buckets (upper edge in base units, count of observations at or below it), with sum and count."""

    labels: tuple[str, ...]
    buckets: Sequence[tuple[float, float]]
    count: float
    sum: float


@dataclass(slots=True)
class HistogramFamily:
    """A histogram read from elsewhere; the +Inf bucket is written from `count`."""

    name: str
    help: str
    label_names: tuple[str, ...] = ()
    samples: list[HistogramSample] = field(default_factory=list)

    def series(self) -> Iterator[tuple[tuple[str, ...], str]]:
        """Return the label values and the lines of each sample."""
        for sample in self.samples:
            yield sample.labels, "\n".join(self._lines(sample))

    def _lines(self, sample: HistogramSample) -> Iterator[str]:
        name, labels = self.name, _label_text(self.label_names, sample.labels)
        count = format_value(sample.count)
        bucket = f"{name}_bucket{labels[:-1]}," if labels else f"{name}_bucket{{"
        for edge, within in sample.buckets:
            yield f'{bucket}le="{_edge(edge)}"}} {format_value(within)}'
        yield f'{bucket}le="+Inf"}} {count}'
        yield f"{name}_sum{labels} {format_value(sample.sum)}"
        yield f"{name}_count{labels} {count}"

    @property
    def type_name(self) -> str:
        return "histogram"


AnyFamily = Family | HistogramFamily


def with_label(family: AnyFamily, name: str, value: str) -> AnyFamily:
    """Return a family whose every sample has one more label."""
    names = (*family.label_names, name)
    if isinstance(family, Family):
        return replace(family, label_names=names, samples=[((*own, value), number) for own, number in family.samples])
    samples = [replace(sample, labels=(*sample.labels, value)) for sample in family.samples]
    return replace(family, label_names=names, samples=samples)


class _Duplicates:
    """Samples dropped in this process because their series was already on the page, by family."""

    def __init__(self) -> None:
        self._totals: dict[str, int] = {}
        self._lock = threading.Lock()

    def note(self, family: str, dropped: int) -> None:
        """Count dropped samples; the first drop of each family is logged."""
        with self._lock:
            first = family not in self._totals
            self._totals[family] = self._totals.get(family, 0) + dropped
        if first:
            logger.error("family=%s state=duplicate_series dropped=%d", family, dropped)

    def family(self, names: Iterable[str]) -> Family:
        """Return the counts of dropped samples for these families; a family that never dropped one has no sample."""
        family = Family(
            "pantrywatch_duplicate_samples_dropped_total",
            "counter",
            "Samples dropped because a series with the same labels was already on the page.",
            ("family",),
        )
        with self._lock:
            for name in names:
                if name in self._totals:
                    family.add(self._totals[name], name)
        return family


_duplicates = _Duplicates()


def render(families: Iterable[AnyFamily]) -> bytes:
    """Return the page: families of the same name under one header.

    Raises ValueError if one name has two types: a bug in the exporter, and a page that Prometheus would reject.
    """
    by_name: dict[str, list[AnyFamily]] = {}
    for family in families:
        by_name.setdefault(family.name, []).append(family)
    lines: list[str] = []
    for name, parts in by_name.items():
        lines += _lines(name, parts)
    dropped = _duplicates.family(by_name)
    if dropped.samples:
        lines += _lines(dropped.name, [dropped])
    return "\n".join([*lines, ""]).encode()


def _lines(name: str, parts: Sequence[AnyFamily]) -> list[str]:
    """Return the header and the samples of a family, each series once."""
    if len(parts) == 1 and isinstance(family := parts[0], Family):
        # Nearly all families; what follows is for those that repeat a series.
        if len(family.samples) == 1:  # most of them: a page of 155 families takes 0.70 of the CPU
            labels, value = family.samples[0]
            text = name + _label_text(family.label_names, labels) if family.label_names else name
            return [_header(name, family.help, family.kind), f"{text} {format_value(value)}"]
        if text := _plain_lines(family):
            return [_header(name, family.help, family.kind), text]
    if len({part.type_name for part in parts}) > 1:
        raise ValueError(f"metric {name} has two types")
    lines = [_header(name, parts[0].help, parts[0].type_name)]
    # Compared as Prometheus does: where label names differ, their order and empty values do not matter.
    key_of = _label_text if len({part.label_names for part in parts}) == 1 else _label_set
    seen: set[str] = set()
    total = 0
    for part in parts:
        for labels, text in part.series():
            total += 1
            key = key_of(part.label_names, labels)
            if key not in seen:
                seen.add(key)
                lines.append(text)
    if len(seen) < total:
        _duplicates.note(name, total - len(seen))
    return lines


def _plain_lines(family: Family) -> str:
    """Return the lines of a family with nothing to escape and no series twice; of another the empty text.

    Not from the cache of series: a page with more of them than it holds took twice the CPU for each line.
    """
    samples = family.samples
    values: list[str] = []
    for labels, value in samples:
        values += labels
        values.append(format_value(value))
    text = "".join(values)
    if not text.isascii() or any(special in text for special in _SPECIAL) or len(dict(samples)) < len(samples):
        return ""
    form = f"{family.name}{_label_text(family.label_names, ('%s',) * len(family.label_names))} %s\n"
    return (form * len(samples) % tuple(values))[:-1]


def format_value(value: float) -> str:
    """Return a number as spelled in the text format."""
    if type(value) is int and -_EXACT < value < _EXACT:  # half of the values of most pages
        return str(value)
    if isinstance(value, float):
        if math.isfinite(value):
            return repr(value)
        return "NaN" if math.isnan(value) else "+Inf" if value > 0 else "-Inf"
    if abs(value) > _MOST:  # Prometheus rejects a page with a number that it cannot represent
        return "+Inf" if value > 0 else "-Inf"
    return str(int(value))


# Series and headers are the same at every scrape, so their text is cached.
@lru_cache(maxsize=8192)
def _label_text(names: tuple[str, ...], values: tuple[str, ...]) -> str:
    if not names:
        return ""
    pairs = ",".join(f'{name}="{_escape(value)}"' for name, value in zip(names, values, strict=True))
    return "{" + pairs + "}"


@lru_cache(maxsize=2048)
def _edge(edge: float) -> str:
    return format_value(float(edge))


@lru_cache(maxsize=8192)
def _label_set(names: tuple[str, ...], values: tuple[str, ...]) -> str:
    """Return a label set as text, identical for sets that Prometheus considers equal."""
    given = sorted((name, value) for name, value in zip(names, values, strict=True) if value)
    return _label_text(tuple(name for name, _ in given), tuple(value for _, value in given))


@lru_cache(maxsize=2048)
def _header(name: str, help_text: str, type_name: str) -> str:
    return f"# HELP {name} {_escape_help(help_text)}\n# TYPE {name} {type_name}"


# Lone surrogates stand for bytes that are not UTF-8 and cannot be encoded; Prometheus' parser ends at a zero byte.
_UNWRITABLE = re.compile("[\x00\ud800-\udfff]")
_SPECIAL = '\\"\n\x00'


def _escape(value: str) -> str:
    return _UNWRITABLE.sub("\ufffd", value).replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _escape_help(text: str) -> str:
    return _UNWRITABLE.sub("\ufffd", text).replace("\\", "\\\\").replace("\n", "\\n")
