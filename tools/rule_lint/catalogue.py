"""The series a rule may refer to: every name with its type and labels, and the source of that knowledge."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from exporters.cache.fields import FIELDS
from exporters.database.business import default_queries
from exporters.database.queries import Query, read_queries
from pantrywatch.config.conventions import REQUESTS
from pantrywatch.config.selectors import parse_selector
from pantrywatch.config.targets import read_targets
from pantrywatch.generate.relabelling import ACTION, GROUP
from tools.rule_lint.pages import SCRAPE_LABELS, Family
from tools.rule_lint.shapes import Row, Shape

ROOT = Path(__file__).parents[2]
FOLDER = Path(__file__).parent / "series"
RECORDED = FOLDER / "recorded.json"
_GIVEN_WHEN_SCRAPED = (GROUP, ACTION)
_OF_A_SCRAPE = ("up", "scrape_duration_seconds", "scrape_samples_scraped", "scrape_samples_post_metric_relabeling")


@dataclass(frozen=True, slots=True)
class Series:
    """One series name: `type` is counter, gauge or untyped; `shape` has a row for each job that exports it.

    `until` is the last PostgreSQL version with it, `since` the first.
    """

    type: str
    shape: Shape
    since: int = 0
    until: int = 99
    is_declared: bool = False
    edges: frozenset[float] = frozenset()


Catalogue = dict[str, Series]


def read_catalogue() -> Catalogue:
    """Return everything: recorded from a live stack, declared by exporters, or kept by hand with a reason."""
    catalogue = {name: Series("gauge", _of_scrapes()) for name in _OF_A_SCRAPE}
    for family in (*read_recorded(), *_by_hand()):
        _add(catalogue, family)
    seen = set(catalogue)
    for family in (*_declared_by_cache(), *_of_targets()):
        if not seen & {name for name, _, _ in family.series()}:
            _add(catalogue, family)
    _add_database(catalogue)
    return catalogue


def read_recorded() -> Iterator[Family]:
    """Yield the families of the recorded pages."""
    for name, entry in json.loads(RECORDED.read_text()).items():
        for job, labels in entry["jobs"].items():
            given = _GIVEN_WHEN_SCRAPED if name == REQUESTS else ()
            labelled = (tuple(labels["labels"]), (*labels.get("optional", ()), *given))
            yield Family(name, entry["type"], entry["help"], job, *labelled, tuple(map(float, labels.get("edges", ()))))


@cache
def jobs() -> tuple[str, ...]:
    """Return the names of the scrape jobs."""
    configuration = yaml.safe_load((ROOT / "provisioning/prometheus/prometheus.yml").read_text())
    return tuple(job["job_name"] for job in configuration["scrape_configs"])


def _of_scrapes() -> Shape:
    return frozenset(Row.of(SCRAPE_LABELS, fixed={"job": job}) for job in jobs())


def _add(catalogue: Catalogue, family: Family, since: int = 0, until: int = 99) -> None:
    """Add the names of a family; a name exported by several jobs has a row for each."""
    for name, kind, more in family.series():
        fixed = {"job": family.job} if family.job else {}
        row = Row.of((*SCRAPE_LABELS, *more, *family.labels), family.optional, fixed)
        if name.endswith("_info"):
            row = row.told_apart_by(SCRAPE_LABELS)
        before = catalogue[name].shape if name in catalogue else frozenset()
        edges = frozenset(family.edges) if name.endswith("_bucket") else frozenset()
        catalogue[name] = Series(kind, before | {row}, since, until, since > 0 or until < 99, edges)


def _add_database(catalogue: Catalogue) -> None:
    """Add the metrics of the query files, with their versions; a healthy demo shows only one version."""
    for query in (*read_queries(), *default_queries()):
        if query.histogram and f"{query.histogram.name}_bucket" not in catalogue:
            histogram, labels = query.histogram, tuple(query.labels)
            _add(
                catalogue, Family(histogram.name, "histogram", histogram.help, "database", labels, (), histogram.edges)
            )
        for metric in (metric for metric in query.metrics if metric.exported):
            since, until = max(query.since, metric.since), min(query.until, metric.until)
            known = catalogue.get(metric.name)
            if known is None:
                labels = _labels_of(query, metric.name)
                _add(catalogue, Family(metric.name, metric.type, metric.help, "database", labels), since, until)
            else:
                catalogue[metric.name] = _widened(known, since, until)


def _widened(known: Series, since: int, until: int) -> Series:
    """A metric may be declared once for old servers and once for new ones."""
    if not known.is_declared:
        return replace(known, since=since, until=until, is_declared=True)
    return replace(known, since=min(known.since, since), until=max(known.until, until))


def _labels_of(query: Query, metric: str) -> tuple[str, ...]:
    return (*query.labels, "server") if metric.startswith("pg_") else tuple(query.labels)


def _declared_by_cache() -> Iterator[Family]:
    return (Family(f"redis_{name}", kind, text, "cache", ()) for _, name, kind, text in FIELDS)


def _by_hand() -> Iterator[Family]:
    document: dict[str, Any] = yaml.safe_load((FOLDER / "by_hand.yaml").read_text())
    for job, reasons in document.items():
        for entries in reasons.values():
            for name, entry in entries.items():
                optional = tuple(entry.get("optional", ()))
                # An application may have any job.
                where = job if job in jobs() and job != "application" else ""
                yield Family(name, entry["type"], "", where, tuple(entry.get("labels", ())), optional)


def _of_targets() -> Iterable[Family]:
    """Metrics that targets.yaml counts and nobody exports yet, with the labels it selects by."""
    targets = read_targets(ROOT / "targets.yaml")
    found: dict[str, tuple[str, set[str]]] = {}
    for target in targets.targets:
        for text in target.sli.selectors():
            selector = parse_selector(text)
            kind = "histogram" if text == target.sli.histogram else _kind(selector.metric)
            labels = found.setdefault(selector.metric, (kind, set()))[1]
            labels.update(label for label, _, _ in selector.matchers)
    return [
        Family(name, kind, "", "", (), tuple(sorted(labels)), targets.histograms.get(name, ()))
        for name, (kind, labels) in found.items()
    ]


def _kind(metric: str) -> str:
    return "counter" if metric.endswith(("_total", "_count", "_sum")) else "gauge"
