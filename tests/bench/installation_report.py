"""The tables of `bench installation`, and their place in docs/scale.md."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterator, Sequence

from pantrywatch.native.state_dir import ROOT
from tests.bench.installation_meter import Meter

_PAGE = ROOT / "docs/scale.md"
_BEGIN, _END = "<!-- Written by `./run bench installation --write`. -->\n", "<!-- Until here. -->\n"
_SAMPLES_A_DAY = 86400 / 15
_SLOWEST = 6
_ROUTES = ", with 100 routes more"


def report(meters: Sequence[Meter], bytes_a_sample: float) -> str:
    """Return the tables."""
    return "\n".join([*_sizes(meters), "", *_groups(meters), "", *_additions(meters, bytes_a_sample)]) + "\n"


def _sizes(meters: Sequence[Meter]) -> Iterator[str]:
    load = os.getloadavg()[0]
    yield f"{os.cpu_count()} cores ({platform.machine()}), load average {load:.1f} at the end:\n"
    yield from _table(
        "instances of the API", "databases", "series", "samples a second", "RSS MB", "bytes a series",
        "cores, as measured", "cores of all rules", "slowest group", "CPU of its interval",
    )  # fmt: skip
    for meter in meters:
        worst = meter.slowest() if meter.groups else None
        yield _row(
            f"{meter.size.instances:,}{_ROUTES if meter.size.routes and meter.size.instances == 1 else ''}",
            f"{meter.size.databases}", f"{meter.series:,}",
            f"{meter.samples_a_second:,.0f}", f"{meter.memory_bytes / 1e6:,.0f}",
            f"{meter.memory_bytes / meter.series:,.0f}", f"{meter.cpu_share:.2f}",
            f"{meter.rules_share():.2f}" if worst else "-", worst.name if worst else "-",
            f"{worst.seconds:.2f} of {worst.interval:g} s" if worst else "-",
        )  # fmt: skip


def _groups(meters: Sequence[Meter]) -> Iterator[str]:
    """Yield the slowest groups of the largest size, in each size, and their most expensive rule."""
    asked = [meter for meter in meters if meter.groups]
    sizes = [f"CPU s at {meter.size.instances:,} and {meter.size.databases}" for meter in asked]
    yield from _table("group", "interval", *sizes, "most of it", "CPU s")
    for group in sorted(asked[-1].groups.values(), key=lambda group: -group.share)[:_SLOWEST]:
        figures = [f"{meter.groups[group.name].seconds:.2f}" for meter in asked]
        yield _row(group.name, f"{group.interval:g} s", *figures, group.worst[0], f"{group.worst[1]:.2f}")


def _additions(meters: Sequence[Meter], bytes_a_sample: float) -> Iterator[str]:
    """Yield what more routes and databases take: their series, at what a series of the largest size takes."""
    base, routes, databases = meters[:3]
    big, small = meters[-1], meters[2]
    added = big.series - small.series
    memory = (big.memory_bytes - small.memory_bytes) / added
    yield from _table("more", "series", "memory MB", "disk MB a day")
    for what, series in (
        ("100 routes of one instance", routes.series - base.series),
        ("10 databases", databases.series - routes.series),
        ("100 instances of the API", (meters[3].series - databases.series - _of_databases(meters)) * 100 / 99),
    ):
        disk = series * _SAMPLES_A_DAY * bytes_a_sample
        yield _row(what, f"{series:,.0f}", f"{series * memory / 1e6:,.0f}", f"{disk / 1e6:,.0f}")
    yield f"\nA sample takes {bytes_a_sample:.2f} bytes on the disk, a series {memory:,.0f} bytes of memory."


def _of_databases(meters: Sequence[Meter]) -> float:
    """Return the series of the databases that the fourth size has more than the third."""
    more = meters[3].size.databases - meters[2].size.databases
    return (meters[2].series - meters[1].series) / (meters[2].size.databases - meters[1].size.databases) * more


def _table(*columns: str) -> Iterator[str]:
    yield f"| {' | '.join(columns)} |"
    yield "|---" * len(columns) + "|"


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def write(text: str) -> None:
    """Replace the tables in docs/scale.md."""
    before, _, rest = _PAGE.read_text().partition(_BEGIN)
    _, _, after = rest.partition(_END)
    _PAGE.write_text(f"{before}{_BEGIN}\n{text}\n{_END}{after}")
