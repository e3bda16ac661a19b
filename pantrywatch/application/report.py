"""What `validate` and `up` print about the watched application."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from pantrywatch.application.look import Look, look
from pantrywatch.application.page import fetch
from pantrywatch.config.application import Application, ApplicationEndpoint
from pantrywatch.config.targets import Targets

_AT_ONCE = 8


@dataclass(frozen=True, slots=True)
class Report:
    """`is_ok`: every endpoint answers with metrics that feed a target, and Prometheus 3 takes them."""

    text: str
    is_ok: bool


def look_at(application: Application, targets: Targets, settings_file: Path) -> Report:
    """Fetch the page of each endpoint, and return what each can feed. Takes about 10 s at most; never raises."""
    access = application.access.rooted(settings_file)

    def one(endpoint: ApplicationEndpoint) -> Look:
        return look(endpoint, fetch(endpoint.url(access.scheme), access), application, targets)

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        looks = list(pool.map(one, application.endpoints))
    return report(looks, application)


def report(looks: Sequence[Look], application: Application) -> Report:
    """Return what was seen, as text and as a verdict."""
    feeding = [(feed.target, one.endpoint.name) for one in looks for feed in one.feeds if not feed.why_not]
    lines = [line for one in looks for line in _lines(one, application, feeding)]
    return Report("\n".join(lines), all(_is_ok(one, application) for one in looks))


def _is_ok(one: Look, application: Application) -> bool:
    is_refused = bool(one.page.refused) and application.fallback_scrape_protocol is None
    return not one.page.fault and not is_refused and len(one.missing) < len(one.feeds)


def _lines(one: Look, application: Application, feeding: Sequence[tuple[str, str]]) -> Iterator[str]:
    yield f"application/{one.endpoint.name}: {one.page.url}"
    if one.page.fault:
        yield _row("MISSING", one.page.fault)
        return
    if one.page.refused and application.fallback_scrape_protocol is None:
        yield _row("MISSING", one.page.refused)
    yield _row("exports", _exports(one))
    yield _row("routes", _routes(one))
    fed = [feed.target for feed in one.feeds if not feed.why_not]
    yield _row("feeds", ", ".join(fed) or "no target (docs/your-application.md)")
    for feed in one.missing:
        others = ", ".join(name for target, name in feeding if target == feed.target)
        elsewhere = f"; fed by {others}" if others else ""
        yield _row("not fed", f"{feed.target}: {feed.why_not}{_how(one, feed.why_not)}{elsewhere}")
    for advice in one.advice:
        yield _row("advice", advice)


def _row(what: str, text: str) -> str:
    return f"  {what:<8}  {text}"


def _exports(one: Look) -> str:
    count = f"{len(one.page.samples)} samples"
    if not one.conventions:
        return f"{count}, no request metrics of a known library (docs/your-application.md)"
    how = "named in the settings" if one.endpoint.convention else "found by its metrics"
    return f"{count}, requests as {' and '.join(convention.name for convention in one.conventions)} ({how})"


def _routes(one: Look) -> str:
    if not one.routes:
        return "none seen yet: a route appears with its first request"
    groups = [group for _, group in one.routes]
    counted = (("critical", "critical"), ("api", "other API"), ("page", "pages"), ("", "not counted"))
    parts = [f"{groups.count(group)} {name}" for group, name in counted if group in groups]
    return f"{len(groups)}: {', '.join(parts)}"


def _how(one: Look, why_not: str) -> str:
    advice = [convention.advice for convention in one.conventions if convention.advice]
    return f" ({advice[0]})" if advice and ("edge" in why_not or "bucket" in why_not) else ""
