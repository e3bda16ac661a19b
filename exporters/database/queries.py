"""Metrics as data: the query files, read into typed records and checked against each other."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, ClassVar, Literal

from exporters.core.decoder import Problems, RecordCheck
from exporters.core.errors import ConfigProblem, ProblemList
from exporters.core.field_checks import at_least, between, each_name, expect, matching, optional, some_entries
from exporters.core.problem_text import expected_one_of, shown
from exporters.core.settings import load
from exporters.core.strict_yaml import line_at, read_document

SHIPPED = Path(__file__).parent / "queries"
BUSINESS = "business.yaml"  # shipped as well, and only for targets whose settings ask for it: see business.py

_REQUIREMENT = r"(role:[a-z_]+|extension:[a-z_]+|function:[a-z_]+\([a-z, ]*\))"
_VERSION = re.compile(r"[0-9]+([.][0-9]+)*\Z")
LATEST = "99"
# What durations of statements are estimated from: executions, in seconds their sum, that of their squares and the
# longest, whether they count, and when the server started.
DURATION_COLUMNS = (
    "pg_stat_statements_calls_total",
    "pg_stat_statements_seconds_total",
    "pantrywatch_database_statement_seconds_squared_total",
    "pantrywatch_database_statement_longest_seconds",
    "pantrywatch_database_statement_shortest_seconds",
    "pantrywatch_database_statement_counts",
    "pantrywatch_database_statement_server_start_seconds",
)
# What pg_stat_monitor counts durations by: the number of a range, its calls and the seconds of all ranges of a bucket,
# five settings, and when the server started. A row without a range has the settings alone.
RANGE_COLUMNS = (
    "pantrywatch_database_monitor_range",
    "pantrywatch_database_monitor_calls",
    "pantrywatch_database_monitor_seconds",
    "pantrywatch_database_monitor_histogram_min",
    "pantrywatch_database_monitor_histogram_max",
    "pantrywatch_database_monitor_histogram_buckets",
    "pantrywatch_database_monitor_bucket_seconds",
    "pantrywatch_database_monitor_buckets",
    "pantrywatch_database_monitor_server_start_seconds",
)


def _expect_sentence(text: str) -> None:
    if not text.endswith("."):
        raise ValueError(f"expected a help text that is a sentence with a full stop, got {shown(text)}")


def _expect_version(text: str) -> None:
    expect(_VERSION.match(text), "a version of an extension like 1.10, with quotation marks", text)


@dataclass(frozen=True, slots=True)
class Metric:
    """One column: an SQL expression that returns a number; NULL gives no sample.

    `since` and `until` are the first and last major versions that have it, `extension_since` and `extension_until` the
    first and last versions of the required extension: pg_upgrade leaves the old one. `folded` defines what the rows
    beyond the limit report together: their sum, their maximum or no sample; counters are always summed. One that is not
    `exported` is only read, for what is computed from it.
    """

    name: Annotated[
        str,
        matching(r"(pg|crm|pantrywatch_database)_[a-z0-9_]+", "a metric name with pg_, crm_ or pantrywatch_database_"),
    ]
    type: Literal["counter", "gauge", "untyped"]
    help: Annotated[str, _expect_sentence]
    value: str
    since: int = 0
    until: int = 99
    extension_since: Annotated[str, _expect_version] = "0"
    extension_until: Annotated[str, _expect_version] = LATEST
    folded: Literal["sum", "max", "none"] = "sum"
    exported: bool = True

    def exists_in(self, major: int, extension: str) -> bool:
        """Return whether a server of this version, with this version of the extension, has the metric."""
        version = version_numbers(extension)
        begin, end = version_numbers(self.extension_since), version_numbers(self.extension_until)
        return self.since <= major <= self.until and begin <= version <= end

    def overlaps(self, other: Metric) -> bool:
        """Return whether some server can have both definitions."""
        begin, end = version_numbers(self.extension_since), version_numbers(self.extension_until)
        other_begin, other_end = version_numbers(other.extension_since), version_numbers(other.extension_until)
        by_extension = begin <= other_end and other_begin <= end
        return self.since <= other.until and other.since <= self.until and by_extension


@dataclass(frozen=True, slots=True)
class Histogram:
    """A distribution over the rows of each label set: `value` is an SQL expression, `edges` are in its unit."""

    name: Annotated[str, matching(r"crm_[a-z0-9_]+", "a metric name with crm_")]
    help: Annotated[str, _expect_sentence]
    value: str
    edges: Annotated[tuple[float, ...], some_entries("edge")]

    def metrics(self) -> tuple[Metric, ...]:
        """Return the columns it is read from: rows up to each edge, all rows, and their sum."""
        conditions = [f"({self.value}) <= {edge:g}" for edge in self.edges] + [f"({self.value}) IS NOT NULL"]
        counts = [f"count(*) FILTER (WHERE {condition})" for condition in conditions]
        values = [*counts, f"coalesce(sum({self.value}), 0)"]
        prefix = "pantrywatch_database_histogram"
        return tuple(
            Metric(f"{prefix}_{number}", "gauge", self.help, value, exported=False)
            for number, value in enumerate(values)
        )


_expect_label_names = each_name(matching(r"[a-z][a-z0-9_]*", "a label name in lower case"))


def _runs_in_every_database(every_database: bool, interval_seconds: float | None, labels: dict[str, str]) -> Problems:  # noqa: FBT001 - must have the field's name
    if every_database and (interval_seconds is None or "datname" not in labels):
        yield "every_database", "expected an interval and a label datname if a query runs in every database"


def _sampled_alone(sampled: bool, interval_seconds: float | None) -> Problems:  # noqa: FBT001 - must have the field's name
    if sampled and interval_seconds is not None:
        yield "sampled", "expected no interval where a query is sampled"


def _sampled_counts(sampled: bool, metrics: tuple[Metric, ...]) -> Problems:  # noqa: FBT001 - must have the field's name
    for index, metric in enumerate(metrics):
        if sampled and metric.type != "counter":
            yield f"metrics[{index}].type", f"expected counter in a sampled query, got {metric.type}"


def _ranked_limit(limit: int | None, fold: tuple[str, ...], rank: str | None, metrics: tuple[Metric, ...]) -> Problems:
    if limit is not None and (not fold or rank not in {metric.name for metric in metrics}):
        yield "limit", "expected a limit to come with `fold` and with `rank`, the name of one of the metrics"


def _has_durations(durations: bool, metrics: tuple[Metric, ...], labels: dict[str, str]) -> Problems:  # noqa: FBT001 - must have the field's name
    names = {metric.name for metric in metrics}
    if durations and (missing := [name for name in DURATION_COLUMNS if name not in names]):
        yield "durations", f"expected the metrics that durations are estimated from, missing {', '.join(missing)}"
    if durations and "datname" not in labels:
        yield "durations", "expected a label datname where durations are estimated"


def _has_ranges(ranges: bool, metrics: tuple[Metric, ...], labels: dict[str, str]) -> Problems:  # noqa: FBT001 - must have the field's name
    names = {metric.name for metric in metrics}
    if ranges and (missing := [name for name in RANGE_COLUMNS if name not in names]):
        yield "ranges", f"expected the metrics that calls are counted from, missing {', '.join(missing)}"
    if ranges and not {"datname", "bucket"} <= labels.keys():
        yield "ranges", "expected the labels datname and bucket where calls are counted by range"


def _folds_labels(fold: tuple[str, ...], labels: dict[str, str]) -> Problems:
    for index, name in enumerate(fold):
        if name not in labels:
            yield f"fold[{index}]", expected_one_of(labels, name)


def _closes_labels(closed: dict[str, dict[str, str]], labels: dict[str, str]) -> Problems:
    for name in closed:
        if name not in labels:
            yield f"closed.{name}", expected_one_of(labels, name)


def _groups_people(
    groups: str | None, people: str | None, closed: dict[str, dict[str, str]], metrics: tuple[Metric, ...]
) -> Problems:
    if groups is not None and (groups not in closed or people not in {metric.name for metric in metrics}):
        yield "groups", "expected a label in `closed`, and with it `people`, the name of one of the metrics"


def _one_definition_a_version(metrics: tuple[Metric, ...]) -> Problems:
    for index, metric in enumerate(metrics):
        if any(metric.name == earlier.name and metric.overlaps(earlier) for earlier in metrics[:index]):
            expected = f"expected one definition of {metric.name} in each version, got a second one"
            yield f"metrics[{index}].name", expected


@dataclass(frozen=True, slots=True)
class Query:
    """One collector: what comes after FROM, its labels and its metrics, and when and where it runs.

    `requires` names what the role or database must have: `role:NAME`, `extension:NAME` or `function:NAME(TYPES)`;
    `{schema}` in `source` is the schema of the required extension. Without `interval_seconds` it runs on the scrape,
    otherwise in the background. An `optional` one does not run where something it requires is missing, which is no
    error. A `sampled` query runs each second between scrapes, and its counters grow by its values
    times the seconds since the last sample. Rows beyond `limit`, ranked by the metric `rank`, are folded: their labels
    named in `fold` become `other`. With `durations` a histogram of how long statements took is estimated from all rows;
    with `ranges` it is counted from them, and they have no series of their own.

    A label in `closed` has no values but those listed (as the database has them → as the label has them) and `other`;
    listed values without a row count as 0. Values of the label `groups` for which the metric `people` has fewer than
    `least_people` share `other`. `time_zone` is that of the session: in it timestamps without a time zone are read.

    Functions, operators and tables without a schema are looked up in pg_catalog and then in the schemas of
    `search_path`. List only schemas in which nobody can create objects whom you would not trust with the role.
    """

    name: str
    source: str
    metrics: Annotated[tuple[Metric, ...], some_entries("metric")]
    labels: Annotated[dict[str, str], _expect_label_names] = field(default_factory=dict)
    requires: tuple[
        Annotated[str, matching(_REQUIREMENT, "role:NAME, extension:NAME or function:NAME(TYPES)")], ...
    ] = ()
    since: int = 0
    until: int = 99
    interval_seconds: Annotated[float | None, optional(between(1, 1200))] = None
    timeout_seconds: Annotated[float | None, optional(at_least(0.001))] = None
    every_database: bool = False
    optional: bool = False
    sampled: bool = False
    durations: bool = False
    ranges: bool = False
    limit: Annotated[int | None, optional(between(1, 1200))] = None
    rank: str | None = None
    fold: tuple[str, ...] = ()
    search_path: tuple[str, ...] = ()
    closed: dict[str, dict[str, str]] = field(default_factory=dict)
    groups: str | None = None
    people: str | None = None
    least_people: Annotated[int, at_least(1)] = 5
    histogram: Histogram | None = None
    time_zone: str = ""

    CHECKS: ClassVar[tuple[RecordCheck, ...]] = (
        _runs_in_every_database, _sampled_alone, _sampled_counts, _ranked_limit, _folds_labels, _has_durations,
        _has_ranges, _closes_labels, _groups_people, _one_definition_a_version,
    )  # fmt: skip

    def metrics_of(self, major: int, extension: str = LATEST) -> tuple[Metric, ...]:
        """Return the metrics that servers of this major version have; none if they lack the whole query.

        `extension` is the installed version of the extension that the query requires.
        """
        if not self.since <= major <= self.until:
            return ()
        return tuple(metric for metric in self._all_metrics() if metric.exists_in(major, extension))

    def columns(self) -> tuple[Metric, ...]:
        """Return one definition of each metric, whatever the version: the columns of every result, in this order."""
        first: dict[str, Metric] = {}
        for metric in self._all_metrics():
            first.setdefault(metric.name, metric)
        return tuple(first.values())

    def _all_metrics(self) -> tuple[Metric, ...]:
        return self.metrics + (self.histogram.metrics() if self.histogram else ())


@dataclass(frozen=True, slots=True)
class QueryFile:
    """One file: the queries about one subject."""

    queries: tuple[Query, ...]


def read_queries(further: Sequence[Path] = (), business: Sequence[Query] = ()) -> tuple[Query, ...]:
    """Return the shipped queries, those of additional files and the given numbers of the business.

    Raises ConfigError with the problems of all files.
    """
    from exporters.database.shipped_queries import QUERIES  # noqa: PLC0415 - it is made of the records in this module

    own = read_files(further, (*QUERIES, *business))
    return (*QUERIES, *own, *business)  # the last have their first results last


def read_files(files: Sequence[Path], known: Sequence[Query] = ()) -> list[Query]:
    """Return the queries of the files; the known ones have names that none of them may use.

    Raises ConfigError with the problems of all files.
    """
    problems = ProblemList()
    found = {query.name: query for query in known}
    owners = {metric.name: query.name for query in known for metric in query.metrics}
    for path in files:
        with problems.collecting():
            for index, query in enumerate(load(path, QueryFile, {}).queries):
                problems.problems += _clashes(query, path, index, found, owners)
                found[query.name] = query
                owners.update({metric.name: query.name for metric in query.metrics})
    problems.raise_if_any()
    return list(found.values())[len(known) :]


def _clashes(
    query: Query, file: Path, index: int, found: dict[str, Query], owners: dict[str, str]
) -> Iterator[ConfigProblem]:
    if query.name in found:
        yield _problem(file, f"queries[{index}].name", f"expected a name that no other query has, got {query.name}")
    for number, metric in enumerate(query.metrics):
        if owners.get(metric.name, query.name) != query.name:
            expected = f"expected each metric in one query, but {metric.name} is also in {owners[metric.name]}"
            yield _problem(file, f"queries[{index}].metrics[{number}].name", expected)


def _problem(file: Path, entry: str, expected: str) -> ConfigProblem:
    return ConfigProblem(str(file), entry, expected, line_at(read_document(file)[0], entry))


def version_numbers(text: str) -> tuple[int, ...]:
    """Return the numbers of a version such as 1.10, for comparing; empty if it is something else."""
    return tuple(int(part) for part in text.split(".")) if _VERSION.match(text) else ()
