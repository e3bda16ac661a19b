"""Finds the conventions that a page follows (conventions.yaml), by its metrics and their labels."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

from pantrywatch.application.relabelled import Sample
from pantrywatch.config.conventions import Convention, Requests, conventions


def found_conventions(samples: Iterable[Sample]) -> tuple[Convention, ...]:
    """Return the conventions of a page, at most one for each histogram of requests, in the order of conventions.yaml.

    Several: it names things twice, and the first is the one to count.
    """
    labels = _labels(samples)
    best: dict[str, tuple[tuple[int, ...], Convention]] = {}
    for convention in conventions():
        for requests in convention.requests:
            for histogram in requests.histograms:
                if histogram in labels:
                    rank = _rank(requests, labels[histogram], labels)
                    if rank[0] and (histogram not in best or rank > best[histogram][0]):
                        best[histogram] = (rank, convention)
    found = {convention.name for _, convention in best.values()}
    return tuple(convention for convention in conventions() if convention.name in found)


def _labels(samples: Iterable[Sample]) -> Mapping[str, set[str]]:
    """Return histogram or counter → the labels of its samples."""
    found: dict[str, set[str]] = defaultdict(set)
    for sample in samples:
        for suffix in ("_bucket", "_count"):
            if sample.name.endswith(suffix):
                found[sample.name.removesuffix(suffix)] |= sample.labels.keys()
        if sample.name.endswith("_total"):
            found[sample.name] |= sample.labels.keys()
    return found


def _rank(requests: Requests, labels: set[str], page: Mapping[str, set[str]]) -> tuple[int, ...]:
    """Return how well the labels of a histogram are those of a convention; the first number is 0 where not at all."""
    has_route = not requests.route or bool(labels & set(requests.route))
    if requests.counter:
        beside = page.get(requests.counter, set())
        has_status = bool(beside & set(requests.status)) and not labels & set(requests.status)
    else:
        has_status = bool(labels & set(requests.status))
    first = bool(requests.route) and requests.route[0] in labels
    return (int(has_route or has_status), int(has_route) + 2 * int(has_status), int(first))
