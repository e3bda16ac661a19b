"""The curves of `./run bench growth` as one SVG, readable on a light and on a dark page."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape

_WIDTH, _HEIGHT = 300, 170  # of a graph, with its labels
_LEFT, _RIGHT, _TOP, _BOTTOM = 48, 32, 30, 34
_COLORS = ("ours", "peer")
_HEAD = """<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img" aria-label="{label}">
<style>
text {{ font: 11px system-ui, sans-serif; fill: #1f2328 }} .title {{ font-weight: 600 }} .axis {{ fill: #59636e }}
line {{ stroke: #d1d9e0 }} .ours {{ stroke: #0969da; fill: #0969da }} .peer {{ stroke: #bc4c00; fill: #bc4c00 }}
@media (prefers-color-scheme: dark) {{
  text {{ fill: #f0f6fc }} .axis {{ fill: #9198a1 }} line {{ stroke: #3d444d }}
  .ours {{ stroke: #4493f8; fill: #4493f8 }} .peer {{ stroke: #f0883e; fill: #f0883e }}
}}
text.ours, text.peer {{ stroke: none }} polyline.peer {{ stroke-dasharray: 5 3 }}
polyline.ours, polyline.peer {{ fill: none; stroke-width: 2 }}
</style>
"""


@dataclass(frozen=True, slots=True)
class Curve:
    """What one exporter cost, by size of what it watches: (size, CPU ms in 15 s, resident memory in MB)."""

    name: str
    points: Sequence[tuple[float, float, float]]


@dataclass(frozen=True, slots=True)
class Subject:
    """What grows, such as tables, and a curve of pantrywatch with one of its peer, if there is one."""

    name: str
    curves: Sequence[Curve]


def plot(subjects: Sequence[Subject]) -> str:
    """Return the SVG: a row for each subject, CPU on the left and memory on the right, both axes logarithmic."""
    width, height = 2 * _WIDTH, _HEIGHT * len(subjects)
    label = "What an exporter costs, by the size of what it watches"
    parts = [_HEAD.format(width=width, height=height, label=label)]
    for row, subject in enumerate(subjects):
        for column, quantity in enumerate(("CPU in 15 s, ms", "resident memory, MB")):
            graph = "\n".join(_graph(subject, column + 1, quantity))
            parts.append(f'<g transform="translate({column * _WIDTH} {row * _HEIGHT})">\n{graph}\n</g>\n')
    return "".join(parts) + "</svg>\n"


class _Axis:
    """A logarithmic axis from `begin` to `end`, in pixels; a size of 0 is drawn as 1."""

    def __init__(self, values: Sequence[float], begin: float, end: float) -> None:
        logs = [math.log10(max(value, 1.0)) for value in values]
        self.low, self.high = math.floor(min(logs)), max(math.ceil(max(logs)), math.floor(min(logs)) + 1)
        self._begin, self._end = begin, end

    def at(self, value: float) -> float:
        """Return the place of a value."""
        share = (math.log10(max(value, 1.0)) - self.low) / (self.high - self.low)
        return self._begin + share * (self._end - self._begin)

    def ticks(self) -> list[int]:
        """Return the powers of ten on it."""
        return [10**power for power in range(self.low, self.high + 1)]


def _graph(subject: Subject, position: int, quantity: str) -> Iterator[str]:
    points = [point for curve in subject.curves for point in curve.points]
    across = _Axis([point[0] for point in points], _LEFT, _WIDTH - _RIGHT)
    up = _Axis([point[position] for point in points], _HEIGHT - _BOTTOM, _TOP)
    yield f'<text class="title" x="{_LEFT}" y="14">{escape(subject.name)}: {quantity}</text>'
    for tick in up.ticks():
        place = f"{up.at(tick):.1f}"
        yield f'<line x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{place}" y2="{place}"/>'
        yield f'<text class="axis" x="{_LEFT - 6}" y="{float(place) + 4:.1f}" text-anchor="end">{tick:,}</text>'
    for size in sorted({point[0] for point in points}):
        place = f"{across.at(size):.1f}"
        yield f'<text class="axis" x="{place}" y="{_HEIGHT - 18}" text-anchor="middle">{size:,.0f}</text>'
    for curve, color in zip(subject.curves, _COLORS, strict=False):
        places = [(across.at(point[0]), up.at(point[position])) for point in curve.points]
        yield f'<polyline class="{color}" points="{" ".join(f"{x:.1f},{y:.1f}" for x, y in places)}"/>'
        for (x, y), point in zip(places, curve.points, strict=True):
            said = f"{escape(curve.name)}, {point[0]:,.0f}: {point[position]:,.1f}"
            yield f'<circle class="{color}" cx="{x:.1f}" cy="{y:.1f}" r="3"><title>{said}</title></circle>'
    yield from _legend([curve.name for curve in subject.curves])


def _legend(names: Sequence[str]) -> Iterator[str]:
    place = _LEFT
    for name, color in zip(names, _COLORS, strict=False):
        yield f'<text class="{color}" x="{place}" y="{_HEIGHT - 4}">{escape(name)}</text>'
        place += 7 * len(name) + 12
