"""A saved state as metric families."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import accumulate

from exporters.access_log.counts import SIZE_EDGES, SWITCHING_PROTOCOLS, Requests
from exporters.access_log.requests import EDGES, REASONS
from exporters.access_log.state import State
from exporters.core.cardinality import DROPPED, DROPPED_LABELS, DROPPED_TEXT
from exporters.core.exposition import AnyFamily, Family, HistogramFamily, HistogramSample
from exporters.core.followed_logs.metrics import Words
from exporters.core.followed_logs.state import FileState

REQUESTS = "http_server_request_duration_seconds"
UNTIMED = "pantrywatch_access_log_untimed_requests_total"
_LABELS = ("http_route", "http_request_method", "http_response_status_code")
_EXCHANGE = _LABELS[:2]


def of_requests(requests: Requests) -> Iterator[AnyFamily]:
    """Yield the histograms of requests."""
    durations = HistogramFamily(REQUESTS, "Time to answer a request.", _LABELS)
    text = "Requests whose line does not say how long they took, and WebSockets (101)."
    untimed = Family(UNTIMED, "counter", text, _LABELS)
    for one in requests.timed:
        labels = (one.route, one.method, one.status)
        timed = any(one.counts) and one.status != SWITCHING_PROTOCOLS
        if timed:
            durations.samples.append(_sample(labels, EDGES, one.counts, one.seconds))
        if without := one.untimed + (0 if timed else sum(one.counts)):
            untimed.add(without, *labels)
    sizes = HistogramFamily(
        "http_server_response_body_size_bytes",
        "Bytes sent in response to a request, as the access log says.",
        _EXCHANGE,
    )
    upstream = HistogramFamily(
        "pantrywatch_access_log_upstream_duration_seconds",
        "Time of the servers behind a proxy for a request, all attempts together; without those it answered itself.",
        _EXCHANGE,
    )
    for two in requests.exchanges:
        for family, edges, counts, total in (
            (sizes, SIZE_EDGES, two.sizes, float(two.size_bytes)),
            (upstream, EDGES, two.upstream, two.upstream_seconds),
        ):
            if any(counts):
                family.samples.append(_sample((two.route, two.method), edges, counts, total))
    yield from (family for family in (durations, untimed, sizes, upstream) if family.samples)


def _sample(labels: tuple[str, ...], edges: Sequence[float], counts: Iterable[int], total: float) -> HistogramSample:
    *buckets, count = accumulate(counts)
    return HistogramSample(labels, tuple(zip(edges, buckets, strict=True)), count, total)


def of_dropped(dropped: Mapping[str, int]) -> Family:
    """Return how many label values have no series of their own, by label."""
    family = Family(DROPPED, "counter", DROPPED_TEXT, DROPPED_LABELS)
    for label, number in dropped.items():
        family.add(number, "access_log", label)
    return family


WORDS = Words("pantrywatch_access_log", "access log", "access_log", "requests", REASONS, ("file",))


def of_retries(state: State, names: Iterable[str]) -> Family:
    """Return the attempts at servers behind a proxy, by log."""
    return Family(
        "pantrywatch_access_log_upstream_retries_total", "counter",
        "Attempts at a server behind after the first one of a request.", ("file",),
        [((name,), state.files.get(name, FileState()).retries) for name in names],
    )  # fmt: skip
