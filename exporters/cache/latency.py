"""Command latency as a histogram, and the spikes of the latency monitor, with redis_exporter's names."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from exporters.cache import replies
from exporters.cache.info import Lines, number, pairs
from exporters.core.cardinality import LabelLimit
from exporters.core.exposition import Family, HistogramFamily, HistogramSample
from exporters.core.redis_client import Reply

# Every second power of two of the server's own bucket edges, so that the cumulative counts are exact; the server omits
# edges that add nothing, which would make series come and go. It counts everything beyond 1 s as 1 s.
HISTOGRAM_EDGES_USEC = (8, 33, 132, 528, 2113, 8454, 33816, 135266, 541065)


def histogram(reply: Reply, by_command: Lines, label: LabelLimit, own: Collection[str]) -> HistogramFamily:
    """Return the latency of each command since the server's start, from LATENCY HISTOGRAM (7.0 and later).

    `reply` alternates names and [b"calls", n, b"histogram_usec", [edge, cumulative count, ...]]; the sums come from
    Commandstats. `own` are the exporter's own commands, which are left out. Raises ServerError and CollectError.
    """
    family = HistogramFamily(
        "redis_commands_latencies_usec",
        "Time a command ran, microseconds, from LATENCY HISTOGRAM; without those that only exporters send.",
        ("cmd",),
    )
    spent = {field: number(pairs(value).get("usec")) or 0 for field, value in by_command}
    totals: dict[str, tuple[list[int], int, float]] = {}
    for raw, details in replies.twos(reply):
        name = replies.text(raw)
        if name in own:
            continue
        _, calls, _, buckets_of, *_ = replies.items(details, 4)
        command = label.admit(name)
        buckets, count, total = totals.get(command, ([0] * len(HISTOGRAM_EDGES_USEC), 0, 0))
        added = [a + b for a, b in zip(buckets, _at_edges(replies.twos(buckets_of)), strict=True)]
        totals[command] = (added, count + replies.count(calls), total + spent.get(f"cmdstat_{name}", 0))
    for command, (buckets, count, total) in totals.items():
        edges = list(zip(HISTOGRAM_EDGES_USEC, buckets, strict=True))
        family.samples.append(HistogramSample((command,), edges, count, total))
    return family


def _at_edges(buckets: Sequence[tuple[Reply, Reply]]) -> list[int]:
    """Return the cumulative count at each of our edges, from the server's edges and cumulative counts."""
    counts, position, count = [], 0, 0
    for edge in HISTOGRAM_EDGES_USEC:
        while position < len(buckets) and replies.count(buckets[position][0]) <= edge:
            count = replies.count(buckets[position][1])
            position += 1
        counts.append(count)
    return counts


def spikes(reply: Reply, label: LabelLimit) -> list[Family]:
    """Return the last spike of each event of the latency monitor, from LATENCY LATEST; none while it is off."""
    labels = ("event_name",)
    latest: dict[tuple[str], tuple[int, int]] = {}
    for entry in replies.items(reply):
        event, timestamp, milliseconds, *_ = replies.items(entry, 3)
        name = replies.text(event)
        if label.admit(name) == name:
            spike = (replies.count(timestamp), replies.count(milliseconds))
            latest[(name,)] = max(latest.get((name,), spike), spike)
    last = Family("redis_latency_spike_last", "gauge", "When the event's last spike occurred, Unix time.", labels)
    duration = Family("redis_latency_spike_duration_seconds", "gauge", "Duration of the event's last spike.", labels)
    for event_labels, (timestamp, milliseconds) in latest.items():
        last.add(timestamp, *event_labels)
        duration.add(milliseconds / 1000, *event_labels)
    return [last, duration]
