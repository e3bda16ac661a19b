"""Sums over the TCP connects of a check: what it connects to, how long that took, and how many packets were lost."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterable
from typing import get_args

from exporters.core.checks.connects import Connect, Outcome
from exporters.core.checks.histogram import Histogram
from exporters.core.checks.metrics import LABELS
from exporters.core.exposition import AnyFamily, Family, HistogramFamily

# In seconds: from the same rack to another continent; a lost packet is sent again after 1, 3 and 7.
EDGES = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
_LABELS = (*LABELS, "dependency")


class ConnectCounters:
    """The connects of one check, all starting at 0."""

    def __init__(self, labels: tuple[str, ...], dependency: str) -> None:
        """Count under the labels of one check and what it connects to."""
        self._labels = (*labels, dependency)
        self._lock = threading.Lock()
        self._attempts: dict[Outcome, int] = dict.fromkeys(get_args(Outcome), 0)
        self._labels_attempts = tuple((*self._labels, outcome) for outcome in self._attempts)
        self._seconds = Histogram(EDGES)
        self._lossy = 0
        self._retransmits: int | None = 0 if hasattr(socket, "TCP_INFO") else None
        self._round_trip: float | None = None

    def count(self, connects: Iterable[Connect]) -> None:
        """Count the connects of one run."""
        with self._lock:
            for connect in connects:
                self._attempts[connect.outcome] += 1
                self._lossy += connect.outcome == "timeout" or bool(connect.info and connect.info.retransmits)
                if connect.outcome == "connected":
                    self._seconds.observe(connect.seconds)
                if connect.info:
                    self._retransmits = (self._retransmits or 0) + connect.info.retransmits
                    self._round_trip = connect.info.round_trip_seconds or self._round_trip

    def add_to(
        self, attempts: Family, lossy: Family, seconds: HistogramFamily, retransmits: Family, round_trip: Family
    ) -> None:
        """Add the counts, all from the same moment, to the families; what the kernel did not say has no sample."""
        with self._lock:
            attempts.samples += zip(self._labels_attempts, self._attempts.values(), strict=True)
            lossy.add(self._lossy, *self._labels)
            seconds.samples.append(self._seconds.sample(self._labels))
            if self._retransmits is not None:
                retransmits.add(self._retransmits, *self._labels)
            if self._round_trip is not None:
                round_trip.add(self._round_trip, *self._labels)


def families(checks: Iterable[ConnectCounters]) -> list[AnyFamily]:
    """Return the connects of all checks."""
    attempts = Family(
        "pantrywatch_check_connects_total",
        "counter",
        "Attempts of the check to connect to one address over TCP, by outcome; timeout: no answer at all.",
        (*_LABELS, "outcome"),
    )
    lossy = Family(
        "pantrywatch_check_connects_lossy_total",
        "counter",
        "Those of the attempts that lost a packet: the kernel sent it again (TCP_INFO), or there was no answer at all.",
        _LABELS,
    )
    seconds = HistogramFamily(
        "pantrywatch_check_connect_seconds",
        "Time of the TCP connects that succeeded, without name resolution; a lost packet is sent again after a second.",
        _LABELS,
    )
    retransmits = Family(
        "pantrywatch_check_connect_retransmits_total",
        "counter",
        "Packets that the kernel sent again while the check connected (TCP_INFO), because they were not answered.",
        _LABELS,
    )
    round_trip = Family(
        "pantrywatch_check_round_trip_seconds",
        "gauge",
        "Round trip to what the check connected to last, as the kernel measured it (TCP_INFO).",
        _LABELS,
    )
    for counters in checks:
        counters.add_to(attempts, lossy, seconds, retransmits, round_trip)
    return [attempts, lossy, seconds, retransmits, round_trip]
