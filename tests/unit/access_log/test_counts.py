"""Labels are bounded whatever a log holds, and what was counted is continued."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporters.access_log.counts import METHODS, Counts, status_label
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


def test_routes_and_label_sets_have_a_limit() -> None:
    """Beyond it requests are still counted, under `other`, with their method and their status."""
    counts = _counted(*[_request(f"/page-{letter}") for letter in "abcdefgh"])
    assert _routes(counts) == [*(f"/page-{letter}" for letter in "abcde"), "other"]
    counts = _counted(*[_request("/contacts/1", str(status)) for status in range(200, 600)])
    assert len(counts.requests.timed) <= 20 + 70
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
