"""What an application's page can feed: which targets of targets.yaml, and why not the others."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from pantrywatch.application.detection import found_conventions
from pantrywatch.application.page import Page
from pantrywatch.application.relabelled import Sample, relabelled
from pantrywatch.config.application import LOG_IN, Application, ApplicationEndpoint
from pantrywatch.config.conventions import REQUESTS, ROUTE, STATUS, Convention
from pantrywatch.config.selectors import Selector, parse_selector
from pantrywatch.config.targets import Target, Targets
from pantrywatch.generate.relabelling import ACTION, GROUP, relabellings

_SOURCES = {"application", "statements"}
_RAW_ID = re.compile(r".*/([0-9]+|[0-9a-fA-F]{8}-[0-9a-fA-F-]{27})(/.*)?")
_FEW = 5


@dataclass(frozen=True, slots=True)
class Feed:
    """A target, and why the page cannot feed it; `why_not` is empty where it can."""

    target: str
    why_not: str = ""


@dataclass(frozen=True, slots=True)
class Look:
    """What was seen at one endpoint. `routes`: every route → its group, empty for those that nobody waits for."""

    endpoint: ApplicationEndpoint
    page: Page
    conventions: tuple[Convention, ...] = ()
    routes: tuple[tuple[str, str], ...] = ()
    feeds: tuple[Feed, ...] = ()
    advice: tuple[str, ...] = ()

    @property
    def missing(self) -> tuple[Feed, ...]:
        """The targets that it cannot feed."""
        return tuple(feed for feed in self.feeds if feed.why_not)


def look(endpoint: ApplicationEndpoint, page: Page, application: Application, targets: Targets) -> Look:
    """Return what an endpoint's page becomes under these settings, and what it can feed then."""
    if page.fault:
        return Look(endpoint, page)
    conventions = found_conventions(page.samples)
    if endpoint.convention is None and len(conventions) > 1:
        application = naming(application, {endpoint.name: conventions[0].name})
    own = [one._replace(labels={**one.labels, "instance": endpoint.name}) for one in page.samples]
    samples = tuple(relabelled(own, relabellings(application)))
    routes, feeds = _routes(samples), _feeds(samples, targets)
    advice = list(_advice(endpoint, conventions, routes, application, samples))
    if endpoint.convention is None and len(conventions) == 1:
        rules = relabellings(naming(application, {one.name: conventions[0].name for one in application.endpoints}))
        if _fed(_feeds(tuple(relabelled(own, rules)), targets)) > _fed(feeds):
            advice.append(f"name its library, to feed more: `convention: {conventions[0].name}`")
    return Look(endpoint, page, conventions, routes, feeds, tuple(advice))


def naming(application: Application, conventions: Mapping[str, str]) -> Application:
    """Return the application as if its settings said these conventions: endpoint → convention."""
    return replace(
        application,
        endpoints=tuple(
            replace(one, convention=conventions.get(one.name, one.convention)) for one in application.endpoints
        ),
    )


def _feeds(samples: Sequence[Sample], targets: Targets) -> tuple[Feed, ...]:
    return tuple(Feed(target.id, _why_not(target, samples)) for target in _fed_by_applications(targets))


def _fed(feeds: Iterable[Feed]) -> int:
    return sum(not feed.why_not for feed in feeds)


def _fed_by_applications(targets: Targets) -> list[Target]:
    return [target for target in targets.targets if _SOURCES & set(target.requires)]


def _routes(samples: Iterable[Sample]) -> tuple[tuple[str, str], ...]:
    of_requests = (one.labels for one in samples if one.name == f"{REQUESTS}_count")
    return tuple(sorted({(labels.get(ROUTE, ""), labels.get(GROUP, "")) for labels in of_requests}))


def _why_not(target: Target, samples: Sequence[Sample]) -> str:
    if target.sli.histogram:
        selector = parse_selector(target.sli.histogram)
        return _missing(_named(selector, "_count"), samples) or _missing_edge(target, selector, samples)
    total = parse_selector(target.sli.total[0])
    missing = _missing(total, samples) or _without_outcome(target, total, samples)
    return (
        f"{missing}: checks that name it as their `target` count alone" if missing and target.sli.total[1:] else missing
    )


def _without_outcome(target: Target, total: Selector, samples: Sequence[Sample]) -> str:
    """Return which labels of the bad events no sample of the total has: without one of them none counts as good."""
    known = {name for name, *_ in total.matchers}
    telling = {
        name
        for bad in map(parse_selector, target.sli.bad)
        if bad.metric == total.metric
        for name, *_ in bad.matchers
        if name not in known
    }
    of_metric = (one.labels for one in samples if one.name == total.metric)
    if not telling or any(telling & set(labels) for labels in of_metric):
        return ""
    return f"its events lack {' and '.join(sorted(telling))}: good cannot be told from bad"


def _missing(selector: Selector, samples: Sequence[Sample]) -> str:
    """Return what is missing for a selector to choose a sample."""
    of_metric = [one for one in samples if one.name == selector.metric]
    if not of_metric:
        metric = selector.metric.removesuffix("_count")
        return f"it exports no {metric}, or none yet"
    for number, matcher in enumerate(selector.matchers):
        before = [one for one in of_metric if _matches(one, selector.matchers[:number])]
        if before and not any(_matches(one, (matcher,)) for one in before):
            return _unmatched(matcher[0], before)
    return ""


def _unmatched(label: str, before: Sequence[Sample]) -> str:
    if label == GROUP:
        routes = {one.labels.get(ROUTE, "") for one in before}
        if routes == {""}:
            return "its requests have no label with the route"
        return f"none of {len(routes)} routes is one of `routes` or `critical` in the settings"
    if label == STATUS:
        return "its requests have no label with the status"
    return f"no sample has the right label {label}"


def _missing_edge(target: Target, selector: Selector, samples: Sequence[Sample]) -> str:
    buckets = [one for one in samples if one.name == f"{selector.metric}_bucket" and _matches(one, selector.matchers)]
    edges = sorted({_edge(one) for one in buckets} - {float("inf")})
    if target.threshold in edges:
        return ""
    if not edges:
        return "its histogram has no buckets"
    return f"no bucket edge at {target.threshold:g} s; its edges are {', '.join(f'{edge:g}' for edge in edges)}"


def _edge(sample: Sample) -> float:
    try:
        return float(sample.labels.get("le", "inf"))
    except ValueError:
        return float("inf")


def _named(selector: Selector, suffix: str) -> Selector:
    return Selector(selector.metric + suffix, selector.matchers)


def _matches(sample: Sample, matchers: Iterable[tuple[str, str, str]]) -> bool:
    return all(_holds(sample.labels.get(label, ""), operator, value) for label, operator, value in matchers)


def _holds(text: str, operator: str, value: str) -> bool:
    equal = text == value if operator in ("=", "!=") else re.fullmatch(value, text) is not None
    return equal if operator in ("=", "=~") else not equal


def _advice(
    endpoint: ApplicationEndpoint,
    conventions: Sequence[Convention],
    routes: Sequence[tuple[str, str]],
    application: Application,
    samples: Sequence[Sample],
) -> Iterator[str]:
    if endpoint.convention is None and len(conventions) > 1:
        names = " and ".join(one.name for one in conventions)
        yield (
            f"it exports its requests twice, as {names}: `up` counts {conventions[0].name}, the first of the page"
            " your-application; elsewhere all count twice until you name one (`convention`)"
        )
    if endpoint.convention and conventions and endpoint.convention not in {one.name for one in conventions}:
        yield f"the settings say {endpoint.convention}, but it looks like {conventions[0].name}"
    raw = [route for route, _ in routes if _RAW_ID.fullmatch(route)]
    if raw:
        yield (
            f"{len(raw)} routes contain ids, such as {raw[0]}: let the library write templates; otherwise `fold_ids`"
            " folds them on boards, but the first request to each id is not counted"
        )
    if 2 * len(samples) > application.sample_limit:
        yield f"{len(samples)} samples are more than half of sample_limit ({application.sample_limit})"
    logins = [one for one in samples if one.labels.get(ACTION) == LOG_IN and one.name == f"{REQUESTS}_count"]
    if routes and not logins:
        yield "no request to a route of `log_in` yet: failed logins raise no alert until there is one"
    elif logins and all(one.labels.get(STATUS, "").endswith("xx") or not one.labels.get(STATUS) for one in logins):
        yield "its statuses are classes (4xx): no refused login can be told from another mistake"
