"""What Prometheus does to an application's samples when it scrapes them (metric_relabel_configs).

First the library's names become OpenTelemetry's (conventions.yaml), then what a route means becomes the labels
`route_group` (critical, api, page) and `action`. Rules and boards read these names and labels and nothing else. A
library's own labels stay next to the new ones: no two series become one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from pantrywatch.config.application import Action, Application
from pantrywatch.config.conventions import (
    COLLECTION,
    CONNECTION_STATE,
    CONNECTIONS,
    CONNECTIONS_MAX,
    CONNECTIONS_WAITED_FOR,
    METHOD,
    MILLISECONDS,
    OPERATION,
    POOL_NAME,
    REQUESTS,
    ROUTE,
    STATEMENTS,
    STATUS,
    SYSTEM,
    Convention,
    Pool,
    Requests,
    Statements,
    named,
)
from pantrywatch.config.settings import Settings

Relabelling = dict[str, Any]
GROUP, ACTION, RAW_PATH = "route_group", "action", "url_path"
LOGGED = "pantrywatch_access_log_request_duration_seconds"  # of access logs that feed no target
_UNTIMED = "pantrywatch_access_log_untimed_requests_total"
_EXPORTED_ACTION = "exported_action"
_SERIES = "_(?:bucket|count|sum)"
_HELD = "__tmp_le"
_DEEPEST_IDS = 3
_ID = "[0-9]+|[0-9a-fA-F]{8}-[0-9a-fA-F-]{27}|[0-9a-fA-F]{16,64}|#val"
_OF_OPERATOR = {"source_labels": "sourceLabels", "target_label": "targetLabel"}
# Milliseconds as the library writes them → seconds as rules write them.
_EDGES = (
    ("([0-9]+)000(?:[.]0)?", "$1"),
    ("([0-9]+)([1-9])00(?:[.]0)?", "$1.$2"),
    ("([0-9]+)([0-9][1-9])0(?:[.]0)?", "$1.$2"),
    ("([0-9]+)([0-9]{2}[1-9])(?:[.]0)?", "$1.$2"),
    ("([1-9])00(?:[.]0)?", "0.$1"),
    ("([1-9][1-9])0(?:[.]0)?", "0.$1"),
    ("([1-9][0-9][1-9])(?:[.]0)?", "0.$1"),
    ("([1-9])0(?:[.]0)?", "0.0$1"),
    ("([1-9][1-9])(?:[.]0)?", "0.0$1"),
    ("([1-9])(?:[.]0)?", "0.00$1"),
    ("([0-9])[.]([0-9]*[1-9])", "0.00$1$2"),
    ("([0-9]{2})[.]([0-9]*[1-9])", "0.0$1$2"),
    ("([0-9]{3})[.]([0-9]*[1-9])", "0.$1$2"),
    ("([0-9]+)([0-9]{3})[.]([0-9]*[1-9])", "$1.$2$3"),
)


def of_job(job: str, settings: Settings) -> list[Relabelling]:
    """Return the metric_relabel_configs of a scrape job; requests count from one of two jobs where there are both."""
    application, logs = settings.application, settings.access_log
    if job == "application" and application is not None:
        return relabellings(application) + (counted_elsewhere() if settings.counts_from_logs() else [])
    if job == "access_log" and logs is not None:
        feeds, timed = settings.counts_from_logs(), logs.is_timed()
        return log_relabellings(application or Application(), feeds=feeds, timed=timed)
    return []


def of_operator(rules: Sequence[Relabelling]) -> list[Relabelling]:
    """Return relabelling rules with the field names of the Prometheus operator."""
    return [{_OF_OPERATOR.get(name, name): value for name, value in rule.items()} for rule in rules]


def relabellings(application: Application) -> list[Relabelling]:
    """Return the metric_relabel_configs of the application's scrape, in their order."""
    known = named(application.conventions())
    return [
        *_of_others(application, known),
        *mappings(known),
        *_folded(fold=application.fold_ids),
        *_meaning(application),
    ]


def log_relabellings(application: Application, *, feeds: bool, timed: bool) -> list[Relabelling]:
    """Return the metric_relabel_configs of the access logs' scrape.

    Where they do not feed the targets, their requests have a name of their own: no request counts twice. Where no log
    says how long requests take, those without a time are the count.
    """
    if not feeds:
        return [_replace(("__name__",), f"{REQUESTS}({_SERIES})", "__name__", f"{LOGGED}$1")]
    untimed = [] if timed else [_replace(("__name__",), _UNTIMED, "__name__", f"{REQUESTS}_count")]
    return [*untimed, *_meaning(application)]


def counted_elsewhere() -> list[Relabelling]:
    """Return what leaves the application's own requests out, where they are counted from access logs."""
    return [{"source_labels": ["__name__"], "regex": f"{REQUESTS}{_SERIES}", "action": "drop"}]


def _of_others(application: Application, known: Sequence[Convention]) -> Iterator[Relabelling]:
    """Yield what drops the requests of a second library on a page whose endpoint names the first: they count once.

    `instance` tells the endpoints apart, where they name different conventions.
    """
    names = {endpoint.convention for endpoint in application.endpoints} - {None}
    for own in (one for one in known if one.name in names):
        mine = {name for requests in own.requests for name in requests.histograms}
        others = {name for one in known for requests in one.requests for name in requests.histograms} | {REQUESTS}
        if not (foreign := sorted(others - mine)):
            continue
        series = f"(?:{'|'.join(foreign)}){_SERIES}"
        if len(known) == 1:
            yield {"source_labels": ["__name__"], "regex": series, "action": "drop"}
        else:
            instances = "|".join(re.escape(one.name) for one in application.endpoints if one.convention == own.name)
            regex = f"(?:{instances});{series}"
            yield {"source_labels": ["instance", "__name__"], "regex": regex, "action": "drop"}


def mappings(known: Sequence[Convention]) -> Iterator[Relabelling]:
    """Yield what gives the metrics of these libraries OpenTelemetry's names; nothing for OpenTelemetry's own."""
    requests = [one for convention in known for one in convention.requests]
    others = [name for one in requests for name in one.histograms if name != REQUESTS]
    if others:
        yield from _counters(requests)
        yield from _labels(requests)
        yield {"source_labels": [METHOD], "target_label": METHOD, "action": "uppercase"}
        yield from _renamed_requests(requests)
    for statements in (one for convention in known for one in convention.statements):
        yield from _statements(statements)
    yield from _pools([one for convention in known for one in convention.pool])


def in_milliseconds(application: Application) -> bool:
    """Return whether a histogram may be in milliseconds: its sum cannot be converted when it is scraped."""
    return any(one.unit == "ms" for convention in named(application.conventions()) for one in convention.requests)


def _labels(requests: Sequence[Requests]) -> Iterator[Relabelling]:
    """Yield what gives each request metric OpenTelemetry's labels: the first of the library's that is not empty."""
    for target, field in ((METHOD, "method"), (ROUTE, "route"), (STATUS, "status")):
        sources = dict.fromkeys(label for one in requests for label in getattr(one, field) if label != target)
        for source in sources:
            names = _names(one for one in requests if source in getattr(one, field))
            yield _replace(("__name__", target, source), f"(?:{'|'.join(names)});;(.+)", target, "$1")


def _names(requests: Iterable[Requests]) -> list[str]:
    """Return regular expressions for the series of these metrics."""
    found: dict[str, None] = {}
    for one in requests:
        found.update({name + _SERIES: None for name in one.histograms if name != REQUESTS})
        found.update({f"{REQUESTS}_count": None} if one.counter else {})
    return list(found)


def _counters(requests: Sequence[Requests]) -> Iterator[Relabelling]:
    """Yield what makes a counter with a status the number of requests, in place of a histogram's without one."""
    for one in requests:
        if one.counter:
            route = one.route[0]
            for histogram in one.histograms:
                empty = _statuses(histogram, requests)
                regex = f"{histogram}_count;.+" + ";" * len(empty)
                yield {"source_labels": ["__name__", route, *empty], "regex": regex, "action": "drop"}
            sources = ("__name__", route, one.status[0])
            # A histogram of other libraries too may have a status of its own: such a counter counts the same again.
            is_shared = any(set(one.histograms) & set(other.histograms) for other in requests if other != one)
            statuses = one.statuses if is_shared else ".+"
            yield _replace(sources, f"{one.counter};.+;{statuses}", "__name__", f"{REQUESTS}_count")


def _statuses(histogram: str, requests: Sequence[Requests]) -> list[str]:
    """Return every label that may be the status of a histogram."""
    return list(dict.fromkeys(label for one in requests if histogram in one.histograms for label in one.status))


def _renamed_requests(requests: Sequence[Requests]) -> Iterator[Relabelling]:
    seconds = [name for one in requests if one.unit == "s" for name in one.histograms if name != REQUESTS]
    if seconds := list(dict.fromkeys(seconds)):
        yield _replace(("__name__",), f"(?:{'|'.join(seconds)})({_SERIES})", "__name__", f"{REQUESTS}$1")
    milliseconds = list(dict.fromkeys(name for one in requests if one.unit == "ms" for name in one.histograms))
    if not milliseconds:
        return
    names = f"(?:{'|'.join(milliseconds)})"
    for edge, converted in _EDGES:
        yield _replace(("__name__", "le"), f"{names}_bucket;{edge}", _HELD, converted)
    yield _replace((_HELD,), "(.+)", "le", "$1")
    yield {"regex": _HELD, "action": "labeldrop"}
    yield _replace(("__name__",), f"{names}_sum", "__name__", f"{MILLISECONDS}_sum")
    yield _replace(("__name__",), f"{names}(_bucket|_count)", "__name__", f"{REQUESTS}$1")


def _statements(one: Statements) -> Iterator[Relabelling]:
    series = f"{one.histogram}{_SERIES}"
    for source, target in ((one.operation, OPERATION), (one.collection, COLLECTION), (one.system, SYSTEM)):
        if source:
            yield _replace(("__name__", source), f"{series};(.+)", target, "$1")
    if not one.system:
        yield _replace(("__name__",), series, SYSTEM, "postgresql")
    yield _replace(("__name__",), f"{one.histogram}({_SERIES})", "__name__", f"{STATEMENTS}$1")


def _pools(pools: Sequence[Pool]) -> Iterator[Relabelling]:
    """Yield one rule for each label and each name, however many libraries there are."""
    for state in ("used", "idle"):
        yield from _of_gauges([getattr(one, state) for one in pools], CONNECTION_STATE, state)
    for target, label, gauges in (
        (CONNECTION_STATE, "state", lambda one: [one.by_state]),
        (POOL_NAME, "name", Pool.gauges),
    ):
        for source in dict.fromkeys(getattr(one, label) for one in pools if getattr(one, label)):
            names = [name for one in pools if getattr(one, label) == source for name in gauges(one)]
            yield from _of_gauges(names, target, "$1", source)
    yield from _of_gauges(
        [name for one in pools for name in (one.by_state, one.used, one.idle)], "__name__", CONNECTIONS
    )
    yield from _of_gauges([one.max for one in pools], "__name__", CONNECTIONS_MAX)
    yield from _of_gauges([one.waiting for one in pools], "__name__", CONNECTIONS_WAITED_FOR)


def _of_gauges(names: Iterable[str | None], target: str, value: str, source: str = "") -> Iterator[Relabelling]:
    """Yield what sets a label of these gauges, from the label `source` if there is one; nothing without gauges."""
    if found := "|".join(dict.fromkeys(name for name in names if name)):
        sources, regex = (("__name__", source), f"(?:{found});(.+)") if source else (("__name__",), f"(?:{found})")
        yield _replace(sources, regex, target, value)


def _folded(*, fold: bool) -> Iterator[Relabelling]:
    """Yield what folds ids in routes; the raw path stays as a label, or two series would become one."""
    if not fold:
        return
    some = f"{REQUESTS}{_SERIES}"
    yield _replace(("__name__", ROUTE), f"{some};(.*/(?:{_ID})(?:/.*)?)", RAW_PATH, "$1")
    for _ in range(_DEEPEST_IDS):
        yield _replace(("__name__", ROUTE), f"{some};(.*)/(?:{_ID})(/.*)?", ROUTE, "$1/{id}$2")


def _meaning(application: Application) -> Iterator[Relabelling]:
    """Yield the labels `route_group` and `action` of each request metric."""
    series = f"{REQUESTS}{_SERIES}"

    def group(pattern: str, name: str) -> Relabelling:
        return _replace(("__name__", ROUTE), f"{series};{pattern}", GROUP, name)

    yield _replace(("__name__", ACTION), f"{series};(.+)", _EXPORTED_ACTION, "$1")
    for label in (GROUP, ACTION):
        yield _replace(("__name__",), series, label, "")
    yield group(".+", "page")
    yield group(_either(application.routes), "api")
    yield group(_either(application.waited_for()), "critical")
    for action in application.all_actions():
        yield _action(series, action)
    if application.ignored:
        for label in (GROUP, ACTION):
            yield _replace(("__name__", ROUTE), f"{series};{_either(application.ignored)}", label, "")


def _action(series: str, action: Action) -> Relabelling:
    regex = f"{series};{_either(action.methods)};{_either(action.routes)}"
    return _replace(("__name__", METHOD, ROUTE), regex, ACTION, action.name.replace("$", "$$"))


def _either(patterns: Sequence[str]) -> str:
    return f"(?:{'|'.join(patterns)})"


def _replace(sources: Sequence[str], regex: str, target: str, replacement: str) -> Relabelling:
    return {"source_labels": list(sources), "regex": regex, "target_label": target, "replacement": replacement}
