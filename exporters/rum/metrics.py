"""What beacons add up to: histograms and counters with a bounded number of series."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from itertools import product

from exporters.core.cardinality import OTHER
from exporters.core.checks.histogram import Histogram
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

# Of the actions that the settings name, beside the documented ones.
ACTION_HISTOGRAM = "browser_action_seconds"
_ACTION_EDGES = (0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0)

# Why a beacon, or a connection (slow, connections, http), was dropped, and the status of its answer.
REASONS: Mapping[str, int] = {
    "http": 400, "path": 404, "origin": 403, "size": 413, "encoding": 415, "syntax": 400, "schema": 400,
    "client_rate": 429, "total_rate": 429, "duplicate": 204, "slow": 408, "connections": 503,
}  # fmt: skip
VALUE_REASONS = ("navigation", "range")
VISITORS = ("user", "bot", "own")

# kind → its field of a beacon. Those of scripts count against the target; an observer's is no fault of a script.
SCRIPT_ERRORS = {
    "error": "errors", "rejection": "rejections", "opaque": "opaque_errors", "worker": "worker_errors",
}  # fmt: skip
PAGE_ERRORS = {"observer": "observer_errors", "resource": "failed_resources"}
PARTIES = ("first", "third", "unknown")
RESOURCE_KINDS = ("document", "script", "style", "image", "font", "request", OTHER)

# name → own labels, the values of each, help. All start at 0: `increase` does not see the first event of a new series.
_COUNTERS: Mapping[str, tuple[tuple[str, ...], tuple[tuple[str, ...], ...], str]] = {
    "browser_interactions_total": (("source",), ((SOURCE,),), "Interactions of users, as reported by their browsers."),
    "browser_interaction_errors_total": (
        ("source",),
        ((SOURCE,),),
        "Script errors and unhandled rejections, in each beacon no more than its interactions.",
    ),
    "browser_script_errors_total": (
        ("kind",),
        (tuple(SCRIPT_ERRORS),),
        "Errors of scripts in users' browsers: error, rejection, opaque (a script of another origin), worker.",
    ),
    "browser_page_errors_total": (
        ("kind",),
        (tuple(PAGE_ERRORS),),
        "Errors in users' browsers that no script has made: observer (a resize loop), resource (a missing file).",
    ),
    "browser_failed_requests_total": (
        ("source",),
        ((SOURCE,),),
        "Failed API calls, as reported by users' browsers.",
    ),
    "browser_blocking_seconds_total": (
        ("source", "party"),
        ((SOURCE,), PARTIES),
        "Time in which pages could not answer, of frames and tasks what exceeds 50 ms; by whose script it was.",
    ),
    "browser_weighed_page_loads_total": (
        ("source",),
        ((SOURCE,),),
        "Page loads that reported the files they needed.",
    ),
    "browser_resources_total": (
        ("kind", "from"),
        (RESOURCE_KINDS, ("network", "cache", "unknown")),
        "Files of page loads; unknown: another origin does not say (Timing-Allow-Origin).",
    ),
    "browser_resource_bytes_total": (
        ("kind", "from"),
        (RESOURCE_KINDS, ("network", "cache")),
        "Bytes of the files of page loads, compressed as sent.",
    ),
    "browser_beacons_total": (("browser",), (BROWSERS,), "Beacons of users, by family of their browser."),
    "browser_beacons_estimated_total": (
        ("source",),
        ((SOURCE,),),
        "Beacons of users, were every page load measured; the agent samples only where a page asks it to.",
    ),
    "pantrywatch_rum_requests_total": (
        ("method",),
        (("POST", "OPTIONS", OTHER),),
        "Requests to the receiver of beacons.",
    ),
    "pantrywatch_rum_accepted_total": (
        ("visitor",),
        (VISITORS,),
        "Beacons accepted, by visitor; only those of users feed browser_*.",
    ),
    "pantrywatch_rum_clients_unknown_total": (
        ("source",),
        ((SOURCE,),),
        "Requests of a trusted proxy that named no client in X-Forwarded-For: limited in all only, not for a network.",
    ),
    "pantrywatch_rum_dropped_total": (
        ("reason",),
        (tuple(REASONS),),
        "Requests and connections dropped, by reason.",
    ),
    "pantrywatch_rum_values_dropped_total": (
        ("reason",),
        (VALUE_REASONS,),
        "Measurements left out of an accepted beacon: not of this kind of navigation, or negative.",
    ),
    "pantrywatch_rum_label_sets_folded_total": (
        ("metric",),
        (tuple(HISTOGRAMS),),
        "Measurements counted as `other` because the histogram has its most label sets.",
    ),
}


class Metrics:
    """Counts in the receiver's thread, read by scrapes in others.

    Counters have no lock: one thread writes, and their label sets never change. Histograms have one, so that the sum
    and the buckets of a page are of the same moment.
    """

    def __init__(self, most_label_sets: int) -> None:
        """Give each histogram at most so many label sets, and one of `other`."""
        self._most = most_label_sets
        self._lock = threading.Lock()
        self._counts: dict[str, dict[tuple[str, ...], float]] = {
            name: dict.fromkeys(product(*values), 0) for name, (_, values, _) in _COUNTERS.items()
        }
        self._histograms: dict[str, dict[tuple[str, ...], Histogram]] = {name: {} for name in HISTOGRAMS}
        self._by_labels: dict[tuple[str, ...], dict[str, Histogram]] = {}  # the same, for those that have their own
        self._actions: dict[str, Histogram] = {}

    def counter(self, name: str) -> dict[tuple[str, ...], float]:
        """Return the counts of a counter by label values, to be added to; only the receiver's thread may."""
        return self._counts[name]

    def increment(self, name: str, *values: str, by: float = 1) -> None:
        """Add to a counter, under label values of its closed sets."""
        self._counts[name][values] += by

    def observe(self, labels: tuple[str, ...], values: Iterable[tuple[str, float]]) -> None:
        """Count values in histograms; `labels` are those of LABELS after `source`."""
        with self._lock:
            own = self._by_labels.get(labels, {})
            for name, value in values:
                (own.get(name) or self._child(name, labels)).observe(value)

    def observe_action(self, name: str, seconds: float) -> None:
        """Count an action of a closed set of names."""
        with self._lock:
            self._actions.setdefault(name, Histogram(_ACTION_EDGES)).observe(seconds)

    def _child(self, name: str, labels: tuple[str, ...]) -> Histogram:
        """Return the histogram of its own that these labels get now, or the one that those beyond the limit share."""
        children = self._histograms[name]
        if len(children) >= self._most:
            # The navigation is kept: the two populations are not mixed, here neither.
            labels = (labels[0], *(OTHER for _ in labels[1:]))
            self._counts["pantrywatch_rum_label_sets_folded_total"][name,] += 1
            return children.setdefault(labels, Histogram(HISTOGRAMS[name][0]))
        child = self._by_labels.setdefault(labels, {})[name] = children[labels] = Histogram(HISTOGRAMS[name][0])
        return child

    def families(self) -> list[AnyFamily]:
        """Return all counters, and the histograms that have counted something."""
        with self._lock:
            families: list[AnyFamily] = [self._counter(name) for name in _COUNTERS]
            families += [self._histogram(name) for name, children in self._histograms.items() if children]
            return [*families, self._of_actions()] if self._actions else families

    def _counter(self, name: str) -> Family:
        labels, _, text = _COUNTERS[name]
        return Family(name, "counter", text, labels, list(self._counts[name].items()))

    def _histogram(self, name: str) -> HistogramFamily:
        samples = [child.sample((SOURCE, *labels)) for labels, child in self._histograms[name].items()]
        return HistogramFamily(name, HISTOGRAMS[name][1], LABELS, samples)

    def _of_actions(self) -> HistogramFamily:
        samples = [child.sample((SOURCE, name)) for name, child in self._actions.items()]
        text = (
            "Time of the named actions of the settings until their result is painted, as reported by users' browsers."
        )
        return HistogramFamily(ACTION_HISTOGRAM, text, ("source", "action"), samples)
