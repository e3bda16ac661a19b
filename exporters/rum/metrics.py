"""What beacons add up to: histograms and counters with a bounded number of series."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping

from exporters.core.cardinality import OTHER
from exporters.core.checks.counters import Histogram
from exporters.core.exposition import AnyFamily, Family, HistogramFamily
from exporters.rum.labels import BROWSERS

SOURCE = "field"
LABELS = ("source", "navigation", "route", "device", "connection")

# In seconds, and for the layout shift a score. The edges are those of targets.yaml, `histograms`.
HISTOGRAMS: Mapping[str, tuple[tuple[float, ...], str]] = {
    "browser_lcp_seconds": (
        (0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 6.0, 10.0),
        "Largest contentful paint of page loads, as reported by users' browsers.",
    ),
    "browser_fid_seconds": (
        (0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.5, 1.0),
        "Delay of the first input of page loads, as reported by users' browsers.",
    ),
    "browser_cls_score": (
        (0.01, 0.025, 0.05, 0.1, 0.15, 0.25, 0.5, 1.0),
        "Cumulative layout shift of page loads, as reported by users' browsers.",
    ),
    "browser_fcp_seconds": (
        (0.4, 0.8, 1.2, 1.8, 2.4, 3.0, 5.0, 8.0),
        "First contentful paint of page loads, as reported by users' browsers.",
    ),
    "browser_ttfb_seconds": (
        (0.05, 0.1, 0.2, 0.4, 0.8, 1.2, 1.8, 3.0),
        "Time to first byte of page loads, as reported by users' browsers.",
    ),
    # Not one of the documented targets: the successor of the first input delay, which the document names.
    "browser_inp_seconds": (
        (0.05, 0.1, 0.15, 0.2, 0.3, 0.5, 1.0, 2.0),
        "Interaction to next paint, as reported by users' browsers: succeeds FID, and is not a documented target.",
    ),
    "browser_page_load_seconds": (
        (0.5, 1.0, 2.0, 3.0, 4.0, 6.0, 10.0, 20.0),
        "End of the load event of page loads, as reported by users' browsers.",
    ),
    "browser_route_change_seconds": (
        (0.1, 0.25, 0.5, 1.0, 2.0, 3.0, 5.0),
        "Time from a change of route within the page until it can be used, as reported by users' browsers.",
    ),
    "browser_search_seconds": (
        (0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0),
        "Time from a search to its results on the screen, as reported by users' browsers.",
    ),
    "browser_form_submission_seconds": (
        (0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0),
        "Time from the submission of a form to its feedback, as reported by users' browsers.",
    ),
}

# Why a beacon, or a connection (slow, connections, http), was dropped, and the status of its answer.
REASONS: Mapping[str, int] = {
    "http": 400, "path": 404, "origin": 403, "size": 413, "encoding": 415, "syntax": 400, "schema": 400,
    "client_rate": 429, "total_rate": 429, "duplicate": 204, "slow": 408, "connections": 503,
}  # fmt: skip
VALUE_REASONS = ("navigation", "range")
VISITORS = ("user", "bot", "own")

# name → own label, its values, help. All start at 0: `increase` does not see the first event of a new series.
_COUNTERS: Mapping[str, tuple[str, tuple[str, ...], str]] = {
    "browser_interactions_total": ("source", (SOURCE,), "Interactions of users, as reported by their browsers."),
    "browser_interaction_errors_total": (
        "source",
        (SOURCE,),
        "Script errors and unhandled rejections, in each beacon no more than its interactions.",
    ),
    "browser_script_errors_total": ("kind", ("error", "rejection"), "Script errors in users' browsers, by kind."),
    "browser_failed_requests_total": ("source", (SOURCE,), "Failed API calls, as reported by users' browsers."),
    "browser_beacons_total": ("browser", BROWSERS, "Beacons of users, by family of their browser."),
    "pantrywatch_rum_requests_total": ("method", ("POST", "OPTIONS", OTHER), "Requests to the receiver of beacons."),
    "pantrywatch_rum_accepted_total": (
        "visitor",
        VISITORS,
        "Beacons accepted, by visitor; only those of users feed browser_*.",
    ),
    "pantrywatch_rum_clients_unknown_total": (
        "source",
        (SOURCE,),
        "Requests of a trusted proxy that named no client in X-Forwarded-For: limited in all only, not for a network.",
    ),
    "pantrywatch_rum_dropped_total": ("reason", tuple(REASONS), "Requests and connections dropped, by reason."),
    "pantrywatch_rum_values_dropped_total": (
        "reason",
        VALUE_REASONS,
        "Measurements left out of an accepted beacon: not of this kind of navigation, or negative.",
    ),
    "pantrywatch_rum_label_sets_folded_total": (
        "metric",
        tuple(HISTOGRAMS),
        "Measurements counted as `other` because the histogram has its most label sets.",
    ),
}


class Metrics:
    """Counts in the receiver's thread, read by scrapes in others."""

    def __init__(self, most_label_sets: int) -> None:
        """Give each histogram at most so many label sets, and one of `other`."""
        self._most = most_label_sets
        self._lock = threading.Lock()
        self._counts = {name: dict.fromkeys(values, 0) for name, (_, values, _) in _COUNTERS.items()}
        self._histograms: dict[str, dict[tuple[str, ...], Histogram]] = {name: {} for name in HISTOGRAMS}
        self._by_labels: dict[tuple[str, ...], dict[str, Histogram]] = {}  # the same, for those that have their own

    def increment(self, name: str, value: str, by: int = 1) -> None:
        """Add to a counter, under one of its closed set of label values."""
        with self._lock:
            self._counts[name][value] += by

    def observe(self, labels: tuple[str, ...], values: Iterable[tuple[str, float]]) -> None:
        """Count values in histograms; `labels` are those of LABELS after `source`."""
        with self._lock:
            own = self._by_labels.get(labels, {})
            for name, value in values:
                (own.get(name) or self._child(name, labels)).observe(value)

    def _child(self, name: str, labels: tuple[str, ...]) -> Histogram:
        """Return the histogram of its own that these labels get now, or the one that those beyond the limit share."""
        children = self._histograms[name]
        if len(children) >= self._most:
            # The navigation is kept: the two populations are not mixed, here neither.
            labels = (labels[0], *(OTHER for _ in labels[1:]))
            self._counts["pantrywatch_rum_label_sets_folded_total"][name] += 1
            return children.setdefault(labels, Histogram(HISTOGRAMS[name][0]))
        child = self._by_labels.setdefault(labels, {})[name] = children[labels] = Histogram(HISTOGRAMS[name][0])
        return child

    def families(self) -> list[AnyFamily]:
        """Return all counters, and the histograms that have counted something."""
        with self._lock:
            counters: list[AnyFamily] = [self._counter(name) for name in _COUNTERS]
            return counters + [self._histogram(name) for name, children in self._histograms.items() if children]

    def _counter(self, name: str) -> Family:
        label, _, text = _COUNTERS[name]
        return Family(name, "counter", text, (label,), [((value,), n) for value, n in self._counts[name].items()])

    def _histogram(self, name: str) -> HistogramFamily:
        samples = [child.sample((SOURCE, *labels)) for labels, child in self._histograms[name].items()]
        return HistogramFamily(name, HISTOGRAMS[name][1], LABELS, samples)
