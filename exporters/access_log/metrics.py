"""A saved state as metric families."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate

from exporters.access_log.counts import SIZE_EDGES, Requests
from exporters.access_log.requests import EDGES, REASONS
from exporters.access_log.state import FileState, State
from exporters.core.exposition import AnyFamily, Family, HistogramFamily, HistogramSample

REQUESTS = "http_server_request_duration_seconds"
UNTIMED = "pantrywatch_access_log_untimed_requests_total"
_LABELS = ("http_route", "http_request_method", "http_response_status_code")
_EXCHANGE = _LABELS[:2]
_ROTATIONS = ("renamed", "truncated", "lost")


def of_requests(requests: Requests) -> Iterator[AnyFamily]:
    """Yield the histograms of requests."""
    durations = HistogramFamily(REQUESTS, "Time to answer a request.", _LABELS)
    untimed = Family(UNTIMED, "counter", "Requests whose line does not say how long they took.", _LABELS)
    for one in requests.timed:
        labels = (one.route, one.method, one.status)
        if any(one.counts):
            durations.samples.append(_sample(labels, EDGES, one.counts, one.seconds))
        if one.untimed:
            untimed.add(one.untimed, *labels)
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


# name → field of a file's state, help
_COUNTERS = {
    "pantrywatch_access_log_lines_total": ("lines", "Lines read from the access log."),
    "pantrywatch_access_log_bytes_total": ("bytes", "Bytes read from the access log."),
    "pantrywatch_access_log_skipped_lines_total": (
        "skipped",
        "Lines passed over unread: the backlog was above access_log.most_backlog_bytes.",
    ),
    "pantrywatch_access_log_upstream_retries_total": (
        "retries",
        "Attempts at a server behind after the first one of a request.",
    ),
}


def of_files(state: State, names: Iterable[str]) -> Iterator[Family]:
    """Yield the counters about each log."""
    files = {name: state.files.get(name, FileState()) for name in names}
    for name, (field, text) in _COUNTERS.items():
        samples: list[tuple[tuple[str, ...], float]] = [((file,), getattr(one, field)) for file, one in files.items()]
        yield Family(name, "counter", text, ("file",), samples)
    yield Family(
        "pantrywatch_access_log_lines_not_parsed_total", "counter",
        "Lines that are not requests in the format of their file, by reason.", ("file", "reason"),
        [((name, reason), file.failed.get(reason, 0)) for name, file in files.items() for reason in REASONS],
    )  # fmt: skip
    yield Family(
        "pantrywatch_access_log_rotations_total", "counter",
        "Rotations seen: renamed, truncated (copytruncate), or lost: the file that was being read is gone.",
        ("file", "kind"),
        [((name, kind), file.rotations.get(kind, 0)) for name, file in files.items() for kind in _ROTATIONS],
    )  # fmt: skip
