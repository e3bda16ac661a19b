"""targets.yaml: the documented targets, as typed records, with every fault found in the file."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Literal

from exporters.core.errors import ConfigError, ConfigProblem
from exporters.core.settings import decode
from exporters.core.strict_yaml import read_yaml
from pantrywatch.config.components import components
from pantrywatch.config.durations import is_duration, seconds
from pantrywatch.config.selectors import Selector, parse_selector

PERIOD_DAYS = 30

_ID = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*\Z")
_CHECK_RUNS = "pantrywatch_check_runs_total"


@dataclass(frozen=True, slots=True)
class Sli:
    """Which events count: a `histogram`, or `total` with either `good` or `bad`; each a selector in PromQL."""

    histogram: str | None = None
    total: tuple[str, ...] = ()
    good: tuple[str, ...] = ()
    bad: tuple[str, ...] = ()

    def selectors(self) -> tuple[str, ...]:
        """Return every selector."""
        return (*((self.histogram,) if self.histogram else ()), *self.total, *self.good, *self.bad)


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One documented target; `objective` is the least share of good events (none for a capacity)."""

    id: str
    layer: Literal["frontend", "backend", "infrastructure", "business"]
    title: str
    section: str
    statement: str
    kind: Literal["latency", "ratio", "probe", "capacity"]
    events: str
    sli: Sli
    threshold: float | None = None
    unit: str | None = None
    objective: float | None = None
    window: Literal["30d"]
    basis: Literal["field", "lab", "traffic", "probe", "estimate"]
    requires: tuple[str, ...]
    team: str
    impact: str
    limits: str
    runbook: str
    dashboard: str

    @property
    def allowed_share(self) -> float:
        """The share of events that may be bad, without the noise of binary fractions."""
        return round(1 - (self.objective or 0), 10)

    @property
    def is_check_fed(self) -> bool:
        """Whether nothing but synthetic checks that name this target can feed it."""
        return self.kind == "probe"


@dataclass(frozen=True, slots=True)
class Tier:
    """A burn-rate tier: fires while both windows burn `factor` times faster than the budget allows."""

    severity: Literal["critical", "high", "medium", "low"]
    long: str
    short: str
    factor: float
    budget_share: float
    wait: str

    def can_fire(self, target: Target) -> bool:
        """Return whether the share of bad events that fires it is one that can exist."""
        return self.factor * target.allowed_share < 1


@dataclass(frozen=True, slots=True)
class Targets:
    """The whole file."""

    tiers: tuple[Tier, ...]
    minimum_bad_events: float
    histograms: dict[str, tuple[float, ...]]
    targets: tuple[Target, ...]

    def by_id(self, target_id: str) -> Target:
        """Return the target of that id."""
        return next(target for target in self.targets if target.id == target_id)


def read_targets(path: Path, runbooks: Path | None = None) -> Targets:
    """Return the targets in the file; with `runbooks`, each must have its page there. Raises ConfigError."""
    document = read_yaml(path)
    expected = {field.name for field in fields(Targets)}
    if not isinstance(document, dict) or document.keys() != expected or not isinstance(document["targets"], list):
        raise ConfigError([ConfigProblem(str(path), "document", f"expected the keys {', '.join(sorted(expected))}")])
    faults: list[ConfigProblem] = []
    head = _decode({**document, "targets": []}, Targets, str(path), "", faults)
    entries = list(_entries(document["targets"], str(path), faults))
    if head is not None:
        checked = Targets(head.tiers, head.minimum_bad_events, head.histograms, tuple(entries))
        faults += [ConfigProblem(str(path), entry, what) for entry, what in _problems(checked, runbooks)]
    if faults or head is None:
        raise ConfigError(faults)
    return checked


def _entries(documents: list[Any], name: str, faults: list[ConfigProblem]) -> Iterator[Target]:
    """Yield what could be read; an unknown key is a fault, but does not hide what else is wrong with its entry."""
    known = {field.name for field in fields(Target)}
    for number, document in enumerate(documents):
        entry = f"targets[{number}]"
        if isinstance(document, dict):
            entry = f"targets.{document.get('id', number)}"
            faults += [ConfigProblem(name, entry, f"unknown key {key}") for key in sorted(document.keys() - known)]
            document = {key: value for key, value in document.items() if key in known}  # noqa: PLW2901 - the rest is reported
        target = _decode(document, Target, name, entry, faults)
        if target is not None:
            yield target


def _decode(document: Any, into: type[Any], name: str, entry: str, faults: list[ConfigProblem]) -> Any:
    try:
        return decode(document, into, name, {})
    except ConfigError as error:
        for fault in error.problems:
            place = fault.entry.removeprefix("document")
            faults.append(
                ConfigProblem(name, ".".join(part for part in (entry, place) if part) or "document", fault.expected)
            )
    return None


def _problems(targets: Targets, runbooks: Path | None) -> Iterator[tuple[str, str]]:
    ids = [target.id for target in targets.targets]
    for repeated in sorted({found for found in ids if ids.count(found) > 1}):
        yield f"targets.{repeated}", "expected an id of its own, it stands twice"
    for number, tier in enumerate(targets.tiers):
        for problem in _tier_problems(tier):
            yield f"tiers[{number}]", problem
    for name, edges in targets.histograms.items():
        if not edges or list(edges) != sorted(set(edges)):
            yield f"histograms.{name}", "expected edges in rising order"
    for target in targets.targets:
        for problem in (
            *_shape_problems(target),
            *_number_problems(target),
            *_selector_problems(target, targets.histograms),
            *_runbook_problems(target, runbooks),
        ):
            yield f"targets.{target.id}", problem


def _tier_problems(tier: Tier) -> Iterator[str]:
    for duration in (tier.long, tier.short, tier.wait):
        if not is_duration(duration):
            yield f"expected a duration such as 5m, got {duration}"
            return
    used = tier.factor * seconds(tier.long) / (PERIOD_DAYS * 86400)
    if abs(used - tier.budget_share) > 1e-6:
        yield f"expected budget_share to be factor * long / {PERIOD_DAYS} d = {used:g}, got {tier.budget_share:g}"


def _shape_problems(target: Target) -> Iterator[str]:
    sli = target.sli
    if not _ID.match(target.id):
        yield "expected an id of small letters, digits and single -"
    if target.kind == "latency" and (sli.histogram is None or sli.total or sli.good or sli.bad):
        yield "sli: expected a histogram and nothing else for a latency"
    if target.kind in ("ratio", "probe") and (sli.histogram or not sli.total or bool(sli.good) == bool(sli.bad)):
        yield "sli: expected total and either good or bad"
    if target.kind == "probe" and not all(
        s.startswith(f'{_CHECK_RUNS}{{target="{target.id}"') for s in sli.selectors()
    ):
        yield f'sli: expected {_CHECK_RUNS}{{target="{target.id}"…}}: the runs of the checks that feed this target'
    if target.kind == "capacity" and (sli.histogram or not sli.total or sli.good or sli.bad):
        yield "sli: expected total alone for a capacity"
    known = components().data_sources
    for source in target.requires:
        if source not in known:
            yield f"requires: expected one of {', '.join(known)}, got {source}"
    if not target.requires:
        yield "requires: expected at least one data source"


def _number_problems(target: Target) -> Iterator[str]:
    if target.kind == "capacity":
        if target.objective is not None:
            yield "objective: expected none for a capacity"
    elif target.objective is None or not 0 < target.objective < 1:
        yield f"objective: expected a share between 0 and 1, such as 0.999, got {target.objective}"
    if (target.kind in ("latency", "capacity")) != (target.threshold is not None and target.unit is not None):
        yield "expected threshold and unit for a latency or a capacity, and for nothing else"
    if target.threshold is not None and target.threshold <= 0:
        yield f"threshold: expected a number above 0, got {target.threshold:g}"


def _selector_problems(target: Target, histograms: dict[str, tuple[float, ...]]) -> Iterator[str]:
    for text in target.sli.selectors():
        try:
            selector = parse_selector(text)
        except ValueError as error:
            yield f"sli: {error}"
        else:
            if text == target.sli.histogram:
                yield from _edge_problems(target, selector, histograms)


def _edge_problems(target: Target, selector: Selector, histograms: dict[str, tuple[float, ...]]) -> Iterator[str]:
    edges = histograms.get(selector.metric)
    if edges is None:
        yield f"sli: expected a histogram whose edges stand under `histograms`, got {selector.metric}"
    elif target.threshold is not None and target.threshold not in edges:
        listed = ", ".join(f"{edge:g}" for edge in edges)
        yield f"threshold: expected a bucket edge of {selector.metric} ({listed}), got {target.threshold:g}"
    if any(label == "le" for label, _, _ in selector.matchers):
        yield "sli: expected no matcher on le: the threshold becomes one"


def _runbook_problems(target: Target, runbooks: Path | None) -> Iterator[str]:
    if runbooks is not None and not (runbooks / f"{target.runbook}.md").is_file():
        yield f"runbook: expected a page {target.runbook}.md in {runbooks}"
