"""The raw series that the targets' events of the last hours are counted from, as the demo's own exporters expose them.

A counter continues between minutes evenly, so that what Prometheus computes from it over whole minutes is what
`recorded` computes from the minutes. Each target has the labels of one typical series, not of all that a live demo has.
The counters of the database's server are left out: they survive a restart, and a live value above or below the made-up
one would count as events.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterator, Mapping
from itertools import accumulate
from pathlib import Path
from statistics import NormalDist
from typing import Any, NamedTuple

import yaml

from demo.history.blocks import Series, Steps, steps
from demo.history.promises import MINUTE, Past

SCRAPE_SECONDS = 15
# Scrapes are 3 s after a minute; what is recorded 7 s after it knows them.
_SCRAPES = (SCRAPE_SECONDS, 3)
_RECORDED_AT = 10
# Above zero, so that no increase is guessed to have begun at zero.
_BASE = 1000
_NORMAL = NormalDist()

_RUM = 'job="rum",instance="local",source="field",connection="4g",device="desktop"'
_LAB = 'job="browser",instance="local",source="lab",kind="browser"'
_CRM = 'job="application",instance="crm-api"'
_REQUEST = (
    f'{_CRM},action="Accounts opened",route_group="critical",http_request_method="GET",'
    'http_route="/api/v1/organizations/{id}"'
)
_OF_ALL = _REQUEST.replace('instance="crm-api"', 'instance="all"')
_RECORDED_REQUESTS = "job_route:http_server_request_duration_seconds_bucket:increase1m"
_CHECK = 'job="synthetic",instance="local",check="{check}",kind="{kind}",target="{target}"'
_CALL = f'{_CRM},service_peer_name="email",http_request_method="POST"'

# Target → histogram and labels.
_HISTOGRAMS = {
    "lcp": ("browser_lcp_seconds", f'{_RUM},navigation="hard",route="/organizations/:id"'),
    "fid": ("browser_fid_seconds", f'{_RUM},navigation="hard",route="/organizations/:id"'),
    "cls": ("browser_cls_score", f'{_RUM},navigation="hard",route="/organizations/:id"'),
    "fcp": ("browser_fcp_seconds", f'{_RUM},navigation="hard",route="/organizations/:id"'),
    "ttfb": ("browser_ttfb_seconds", f'{_RUM},navigation="hard",route="/organizations/:id"'),
    "tti": ("browser_tti_seconds", f'{_LAB},check="log-in-page",network="none"'),
    "page-load-3g": ("browser_page_load_seconds", f'{_LAB},check="log-in-page-3g",network="3g"'),
    "interactive-after-navigation": (
        "browser_route_change_seconds",
        f'{_RUM},navigation="soft",route="/organizations/:id"',
    ),
    "search-response": ("browser_search_seconds", f'{_RUM},navigation="soft",route="/organizations"'),
    "form-submission": ("browser_form_submission_seconds", f'{_RUM},navigation="soft",route="/organizations/:id"'),
    "db-query-latency": (
        "db_client_operation_duration_seconds",
        f'{_CRM},db_system_name="postgresql",db_operation_name="SELECT",db_collection_name="organizations"',
    ),
}
# Target → series of good events, of bad events, of all; None: not exposed.
_COUNTERS: Mapping[str, tuple[str | None, str | None, str | None]] = {
    "frontend-error-rate": (
        None,
        'browser_interaction_errors_total{job="rum",instance="local",source="field"}',
        'browser_interactions_total{job="rum",instance="local",source="field"}',
    ),
    "cache-hit-ratio": (
        'redis_keyspace_hits_total{job="cache",instance="main"}',
        'redis_keyspace_misses_total{job="cache",instance="main"}',
        None,
    ),
    "integration-error-rate": (
        f'http_client_request_duration_seconds_count{{{_CALL},http_response_status_code="202"}}',
        f'http_client_request_duration_seconds_count{{{_CALL},http_response_status_code="503",error_type="503"}}',
        None,
    ),
} | {
    target: (
        f'pantrywatch_check_runs_total{{{_CHECK.format(check=check, kind=kind, target=target)},result="success"}}',
        f'pantrywatch_check_runs_total{{{_CHECK.format(check=check, kind=kind, target=target)},result="failure"}}',
        None,
    )
    for target, check, kind in (
        ("frontend-availability", "frontend-page", "http"),
        ("api-availability", "api-health", "http"),
        ("db-availability", "database-select", "sql"),
        ("system-availability", "crm-journey", "journey"),
    )
}
# What Prometheus has scraped: job → instance.
_UP = {
    "alertmanager": "alertmanager", "application": "crm-api", "exporter": "exporters", "access_log": "local",
    "browser": "local", "host": "local", "rum": "local", "synthetic": "local", "cache": "main", "database": "primary",
    "database_log": "primary", "prometheus": "prometheus",
}  # fmt: skip


# A counter at a minute and a quarter of it.
_Value = Callable[[int, int], float]


class _Counter(NamedTuple):
    name: str
    labels: str
    value: _Value


class _Split(NamedTuple):
    good: array[int]
    bad: array[int]


class Raw:
    """The raw series of a past from `since` on (unix seconds); edges and thresholds are those of targets.yaml."""

    def __init__(self, past: Past, since: int, targets_file: Path) -> None:
        self._past, self._since = past, since
        document: Any = yaml.load(targets_file.read_text(encoding="utf-8"), yaml.CSafeLoader)
        self._edges: dict[str, list[float]] = document["histograms"]
        self._thresholds = {
            entry["id"]: float(entry["threshold"]) for entry in document["targets"] if "threshold" in entry
        }

    def series(self, start: int, end: int) -> Iterator[Series]:
        """Yield what was scraped from `start` on, before `end` (unix seconds), those of one name together."""
        times = steps(max(start, self._since), min(end, self._past.end), *_SCRAPES)
        if not times.lines:
            return
        moments = list(self._moments(times))
        for counter in sorted(self._counters(), key=lambda counter: counter.name):
            yield Series(counter.name, counter.labels, times, [counter.value(*moment) for moment in moments])
        for job, instance in sorted(_UP.items()):
            yield Series("up", f'job="{job}",instance="{instance}"', times, [1] * len(moments))
        yield from self._recorded_requests(start, end)

    def _recorded_requests(self, start: int, end: int) -> Iterator[Series]:
        """What the rules record of requests each minute: its buckets, whatever the status."""
        times = steps(max(start, self._since + 2 * MINUTE), min(end, self._past.end), MINUTE, _RECORDED_AT)
        minutes = [(second - self._past.start) // MINUTE for second in times.seconds()]
        buckets: dict[str, list[_Value]] = {}
        for counter in self._requests():
            if counter.name.endswith("_bucket"):
                buckets.setdefault(counter.labels.rpartition(",")[2], []).append(counter.value)
        for edge, values in buckets.items():
            counts = [sum(value(minute, 0) - value(minute - 1, 0) for value in values) for minute in minutes]
            yield Series(_RECORDED_REQUESTS, f"{_OF_ALL},{edge}", times, counts)

    def _moments(self, times: Steps) -> Iterator[tuple[int, int]]:
        """The last whole minute at each time, and how many quarters have passed since."""
        for second in times.seconds():
            since = second - self._past.start
            yield since // MINUTE, since % MINUTE // SCRAPE_SECONDS

    def _counters(self) -> Iterator[_Counter]:
        for target, (name, labels) in _HISTOGRAMS.items():
            bad = self._past.counts[target].bad
            good = _without(self._past.counts[target].total, bad)
            yield from self._histogram(name, labels, self._thresholds[target], _Split(good, bad))
        for target, names in _COUNTERS.items():
            counts = self._past.counts[target]
            parts = (_without(counts.total, counts.bad), counts.bad, counts.total)
            for series, part in zip(names, parts, strict=True):
                if series is not None:
                    name, _, labels = series.removesuffix("}").partition("{")
                    yield _Counter(name, labels, _evenly(part))
        yield from self._requests()

    def _requests(self) -> Iterator[_Counter]:
        """Requests that failed were fast, so that slow ones and failed ones are counted apart."""
        total, failed = self._past.counts["api-error-rate"].total, self._past.counts["api-error-rate"].bad
        slow = self._past.counts["api-latency"].bad
        name, threshold = "http_server_request_duration_seconds", self._thresholds["api-latency"]
        for status, good, bad in (("200", _without(total, failed, slow), slow), ("500", failed, array("q", [0]))):
            labels = f'{_REQUEST},http_response_status_code="{status}"'
            yield from self._histogram(name, labels, threshold, _Split(good, bad))

    def _histogram(self, name: str, labels: str, threshold: float, events: _Split) -> Iterator[_Counter]:
        """The bucket of the threshold has the good events, the last one all; the others a fixed share of each."""
        good, bad = _evenly(events.good), _evenly(events.bad)

        def everything(minute: int, quarter: int) -> float:
            return good(minute, quarter) + bad(minute, quarter)

        for edge in map(float, self._edges[name]):
            yield _Counter(f"{name}_bucket", f'{labels},le="{edge}"', _bucket(good, bad, edge / threshold))
        yield _Counter(f"{name}_bucket", f'{labels},le="+Inf"', everything)
        yield _Counter(f"{name}_count", labels, everything)


def _bucket(good: _Value, bad: _Value, edge: float) -> _Value:
    """Events until `edge` times the threshold: good ones are normal around 0.4 of it."""
    low = 1.0 if edge >= 1 else _NORMAL.cdf((edge - 0.4) / 0.24)
    high = max(0.0, 1 - 1 / edge) ** 0.5
    return lambda minute, quarter: int(good(minute, quarter) * low) + int(bad(minute, quarter) * high)


def _evenly(counts: array[int]) -> _Value:
    """A count at a quarter of a minute."""
    last = len(counts) - 1

    def value(minute: int, quarter: int) -> float:
        now, then = counts[min(minute, last)], counts[min(minute + 1, last)]
        return now + (then - now) * quarter // 4 + _BASE

    return value


def _without(total: array[int], *others: array[int]) -> array[int]:
    """A count without others, which never falls."""
    differences = (count - sum(parts) for count, *parts in zip(total, *others, strict=True))
    return array("q", accumulate(differences, max))
