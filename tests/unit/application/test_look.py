"""What is said about an application's page: its library, its routes, which targets it can feed, and why not the others.

The pages are what the libraries export (run as docs/your-application.md says; `-default` without its advice), cut to
the request metrics of a few routes. micrometer, go-promhttp, prometheus-net, nginx, traefik, caddy and otel-collector
are written by hand from their documentation; test_otlp_names.py holds the names of the last.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from pantrywatch.application.choice import with_choice
from pantrywatch.application.detection import found_conventions
from pantrywatch.application.look import Look, look
from pantrywatch.application.page import Page, read, refusal
from pantrywatch.application.relabelled import relabelled
from pantrywatch.application.report import report
from pantrywatch.config.application import Application, ApplicationEndpoint
from pantrywatch.config.targets import read_targets
from pantrywatch.generate.relabelling import relabellings

ROOT = Path(__file__).parents[3]
PAGES = Path(__file__).parent / "pages"
TARGETS = read_targets(ROOT / "targets.yaml")
_TEXT = "text/plain; version=0.0.4"
_ROUTES = {
    "django-prometheus": ("contacts-.+", "login"),
    "traefik": ("crm@.+",),
    "caddy": ("reverse_proxy",),
}
_BOTH = {"api-latency", "api-error-rate"}
# Page → its convention, what it feeds.
_EXPECTED: dict[str, tuple[str, set[str]]] = {
    "asgi": ("opentelemetry", _BOTH),
    "wsgi": ("opentelemetry", _BOTH),
    "fastapi-opentelemetry": ("opentelemetry", _BOTH),
    "fastapi-opentelemetry-old": ("opentelemetry-old", _BOTH),
    "fastapi-opentelemetry-dup": ("opentelemetry", _BOTH),
    "express-opentelemetry": ("opentelemetry", _BOTH),
    "otel-collector": ("opentelemetry", _BOTH),
    "express-prom-client": ("prom-client", _BOTH),
    "express-prom-bundle": ("express-prom-bundle", _BOTH),
    "express-prom-bundle-default": ("express-prom-bundle", {"api-error-rate"}),
    "fastapi-instrumentator": ("fastapi-instrumentator", _BOTH),
    "fastapi-instrumentator-default": ("fastapi-instrumentator", _BOTH),
    "starlette-exporter": ("starlette-exporter", _BOTH),
    "flask-exporter": ("flask-exporter", _BOTH),
    "django-prometheus": ("django-prometheus", _BOTH),
    "micrometer": ("micrometer", _BOTH),
    "micrometer-default": ("micrometer", {"api-error-rate"}),
    "go-promhttp": ("go-promhttp", _BOTH),
    "prometheus-net": ("prometheus-net", {"api-error-rate"}),
    "nginx": ("nginx", _BOTH),
    "traefik": ("traefik", {"api-error-rate"}),
    "caddy": ("caddy", _BOTH),
}


_UNTOLD = "its events lack error_type and http_response_status_code"


def _look(page: str | Page, convention: str | None = None, **settings: object) -> Look:
    """Look at a recorded page."""
    endpoint = ApplicationEndpoint("crm", "127.0.0.1:1", convention=convention)
    if isinstance(page, str):
        settings = {"routes": _ROUTES.get(page, ("/?api/.+",)), **settings}
        page = read("http://crm/metrics", (PAGES / f"{page}.txt").read_text(), _TEXT)
    application = Application(endpoints=(endpoint,), **settings)  # type: ignore[arg-type]
    return look(endpoint, page, application, TARGETS)


def _text(seen: Look, **settings: object) -> str:
    return report([seen], Application(endpoints=(seen.endpoint,), **settings)).text  # type: ignore[arg-type]


def _fed(seen: Look) -> set[str]:
    return {feed.target for feed in seen.feeds if not feed.why_not}


def test_every_page_is_tested() -> None:
    """No recorded page is without its expectation."""
    assert {file.stem for file in PAGES.glob("*.txt")} == _EXPECTED.keys()


@pytest.mark.parametrize("page", _EXPECTED)
def test_each_library_feeds_what_its_data_allow(page: str) -> None:
    """The library is found by its metrics, and with its name in the settings it feeds every promise that it can."""
    convention, fed = _EXPECTED[page]
    found = _look(page)
    assert found.conventions[0].name == convention
    assert len(found.conventions) == 1 + page.endswith("-dup")
    assert _fed(_look(page, convention)) == fed
    # Only this page needs the name: a status that is a number may be another library's.
    assert _fed(found) == (set() if page == "fastapi-instrumentator" else fed)


@pytest.mark.parametrize(
    ("page", "why"),
    [
        ("express-prom-bundle-default", "no bucket edge at 0.5 s; its edges are 0.003, 0.03, 0.1, 0.3, 1.5, 10"),
        ("micrometer-default", "its histogram has no buckets"),
        ("traefik", "no bucket edge at 0.5 s; its edges are 0.1, 0.3, 1.2"),
    ],
)
def test_a_missing_edge_is_said_with_what_to_do(page: str, why: str) -> None:
    """The report names the edges that are there, and how the library gets the right ones."""
    seen = _look(page)
    (missing,) = [feed for feed in seen.missing if feed.target == "api-latency"]
    assert missing.why_not == why
    assert f"{why} ({seen.conventions[0].advice})" in _text(seen)


def test_what_another_endpoint_feeds_is_said() -> None:
    """A promise that one page cannot feed and another does is no loss, and the report says so."""
    proxy, behind = _look("traefik"), _look("express-prom-client")
    proxy = replace(proxy, endpoint=replace(proxy.endpoint, name="proxy"))
    said = report([proxy, behind], Application(endpoints=(proxy.endpoint, behind.endpoint))).text
    assert (
        f"api-latency: no bucket edge at 0.5 s; its edges are 0.1, 0.3, 1.2 ({proxy.conventions[0].advice}); fed by crm"
        in said
    )
    assert "fed by proxy" not in said


def test_routes_that_match_nothing_are_said() -> None:
    """Routes outside the patterns feed nothing; the report says how many there are, and where to name them."""
    seen = _look("express-prom-client", routes=("/rest/.+",))
    assert _fed(seen) == set()
    assert "none of 3 routes is one of `routes` or `critical`" in _text(seen)
    assert "routes    3: 3 pages" in _text(seen)


@pytest.mark.parametrize(
    ("labels", "why"),
    [("", _UNTOLD), (',code="200"', _UNTOLD), (',error_type=""', ""), (',http_response_status_code="200"', "")],
)
def test_calls_that_tell_no_outcome_feed_nothing(labels: str, why: str) -> None:
    """Calls to third parties without a status and an error_type are said to be of unknown outcome, not good."""
    text = f'http_client_request_duration_seconds_count{{peer="mail"{labels}}} 9\n'
    seen = _look(read("http://crm/metrics", text, _TEXT))
    (feed,) = [feed for feed in seen.feeds if feed.target == "integration-error-rate"]
    assert feed.why_not.partition(":")[0] == why


def test_statuses_as_classes_are_said() -> None:
    """With 4xx for 401 a refused login cannot be told from another mistake."""
    assert any("classes" in advice for advice in _look("fastapi-instrumentator-default").advice)
    assert not any("classes" in advice for advice in _look("express-prom-client").advice)


def test_a_name_that_would_feed_more_is_advised() -> None:
    """Where only the name of the library makes its numbers usable, the report says which."""
    assert (
        "name its library, to feed more: `convention: fastapi-instrumentator`" in _look("fastapi-instrumentator").advice
    )


_TWICE = {"dup": ["fastapi-opentelemetry-dup"], "two libraries": ["express-prom-client", "asgi"]}


def _page(names: list[str]) -> Page:
    return read("http://crm/metrics", "".join((PAGES / f"{name}.txt").read_text() for name in names), _TEXT)


def _counted(page: Page, application: Application, instance: str = "crm") -> float:
    """Return the number of API requests that Prometheus would have of a page."""
    own = [one._replace(labels={**one.labels, "instance": instance}) for one in page.samples]
    stored = relabelled(own, relabellings(application))
    name = "http_server_request_duration_seconds_count"
    return sum(one.value for one in stored if one.name == name and one.labels.get("route_group") == "critical")


@pytest.mark.parametrize("names", _TWICE.values(), ids=_TWICE)
def test_a_page_with_two_libraries_counts_once(names: list[str]) -> None:
    """`up` chooses the first of conventions.yaml; a name in the settings decides otherwise; the report says so."""
    page, first = _page(names), read("http://crm/metrics", (PAGES / f"{names[-1]}.txt").read_text(), _TEXT)
    alone = _counted(first, Application((ApplicationEndpoint("crm", "b:1", convention="opentelemetry"),)))
    open_choice = Application((ApplicationEndpoint("crm", "b:1"),))
    chosen = with_choice(open_choice, ROOT, lambda *_: page)
    assert [one.convention for one in chosen.endpoints] == ["opentelemetry"]
    assert _counted(page, chosen) == alone > 0
    assert _counted(page, open_choice) > alone
    second = found_conventions(page.samples)[1].name
    named = Application((ApplicationEndpoint("crm", "b:1", convention=second),))
    assert 0 < _counted(page, named) < _counted(page, open_choice)
    assert with_choice(named, ROOT, lambda *_: page) == named
    (advice,) = [advice for advice in _look(page).advice if "twice" in advice]
    assert f"opentelemetry and {second}: `up` counts opentelemetry" in advice


def test_a_choice_for_one_endpoint_leaves_the_others() -> None:
    """Beside an endpoint that is chosen for, another is understood as before; one that is down stays open."""
    page, other = _page(_TWICE["dup"]), _page(["express-prom-client"])
    both = Application((ApplicationEndpoint("crm", "b:1"), ApplicationEndpoint("crm.2", "c:1")))
    chosen = with_choice(both, ROOT, lambda url, _: page if "b:1" in url else other)
    assert [one.convention for one in chosen.endpoints] == ["opentelemetry", None]
    assert _counted(page, chosen) == _counted(page, with_choice(Application(both.endpoints[:1]), ROOT, lambda *_: page))
    assert _counted(other, chosen, "crm.2") == _counted(other, both, "crm.2") > 0
    assert with_choice(both, ROOT, lambda url, _: Page(url, fault="refuses connections")) == both


def test_no_status_and_no_route_are_reasons() -> None:
    """A page without these labels feeds nothing that needs them, and is told so: never 100 %."""
    bare = "# TYPE http_request_duration_seconds histogram\nhttp_request_duration_seconds_count{%s} 5\n"
    without_status = _look(read("u", bare % 'method="GET",route="/api/a"', _TEXT), "prom-client")
    reasons = {feed.target: feed.why_not for feed in without_status.missing}
    assert reasons["api-error-rate"] == "its requests have no label with the status"
    without_route = _look(read("u", bare % 'method="GET",status_code="200"', _TEXT))
    assert {feed.why_not for feed in without_route.missing[:2]} == {"its requests have no label with the route"}


def test_raw_paths_are_said() -> None:
    """Ids in routes make a series each; the report names one."""
    page = (PAGES / "express-prom-client.txt").read_text().replace(":id", "4711")
    assert any("/api/contacts/4711" in advice for advice in _look(read("u", page, _TEXT)).advice)


@pytest.mark.parametrize(
    ("content_type", "is_refused"),
    [
        ("text/plain; version=0.0.4; charset=utf-8", False),
        ("text/plain", False),
        ("TEXT/PLAIN;version=1.0.0", False),
        ("application/openmetrics-text; version=1.0.0", False),
        ("text/html; charset=utf-8", True),
        ("application/json", True),
        ("application/octet-stream", True),
        ("", True),
        ("plain", True),
    ],
)
def test_what_prometheus_3_refuses_is_said(content_type: str, is_refused: bool) -> None:  # noqa: FBT001 - a table
    """A Content-Type that Prometheus 3 does not take is a fault of the page, unless the settings have a fallback."""
    assert bool(refusal(content_type)) == is_refused
    text = "# EOF\n" if "openmetrics" in content_type else ""
    page = read("u", (PAGES / "asgi.txt").read_text() + text, content_type)
    seen = _look(page)
    plain = Application(endpoints=(seen.endpoint,))
    assert report([seen], plain).is_ok != is_refused
    assert report([seen], Application((seen.endpoint,), fallback_scrape_protocol="PrometheusText0.0.4")).is_ok


@pytest.mark.parametrize("text", ["", "<html>\n", "{}", "a b c d\n", 'x{y="} 1\n', "\x00\xff"])
def test_a_page_that_is_none_is_a_fault(text: str) -> None:
    """HTML, JSON or nothing at all under the address: said, in one line, and no traceback."""
    page = read("http://crm/metrics", text, "text/html")
    assert page.fault
    assert not page.samples
    assert not report([_look(page)], Application()).is_ok
