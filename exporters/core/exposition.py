"""Metric families and the text they are written in (Prometheus text format 0.0.4).

prometheus_client appends `_total` to every counter, which the names of postgres_exporter do not have, so families
collected anew at each scrape are written here. What lives between scrapes uses prometheus_client's own classes.
Source: https://prometheus.io/docs/instrumenting/exposition_formats/
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Literal

from prometheus_client import CollectorRegistry, generate_latest

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

Kind = Literal["counter", "gauge", "untyped"]


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

    def lines(self) -> Iterable[str]:
        """Return the sample lines, without HELP and TYPE."""
        name, names = self.name, self.label_names
        return [f"{name}{_label_text(names, labels)} {format_value(value)}" for labels, value in self.samples]

    @property
    def type_name(self) -> str:
        return self.kind


@dataclass(frozen=True, slots=True)
class HistogramSample:
    """Cumulative buckets (upper edge in base units, count of observations at or below it), with the totals."""

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

    def lines(self) -> Iterable[str]:
        """Return the sample lines, without HELP and TYPE."""
        for sample in self.samples:
            base = _label_text(self.label_names, sample.labels)
            names = (*self.label_names, "le")
            for edge, count in sample.buckets:
                labels = _label_text(names, (*sample.labels, format_value(float(edge))))
                yield f"{self.name}_bucket{labels} {format_value(count)}"
            labels = _label_text(names, (*sample.labels, "+Inf"))
            yield f"{self.name}_bucket{labels} {format_value(sample.count)}"
            yield f"{self.name}_sum{base} {format_value(sample.sum)}"
            yield f"{self.name}_count{base} {format_value(sample.count)}"

    @property
    def type_name(self) -> str:
        return "histogram"


AnyFamily = Family | HistogramFamily


def render(families: Iterable[AnyFamily], registries: Iterable[CollectorRegistry] = ()) -> bytes:
    """Return the page: families of the same name under one header, then prometheus_client's registries.

    Raises ValueError where one name comes with two types: a defect of ours that Prometheus would refuse.
    """
    by_name: dict[str, list[AnyFamily]] = {}
    for family in families:
        by_name.setdefault(family.name, []).append(family)
    lines: list[str] = []
    for name, parts in by_name.items():
        if len({part.type_name for part in parts}) > 1:
            raise ValueError(f"metric {name} has two types")
        lines.append(_header(name, parts[0].help, parts[0].type_name))
        for part in parts:
            lines.extend(part.lines())
    text = "\n".join(lines).encode() + b"\n" if lines else b""
    return text + b"".join(generate_latest(registry) for registry in registries)


def format_value(value: float) -> str:
    """Return a number as the text format spells it."""
    if isinstance(value, float):
        if math.isinf(value):
            return "+Inf" if value > 0 else "-Inf"
        return "NaN" if math.isnan(value) else repr(value)
    return str(int(value))


# Series and headers are the same at every scrape, so their text is put together once.
@lru_cache(maxsize=8192)
def _label_text(names: tuple[str, ...], values: tuple[str, ...]) -> str:
    if not names:
        return ""
    pairs = ",".join(f'{name}="{_escape(value)}"' for name, value in zip(names, values, strict=True))
    return "{" + pairs + "}"


@lru_cache(maxsize=2048)
def _header(name: str, help_text: str, type_name: str) -> str:
    return f"# HELP {name} {_escape_help(help_text)}\n# TYPE {name} {type_name}"


def _escape(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _escape_help(text: str) -> str:
    return text.replace("\\", "\\\\").replace("\n", "\\n")
