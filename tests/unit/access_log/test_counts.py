"""Labels are bounded whatever a log holds, and what was counted is continued."""

from __future__ import annotations

import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporters.access_log.counts import METHODS, Counts, Timed, status_label
from exporters.access_log.metrics import of_requests
from exporters.access_log.requests import EDGES, Request
from exporters.access_log.routes import Routes
from exporters.core.exposition import render
from exporters.core.strict_yaml import read_yaml
from tests.support.exporter import ROOT, page
from tests.support.properties import cases

_TEMPLATES = ("/", "/contacts/:id", "/contacts/new", "/contacts/{id}/notes", "/:tenant/deals")


def _request(path: str, status: str = "200", method: str = "GET") -> Request:
    return method.encode(), path.encode(), status.encode(), 12, (5, 0.1), None


def _counted(*requests: Request, most_routes: int = 5, most_label_sets: int = 20) -> Counts:
    counts = Counts(Routes(_TEMPLATES, most_routes), most_label_sets)
    counts.add(requests)
    return counts


def _routes(counts: Counts) -> list[str]:
    return [one.route for one in counts.requests.timed]


def test_edges_are_those_of_the_targets() -> None:
    """The histogram has the same edges as the application's own in targets.yaml, so each threshold is one of them."""
    assert read_yaml(ROOT / "targets.yaml")["histograms"]["http_server_request_duration_seconds"] == list(EDGES)


@pytest.mark.parametrize(
    ("path", "route"),
    [
        ("/", "/"),
        ("/contacts/17?tab=notes", "/contacts/:id"),
        ("/contacts/new", "/contacts/new"),
        ("/contacts/17/notes", "/contacts/{id}/notes"),
        ("/contacts/new/notes", "/contacts/{id}/notes"),
        ("/acme/deals", "/:tenant/deals"),
        ("http://crm.example/contacts/17", "/contacts/:id"),
        ("/orders/17/lines/3", "/orders/{id}/lines/{id}"),
        ("/files/3f2504e0-4f89-11d3-9a0c-0305e82c3301", "/files/{id}"),
        ("/a/9f86d081884c7d659a2feaa0c55ad015", "/a/{id}"),
        ("*", "other"),
        ("", "other"),
        ("/<script>", "other"),
        ("/api//contacts///17", "/api/contacts/{id}"),
        ("/contacts//17/notes;v=2", "/contacts/{id}/notes"),
        ("/%63ontacts/17", "/contacts/:id"),
        ("/orders;jsessionid=9F86D081884C7D659A2FEAA0C55AD015", "/orders"),
        ("/orders;a=1;b=2/17/", "/orders/{id}/"),
        ("/reports/2026-11-29", "/reports/{id}"),
        ("/reports/2026-W48", "/reports/{id}"),
        ("/reports/2026-11-29T14:34:26Z", "/reports/{id}"),
        ("/users/ann.example@crm.example", "/users/{id}"),
        ("/users/ann%40crm.example", "/users/{id}"),
        ("/people/J%C3%BCrgen%20M", "/people/{id}"),
        ("/people/a%2Fb", "/people/{id}"),
        ("/people/100%", "/people/{id}"),
        ("/orders/1,2,3", "/orders/{id}"),
        ("/orders/17.json", "/orders/{id}.json"),
        ("/orders/17:archive", "/orders/{id}:archive"),
        ("/files/3f2504e0-4f89-11d3-9a0c-0305e82c3301.pdf", "/files/{id}.pdf"),
        ("/files/01ARZ3NDEKTSV4RRFFQ69G5FAV", "/files/{id}"),
        ("/commits/a1b2c3d", "/commits/{id}"),
        ("/invoices/INV-2026-0001", "/invoices/{id}"),
        ("/odata/v9.2/contacts(3f2504e0-4f89-11d3-9a0c-0305e82c3301)", "/odata/v9.2/contacts({id})"),
        ("/h/" + "9f86d081884c7d65" * 8, "/h/{id}"),
        ("/reset/" + "aZ9_-." * 20, "/reset/{id}"),
        ("/assets/index-DiwrgTda.js", "/assets/index-{id}.js"),
        ("/static/main.3f2504e0.chunk.js", "/static/main.{id}.chunk.js"),
        ("/api/v2/feedback", "/api/v2/feedback"),
        ("/oauth2/step-2", "/oauth2/step-2"),
        ("/a/%2e%2e/b", "other"),
        ("/" + "a" * 500, "other"),
        ("/a" * 30, "other"),
    ],
)
def test_a_path_is_a_template_or_has_its_ids_folded(path: str, route: str) -> None:
    """A template goes before folding, a part by its name before one that varies; what is not a path is `other`."""
    assert _routes(_counted(_request(path))) == [route]


def test_guessed_paths_get_no_route_of_their_own() -> None:
    """A scanner's 404 is `other`; a refused log-in is not, before anybody has logged in; what was found later is."""
    counts = _counted(_request("/wp-login.php", "404"), _request("/login", "401", "POST"), _request("/wp-login.php"))
    assert _routes(counts) == ["other", "/login", "/wp-login.php"]


def test_a_websocket_has_no_response_time() -> None:
    """Its line is written when it ends, after hours: it is a request, and neither slow nor large."""
    counts = _counted((b"GET", b"/contacts/1", b"101", 9_000_000, (14, 3600.0), (14, 3600.0)))
    counts.add([_request("/contacts/1")])
    text = render(of_requests(counts.requests)).decode()
    found = page(text).samples("http_server_request_duration_seconds_count")
    assert [(labels["http_response_status_code"], value) for labels, value in found] == [("200", 1)]
    [(labels, value)] = page(text).samples("pantrywatch_access_log_untimed_requests_total")
    assert (labels["http_response_status_code"], value) == ("101", 1)
    assert page(text).samples("http_server_response_body_size_bytes_sum")[0][1] == 12
    assert "upstream" not in text


def test_a_server_that_redirects_everything_names_no_routes() -> None:
    """What the port without TLS answers with 301 or 308 is whatever was asked for."""
    counts = _counted(*[_request(f"/guess-{letter}", "301") for letter in "abc"], _request("/page-a"))
    assert _routes(counts) == ["other", "/page-a"]


def test_an_earlier_release_may_have_named_ids() -> None:
    """Series go on, but routes that have their ids folded now do not take the places of others."""
    first = _counted(_request("/page-a"), most_routes=9)
    for number, one in enumerate([first.requests.timed[0]] * 5):
        named = Timed(f"/reports/2026-11-0{number}", "GET", "200", one.counts[:], one.seconds)
        first.requests.timed.append(named)
    counts = Counts(Routes(_TEMPLATES, 3), 20, first.requests)
    counts.add([_request("/page-b"), _request("/page-c"), _request("/page-d")])
    assert _routes(counts)[-3:] == ["/page-b", "/page-c", "other"]


def test_what_clients_make_long_is_not_kept() -> None:
    """Thousands of paths and methods as long as servers allow, answered with 200: what is remembered stays small."""
    counts = Counts(Routes(_TEMPLATES, 5), 20)
    tracemalloc.start()
    try:
        for number in range(2_000):
            long = f"{number:08}".encode() * 1_000
            counts.add([(b"GET", b"/" + long, b"200", 1, None, None), (long, b"/contacts/1", b"200", 1, None, None)])
        kept, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert kept < 2_000_000
    assert sum(one.untimed for one in counts.requests.timed) == 4_000


def test_routes_and_label_sets_have_a_limit() -> None:
    """Beyond it requests are still counted, under `other`, with their method and their status."""
    counts = _counted(*[_request(f"/page-{letter}") for letter in "abcdefgh"])
    assert _routes(counts) == [*(f"/page-{letter}" for letter in "abcde"), "other"]
    assert counts.dropped() == {"http_route": 3, "label_set": 0}
    counts = _counted(*[_request("/contacts/1", str(status)) for status in range(200, 600)])
    assert len(counts.requests.timed) <= 20 + 70
    assert counts.dropped()["label_set"] > 20
    assert sum(sum(one.counts) for one in counts.requests.timed) == 400
    assert {one.status for one in counts.requests.timed if one.route == "other"} >= {"404", "500", "5xx"}


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("200", "200"), ("499", "499"), ("-", ""), ("000", ""), ("0", ""), ("", ""), ("502, 502 : 200", "200"),
        ("502, 503", "503"), ("599", "5xx"), ("99", ""), ("777", ""), ("20x", ""), ("²00", ""),
    ],
)  # fmt: skip
def test_a_status_is_known_a_class_or_empty(text: str, label: str) -> None:
    """499 is a status like any other, `-` is none, and of several the last counts."""
    assert status_label(text) == label


def test_what_was_counted_is_continued() -> None:
    """Another process goes on with the same series, and routes keep their names."""
    first = _counted(*[_request(f"/page-{letter}") for letter in "abcdefgh"])
    counts = Counts(Routes(_TEMPLATES, 5), 20, first.requests.copy())
    counts.add([_request("/page-h"), _request("/page-a")])
    assert _routes(counts) == _routes(first)
    assert sum(sum(one.counts) for one in counts.requests.timed) == 10


_word = st.one_of(st.text(max_size=20), st.sampled_from(["GET", "/", "/contacts/1", "/a?b", "200", "-", "BREW", "404"]))


@cases(100)
@given(st.lists(st.tuples(_word, _word, _word), max_size=100))
def test_labels_are_bounded_whatever_a_log_holds(words: list[tuple[str, str, str]]) -> None:
    """No request is lost, methods are of a closed set, and the page parses."""
    requests: list[Request] = [(m.encode(), p.encode(), s.encode(), -1, (0, 0.001), None) for m, p, s in words]
    counts = _counted(*requests)
    assert {one.method for one in counts.requests.timed} <= set(METHODS)
    assert len(set(_routes(counts))) <= len(_TEMPLATES) + 5 + 1
    text = render(of_requests(counts.requests)).decode()
    found = page(text).samples("http_server_request_duration_seconds_count")
    assert sum(value for _, value in found) == len(words)
