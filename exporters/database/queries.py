"""Metrics as data: the query files, read into typed records and checked against each other."""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from exporters.core.errors import ConfigError, ConfigProblem
from exporters.core.settings import decode
from exporters.core.strict_yaml import read_yaml

SHIPPED = Path(__file__).parent / "queries"

_METRIC_NAME = re.compile(r"(pg|crm|pantrywatch_database)_[a-z0-9_]+\Z")
_LABEL_NAME = re.compile(r"[a-z][a-z0-9_]*\Z")
_REQUIREMENT = re.compile(r"(role:[a-z_]+|extension:[a-z_]+|function:[a-z_]+\([a-z, ]*\))\Z")
_VERSION = re.compile(r"[0-9]+([.][0-9]+)*\Z")
_ANY_MAJOR = range(1, 100)
LATEST = "99"


@dataclass(frozen=True, slots=True)
class Metric:
    """One column: an SQL expression that gives a number; NULL gives no sample.

    `since` and `until` are the first and last major versions that have it, `extension_since` and `extension_until` the
    first and last versions of the extension that the query requires: pg_upgrade leaves the old one. `folded` says what
    the rows beyond the limit give together: their sum, their maximum or no sample; counters always add up.
    """

    name: str
    type: Literal["counter", "gauge", "untyped"]
    help: str
    value: str
    since: int = 0
    until: int = 99
    extension_since: str = "0"
    extension_until: str = LATEST
    folded: Literal["sum", "max", "none"] = "sum"

    def __post_init__(self) -> None:
        """Check the values. Raises ValueError."""
        if not _METRIC_NAME.match(self.name):
            raise ValueError(f"expected a metric name that starts with pg_, crm_ or pantrywatch_database_: {self.name}")
        if not self.help.endswith("."):
            raise ValueError(f"expected a help text that is a sentence, with a full stop: {self.name}")
        if not _VERSION.match(self.extension_since) or not _VERSION.match(self.extension_until):
            raise ValueError(f"expected versions of an extension like 1.10, with quotation marks: {self.name}")

    def exists_in(self, major: int, extension: str) -> bool:
        """Return whether a server of this version, with this version of the extension, has the metric."""
        version = version_numbers(extension)
        begin, end = version_numbers(self.extension_since), version_numbers(self.extension_until)
        return self.since <= major <= self.until and begin <= version <= end


@dataclass(frozen=True, slots=True)
class Query:
    """One collector: what stands after FROM, its labels and its metrics, and when and where it runs.

    `requires` names what the role or database must have: `role:NAME`, `extension:NAME` or `function:NAME(TYPES)`;
    `{schema}` in `source` is the schema of the required extension. Without `interval_seconds` it runs on the scrape,
    else in the background. Rows beyond `limit`, ranked by the metric `rank`, are folded: their labels named in `fold`
    become `other`.

    Functions, operators and tables named without a schema are looked up in pg_catalog and then in the schemas of
    `search_path`. Name there only schemas in which nobody creates objects whom you would not trust with the role.
    """

    name: str
    source: str
    metrics: tuple[Metric, ...]
    labels: dict[str, str] = field(default_factory=dict)
    requires: tuple[str, ...] = ()
    since: int = 0
    until: int = 99
    interval_seconds: float | None = None
    timeout_seconds: float | None = None
    every_database: bool = False
    limit: int | None = None
    rank: str | None = None
    fold: tuple[str, ...] = ()
    search_path: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Check the values against each other. Raises ValueError."""
        if problem := next(self._problems(), None):
            raise ValueError(f"expected {problem}")

    def metrics_of(self, major: int, extension: str = LATEST) -> tuple[Metric, ...]:
        """Return the metrics that servers of this major version have, none where they lack the whole query.

        `extension` is the installed version of the extension that the query requires.
        """
        if not self.since <= major <= self.until:
            return ()
        return tuple(metric for metric in self.metrics if metric.exists_in(major, extension))

    def columns(self) -> tuple[Metric, ...]:
        """Return one definition of each metric, whatever the version: the columns of every answer, in this order."""
        first: dict[str, Metric] = {}
        for metric in self.metrics:
            first.setdefault(metric.name, metric)
        return tuple(first.values())

    def _problems(self) -> Iterator[str]:
        if not self.metrics:
            yield "at least one metric"
        if wrong := [name for name in self.labels if not _LABEL_NAME.match(name)]:
            yield f"label names in lower case: {', '.join(wrong)}"
        if wrong := [text for text in self.requires if not _REQUIREMENT.match(text)]:
            yield f"requirements like role:NAME, extension:NAME or function:NAME(TYPES): {', '.join(wrong)}"
        if self.every_database and (self.interval_seconds is None or "datname" not in self.labels):
            yield "an interval and a label datname where a query runs in every database"
        if self.limit is not None and (not self.fold or self.rank not in {metric.name for metric in self.metrics}):
            yield "a limit to come with `fold` and with `rank`, the name of one of the metrics"
        if wrong := [name for name in self.fold if name not in self.labels]:
            yield f"labels to fold to be labels: {', '.join(wrong)}"
        if (self.timeout_seconds or 1) <= 0 or (self.interval_seconds or 1) < 1 or (self.limit or 1) < 1:
            yield "positive numbers, and an interval of at least one second"
        bounds = {LATEST}.union(*({metric.extension_since, metric.extension_until} for metric in self.metrics))
        for major, extension in itertools.product(_ANY_MAJOR, bounds):
            names = Counter(metric.name for metric in self.metrics_of(major, extension))
            if twice := [name for name, times in names.items() if times > 1]:
                yield f"one definition of {twice[0]} in version {major}"


@dataclass(frozen=True, slots=True)
class QueryFile:
    """One file: the queries about one subject."""

    queries: tuple[Query, ...]


def read_queries(further: Sequence[Path] = ()) -> tuple[Query, ...]:
    """Return the shipped queries and those of further files. Raises ConfigError with the faults of all files."""
    faults: list[ConfigProblem] = []
    found: dict[str, Query] = {}
    owners: dict[str, str] = {}
    for path in (*sorted(SHIPPED.glob("*.yaml")), *further):
        try:
            queries = decode(read_yaml(path), QueryFile, str(path), environment={}).queries
        except ConfigError as error:
            faults += error.problems
            continue
        for query in queries:
            faults += _clashes(query, str(path), found, owners)
            found[query.name] = query
            owners.update({metric.name: query.name for metric in query.metrics})
    if faults:
        raise ConfigError(faults)
    return tuple(found.values())


def _clashes(query: Query, file: str, found: dict[str, Query], owners: dict[str, str]) -> Iterator[ConfigProblem]:
    if query.name in found:
        yield ConfigProblem(file, query.name, "expected a name that no other query has")
    for metric in query.metrics:
        if owners.get(metric.name, query.name) != query.name:
            yield ConfigProblem(
                file, query.name, f"expected one query a metric: {metric.name} is in {owners[metric.name]} too"
            )


def version_numbers(text: str) -> tuple[int, ...]:
    """Return the numbers of a version such as 1.10, for comparing; none where it holds something else."""
    return tuple(int(part) for part in text.split(".")) if _VERSION.match(text) else ()
