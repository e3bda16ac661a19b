"""targets.yaml: the documented targets, as typed records, with every problem found in the file."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, ClassVar, Literal, cast

from exporters.core.decoder import Decoder, Problems, RecordCheck
from exporters.core.errors import ConfigProblem, ProblemList
from exporters.core.field_checks import matching, optional, some_entries, unique
from exporters.core.problem_text import expected_one_of, shown, suggestion
from exporters.core.strict_yaml import line_at, read_document
from pantrywatch.config.components import components
from pantrywatch.config.durations import seconds
from pantrywatch.config.selectors import parse_selector

PERIOD_DAYS = 30

_CHECK_RUNS = "pantrywatch_check_runs_total"


def _expect_selector(text: str) -> None:
    parse_selector(text)


Selectors = tuple[Annotated[str, _expect_selector], ...]


@dataclass(frozen=True, slots=True)
class Sli:
    """Which events count: a `histogram`, or `total` with either `good` or `bad`; each a selector in PromQL.

    `bad_in_log` counts in place of `bad` for each PostgreSQL server whose log is followed.
    """

    histogram: Annotated[str | None, optional(_expect_selector)] = None
    total: Selectors = ()
    good: Selectors = ()
    bad: Selectors = ()
    bad_in_log: Selectors = ()

    def selectors(self) -> tuple[str, ...]:
        """Return every selector."""
        return (*((self.histogram,) if self.histogram else ()), *self.total, *self.good, *self.bad, *self.bad_in_log)


def _expect_data_source(source: str) -> None:
    known = components().data_sources
    if source not in known:
        raise ValueError(expected_one_of(known, source))


@dataclass(frozen=True, slots=True)
class Substitute:
    """What counts a target where its data sources are missing."""

    histogram: Annotated[str, _expect_selector]
    requires: Annotated[tuple[Annotated[str, _expect_data_source], ...], some_entries("data source")]
    limits: str


def _indicator_of_its_kind(kind: str, sli: Sli) -> Problems:
    """Yield an indicator that is not what a target of this kind has."""
    has_total_and_one = bool(sli.total) and bool(sli.good) != bool(sli.bad) and not sli.histogram
    if sli.bad_in_log and not sli.bad:
        yield "sli.bad_in_log", "expected bad as well: it counts where no log is followed"
    if kind == "latency" and (sli.histogram is None or sli.total or sli.good or sli.bad):
        yield "sli", "expected a histogram and nothing else for a latency"
    if kind in ("ratio", "probe") and not has_total_and_one:
        yield "sli", "expected total and either good or bad"
    if kind == "capacity" and (sli.histogram or not sli.total or sli.good or sli.bad):
        yield "sli", "expected total alone for a capacity"


def _fed_by_its_checks(id: str, kind: str, sli: Sli) -> Problems:  # noqa: A002 - named as the field
    prefix = f'{_CHECK_RUNS}{{target="{id}"'
    if kind == "probe" and not all(selector.startswith(prefix) for selector in sli.selectors()):
        yield "sli", f"expected {prefix}…}}: the runs of the checks that feed this target"


def _objective_of_its_kind(kind: str, objective: float | None) -> Problems:
    if kind == "capacity" and objective is not None:
        yield "objective", f"expected none for a capacity, got {objective:g}"
    if kind != "capacity" and (objective is None or not 0 < objective < 1):
        yield "objective", f"expected a share between 0 and 1, such as 0.999, got {shown(objective)}"


def _runbook_of_its_kind(kind: str, runbook: str) -> Problems:
    # Inhibition and the alert of last resort know burn-rate alerts by this end.
    if kind != "capacity" and not re.fullmatch(r"Crm[A-Z][A-Za-z0-9]*Burn", runbook):
        yield "runbook", f"expected an alert's name like CrmApiLatencyBurn, got {shown(runbook)}"


def _threshold_of_its_kind(kind: str, threshold: float | None, unit: str | None) -> Problems:
    if (kind in ("latency", "capacity")) != (threshold is not None and unit is not None):
        yield "", "expected threshold and unit for a latency or a capacity, and for nothing else"
    if threshold is not None and threshold <= 0:
        yield "threshold", f"expected a number above 0, got {threshold:g}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One documented target; `objective` is the least share of good events (none for a capacity)."""

    id: Annotated[str, matching("[a-z0-9]+(-[a-z0-9]+)*", "an id of small letters, digits and single -")]
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
    requires: Annotated[tuple[Annotated[str, _expect_data_source], ...], some_entries("data source")]
    team: str
    impact: str
    limits: str
    runbook: str
    dashboard: str
    page: Literal["literal"] | None = None
    on_server: Substitute | None = None
    estimate: Substitute | None = None

    CHECKS: ClassVar[tuple[RecordCheck, ...]] = (
        _indicator_of_its_kind, _fed_by_its_checks, _objective_of_its_kind, _threshold_of_its_kind,
        _runbook_of_its_kind,
    )  # fmt: skip

    @property
    def allowed_share(self) -> float:
        """The share of events that may be bad, without floating-point noise."""
        return round(1 - (self.objective or 0), 10)

    @property
    def substitutes(self) -> tuple[tuple[str, Substitute], ...]:
        """What counts where its own data sources are missing, by field, in the order in which one is taken."""
        given = (("on_server", self.on_server), ("estimate", self.estimate))
        return tuple((name, substitute) for name, substitute in given if substitute)

    @property
    def is_check_fed(self) -> bool:
        """Whether only synthetic checks that name this target can feed it."""
        return self.kind == "probe"


def _expect_duration(text: str) -> None:
    seconds(text)


def _budget_share_of_the_factor(budget_share: float, factor: float, long: str) -> Problems:
    used = factor * seconds(long) / (PERIOD_DAYS * 86400)
    if abs(used - budget_share) > 1e-6:
        yield "budget_share", f"expected factor * long / {PERIOD_DAYS} d = {used:g}, got {budget_share:g}"


@dataclass(frozen=True, slots=True)
class Tier:
    """A burn-rate tier: fires while both windows burn `factor` times faster than the budget allows."""

    severity: Literal["critical", "high", "medium", "low"]
    long: Annotated[str, _expect_duration]
    short: Annotated[str, _expect_duration]
    factor: float
    budget_share: float
    wait: Annotated[str, _expect_duration]

    CHECKS: ClassVar[tuple[RecordCheck, ...]] = (_budget_share_of_the_factor,)

    def can_fire(self, target: Target) -> bool:
        """Return whether the share of bad events that fires it is below 1."""
        return self.factor * target.allowed_share < 1


@dataclass(frozen=True, slots=True)
class LiteralReading:
    """How far beyond a promise the last minutes must be: times what is allowed, and standard deviations beyond that."""

    margin: float
    sigmas: float


def _expect_rising(edges: tuple[float, ...]) -> None:
    if not edges or list(edges) != sorted(set(edges)):
        raise ValueError("expected edges in rising order")


def _unique_ids(targets: tuple[Target, ...]) -> Problems:
    yield from unique([getattr(target, "id", None) for target in targets], ".id")


def _thresholds_are_edges(targets: tuple[Target, ...], histograms: dict[str, tuple[float, ...]]) -> Problems:
    """Yield each latency whose histogram is not listed, or has no bucket edge at its threshold."""
    for number, field, target in (
        (n, f, target) for n, target in enumerate(targets) for f in ("sli", "on_server", "estimate")
    ):
        text = getattr(getattr(target, field, None), "histogram", None)
        if text is None:
            continue
        selector, edges = parse_selector(text), histograms.get(parse_selector(text).metric)
        threshold = getattr(target, "threshold", None)
        if edges is None:
            expected = f"expected a histogram whose edges are under `histograms`, got {selector.metric}"
            yield f"targets[{number}].{field}.histogram", expected + suggestion(selector.metric, histograms)
        elif threshold is not None and threshold not in edges:
            listed = ", ".join(f"{edge:g}" for edge in edges)
            yield (
                f"targets[{number}].threshold",
                f"expected a bucket edge of {selector.metric} ({listed}), got {threshold:g}",
            )
        if any(label == "le" for label, _, _ in selector.matchers):
            yield f"targets[{number}].{field}.histogram", "expected no matcher on le: the threshold becomes one"


@dataclass(frozen=True, slots=True)
class Targets:
    """The whole file."""

    tiers: tuple[Tier, ...]
    minimum_bad_events: float
    minimum_sigmas: float
    literal: LiteralReading
    histograms: dict[str, Annotated[tuple[float, ...], _expect_rising]]
    targets: Annotated[tuple[Target, ...], _unique_ids]

    CHECKS: ClassVar[tuple[RecordCheck, ...]] = (_thresholds_are_edges,)

    def by_id(self, target_id: str) -> Target:
        """Return the target with that id."""
        return next(target for target in self.targets if target.id == target_id)


def read_targets(path: Path, runbooks: Path | None = None) -> Targets:
    """Return the targets in the file; with `runbooks`, each must have its page in that folder.

    Raises ConfigError with every problem of the file.
    """
    document, problems = read_document(path)
    decoder = Decoder(str(path), document, "", {})
    targets = decoder.read(Targets, 1)
    problems += decoder.problems
    if runbooks is not None and isinstance(targets, Targets):
        for entry, expected in _runbook_problems(getattr(targets, "targets", ()), runbooks):
            problems.append(ConfigProblem(str(path), entry, expected, line_at(document, entry)))
    ProblemList(problems).raise_if_any()
    return cast("Targets", targets)


def _runbook_problems(targets: tuple[Target, ...], runbooks: Path) -> Problems:
    for number, target in enumerate(targets):
        page = getattr(target, "runbook", None)
        if page is not None and not (runbooks / f"{page}.md").is_file():
            yield f"targets[{number}].runbook", f"expected a page {page}.md in {runbooks}, got none"
