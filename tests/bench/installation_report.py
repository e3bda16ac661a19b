"""The tables of `bench installation`, the sentences about its first limit, and their place in docs/scale.md."""

from __future__ import annotations

import math
import os
import platform
import textwrap
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

from pantrywatch.native.state_dir import ROOT
from tests.bench.installation_meter import Meter

PAGE = ROOT / "docs/scale.md"
_BEGIN, _END = "<!-- Written by `./run bench installation --write`. -->\n", "<!-- Until here. -->\n"
_SAMPLES_A_DAY = 86400 / 15
_SLOWEST = 6
_WIDTH = 140  # of a paragraph of the page
_ROUTES = ", with 100 routes more"


def report(meters: Sequence[Meter], bytes_a_sample: float) -> str:
    """Return the tables of the sizes that could be measured, the smallest first."""
    measured = [meter for meter in meters if meter.series]
    tables = [_sizes(measured), _groups(measured), _additions(measured, bytes_a_sample)]
    return "\n".join("\n".join(table) + "\n" for table in tables)


def limit(meters: Sequence[Meter]) -> str:
    """Return which size held, which one did not and why, and what is used up first as an installation grows."""
    held = max((one for one in meters if not one.too_large), key=lambda one: (one.size.instances, one.size.databases))
    bad = min((one for one in meters if one.too_large), key=lambda one: one.size.instances, default=None)
    said = f"The largest that held has {_size(held)}."
    said += f" {_size(bad)} are too many here: {bad.too_large}." if bad else " More was not tried."
    if len(asked := [meter for meter in meters if meter.groups]) > 1:
        said += f" {_first_limit(asked)}"
    return textwrap.fill(said, _WIDTH, break_on_hyphens=False)


def _size(meter: Meter) -> str:
    instances = "1 instance" if meter.size.instances == 1 else f"{meter.size.instances:,} instances"
    return f"{instances} of the API and {meter.size.databases:,} databases"


def _first_limit(asked: Sequence[Meter]) -> str:
    """Return what the rules use up first, and at how many instances: as the CPU of the two largest sizes grew."""
    cores, slowest = os.cpu_count() or 1, asked[-1].slowest().name
    group = _reached(asked, lambda meter: meter.groups[slowest].share)
    every = _reached(asked, lambda meter: meter.rules_share() / cores)
    if group <= every:
        what = f"the group `{slowest}` takes as long as its interval of {asked[-1].groups[slowest].interval:g} s"
    else:
        what = f"all rules together take {cores} cores"
    instances = _rounded(round(min(group, every)))
    return f"By the CPU of the rules, the first limit is at about {instances:,} instances: {what}."


def _reached(asked: Sequence[Meter], share: Callable[[Meter], float]) -> float:
    """Return at how many instances a share is 1, if it goes on as from the second largest size to the largest."""
    before, last = asked[-2:]
    exponent = math.log(share(last) / share(before)) / math.log(last.size.instances / before.size.instances)
    return float(last.size.instances * share(last) ** (-1 / max(exponent, 0.5)))


def _rounded(number: int) -> int:
    """Return the number with two digits."""
    return round(number, 1 - math.floor(math.log10(number)))


def _sizes(meters: Sequence[Meter]) -> Iterator[str]:
    load, month = os.getloadavg()[0], datetime.now(UTC).strftime("%B %Y")
    yield f"{os.cpu_count()} cores ({platform.machine()}), load average {load:.1f} at the end; {month}.\n"
    yield from _table(
        "instances of the API", "databases", "series", "samples a second", "RSS MB", "bytes a series",
        "cores, as measured", "evaluations left out", "cores of all rules", "slowest group", "CPU of its interval",
    )  # fmt: skip
    for meter in meters:
        worst = meter.slowest() if meter.groups else None
        yield _row(
            f"{meter.size.instances:,}{_ROUTES if meter.size.routes and meter.size.instances == 1 else ''}",
            f"{meter.size.databases}", f"{meter.series:,}",
            f"{meter.samples_a_second:,.0f}", f"{meter.memory_bytes / 1e6:,.0f}",
            f"{meter.memory_bytes / meter.series:,.0f}", f"{meter.cpu_share:.2f}", f"{meter.missed:.1%}",
            f"{meter.rules_share():.2f}" if worst else "-", worst.name if worst else "-",
            f"{worst.seconds:.2f} of {worst.interval:g} s" if worst else "-",
        )  # fmt: skip


def _groups(meters: Sequence[Meter]) -> Iterator[str]:
    """Yield the slowest groups of the largest size, in each size, and their most expensive rule."""
    asked = [meter for meter in meters if meter.groups]
    if not asked:
        return
    sizes = [f"CPU s at {meter.size.instances:,} and {meter.size.databases}" for meter in asked]
    yield from _table("group", "interval", *sizes, "most of it", "CPU s")
    for group in sorted(asked[-1].groups.values(), key=lambda group: -group.share)[:_SLOWEST]:
        figures = [f"{meter.groups[group.name].seconds:.2f}" for meter in asked if group.name in meter.groups]
        yield _row(group.name, f"{group.interval:g} s", *figures, group.worst[0], f"{group.worst[1]:.2f}")


def _additions(meters: Sequence[Meter], bytes_a_sample: float) -> Iterator[str]:
    """Yield what more routes and databases take: their series, at what a series of the largest size takes."""
    base, routes, databases = meters[:3]
    hundred = next((meter for meter in meters if meter.size.instances > 1), None)
    if hundred is None:
        return
    big, small = meters[-1], databases
    added = big.series - small.series
    memory = (big.memory_bytes - small.memory_bytes) / added
    yield from _table("more", "series", "memory MB", "disk MB a day")
    for what, series in (
        ("100 routes of one instance", routes.series - base.series),
        ("10 databases", databases.series - routes.series),
        ("100 instances of the API", _of_instances(hundred, routes, databases)),
    ):
        disk = series * _SAMPLES_A_DAY * bytes_a_sample
        yield _row(what, f"{series:,.0f}", f"{series * memory / 1e6:,.0f}", f"{disk / 1e6:,.0f}")
    yield f"\nA sample takes {bytes_a_sample:.2f} bytes on the disk, a series {memory:,.0f} bytes of memory."


def _of_instances(many: Meter, routes: Meter, databases: Meter) -> float:
    """Return the series of 100 instances: what a size has more than one with one instance, without its databases."""
    of_database = (databases.series - routes.series) / (databases.size.databases - routes.size.databases)
    of_databases = of_database * (many.size.databases - databases.size.databases)
    return (many.series - databases.series - of_databases) / (many.size.instances - 1) * 100


def _table(*columns: str) -> Iterator[str]:
    yield f"| {' | '.join(columns)} |"
    yield "|---" * len(columns) + "|"


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def write(text: str, page: Path = PAGE) -> None:
    """Replace what the command wrote to the page before. ValueError where the page has no place for it."""
    whole = page.read_text()
    if whole.count(_BEGIN) != 1 or whole.count(_END) != 1:
        raise ValueError(f"{page}: expected once {_BEGIN.strip()!r} and {_END.strip()!r}")
    before, _, rest = whole.partition(_BEGIN)
    _, _, after = rest.partition(_END)
    page.write_text(f"{before}{_BEGIN}\n{text}\n{_END}{after}")
