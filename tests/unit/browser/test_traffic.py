"""What a page fetched, from the browser's network events; and how much of its code ran, from V8's coverage."""

from __future__ import annotations

from typing import Any

import pytest

from exporters.browser.coverage import StyleSheets, unused_share
from exporters.browser.traffic import FailedRequest, Traffic


def fetched(traffic: Traffic, number: str, url: str, kind: str = "Script", **more: Any) -> None:
    """Let the browser report a request with its response and its end."""
    request = {"requestId": number, "loaderId": "page", "type": kind, "request": {"url": url}, "timestamp": 1.0}
    traffic.handle("Network.requestWillBeSent", request)
    response = {
        "status": more.get("status", 200), "headers": more.get("headers", {}),
        "mimeType": more.get("mime", "text/html"),
    }  # fmt: skip
    traffic.handle("Network.responseReceived", {"requestId": number, "response": response, "timestamp": 1.5})
    traffic.handle(
        "Network.loadingFinished", {"requestId": number, "timestamp": 2.0, "encodedDataLength": more.get("size", 5000)}
    )


def test_third_is_every_origin_but_the_page_s_own() -> None:
    """Another host, scheme or port is third; a redirect of the page itself moves what is first."""
    traffic = Traffic()
    fetched(traffic, "page", "http://a.example/", "Document", size=1)
    fetched(traffic, "page", "https://a.example/", "Document", size=2)
    fetched(traffic, "1", "https://a.example/app.js?https://cdn.example/", size=10)
    for number, url in enumerate(("https://a.example:444/x", "http://a.example/x", "https://cdn.example/x"), 2):
        fetched(traffic, str(number), url, size=100)
    assert traffic.party_bytes == {"first": 13, "third": 300}


@pytest.mark.parametrize(
    ("kind", "size", "headers", "uncompressed", "uncacheable"),
    [
        ("Script", 5000, {}, 1, 1),
        ("Script", 5000, {"Content-Encoding": "br", "Cache-Control": "no-store"}, 0, 0),
        ("Script", 300, {"expires": "0"}, 0, 0),
        ("Image", 5000, {}, 0, 1),
        ("Font", 5000, {}, 0, 1),
        ("Document", 5000, {}, 1, 0),
        ("XHR", 5000, {}, 1, 0),
        ("Media", 5000, {}, 0, 0),
    ],
)
def test_what_is_sent_without_compression_or_caching_is_counted(
    kind: str, size: int, headers: dict[str, str], uncompressed: int, uncacheable: int
) -> None:
    """Texts of more than a packet without Content-Encoding, static files without Cache-Control and Expires."""
    traffic = Traffic()
    fetched(traffic, "1", "http://a/", kind, size=size, headers=headers)
    assert (traffic.uncompressed, traffic.uncacheable) == (uncompressed, uncacheable)


@pytest.mark.parametrize(
    ("mime", "uncompressed"),
    [
        ("application/json", 1), ("application/problem+json", 1), ("text/csv", 1), ("image/svg+xml", 1),
        ("image/png", 0), ("application/pdf", 0), ("application/octet-stream", 0),
    ],
)  # fmt: skip
def test_what_scripts_fetch_is_a_text_by_its_type(mime: str, uncompressed: int) -> None:
    """A picture or an archive that a script fetches has lost no compression."""
    traffic = Traffic()
    fetched(traffic, "1", "http://a/", "Fetch", mime=mime)
    assert traffic.uncompressed == uncompressed


def test_what_failed_is_noted_by_class_and_not_without_an_end() -> None:
    """A request's status or class of error, a script's error by a name that scripts have: nothing that a page wrote."""
    traffic = Traffic()
    fetched(traffic, "1", "http://a/?token=1", status=503)
    fetched(traffic, "2", "http://b/", "XHR")
    for error in ({"errorText": "net::ERR_CONNECTION_REFUSED"}, {"errorText": "net::ERR_ABORTED", "canceled": True}):
        traffic.handle("Network.loadingFailed", {"requestId": "2", "timestamp": 3.0, **error})
    assert traffic.failures == [
        FailedRequest(0.5, "script", "first", "status 503"),
        FailedRequest(2.0, "fetch", "third", "refused"),
        FailedRequest(2.0, "fetch", "third", "canceled"),
    ]
    assert traffic.failed == 1, "what the page canceled has not failed"
    for name in ("TypeError", "AdaLovelaceError", ""):
        thrown = {"exceptionDetails": {"exception": {"className": name}}}
        traffic.handle("Runtime.exceptionThrown", thrown)
    traffic.handle("Runtime.exceptionThrown", {"exceptionDetails": {}})
    for kind in ("error", "log"):
        traffic.handle("Runtime.consoleAPICalled", {"type": kind, "args": []})
    assert traffic.errors == {"TypeError": 1, "other": 3, "console.error": 1}
    for number in range(99):
        fetched(traffic, f"more-{number}", "http://a/", status=404)
    assert len(traffic.failures) == 50


def test_a_cleared_count_begins_with_another_page() -> None:
    """What a log-in fetched is not part of the page behind it, nor does it say what is first."""
    traffic = Traffic()
    fetched(traffic, "1", "http://sign-in.example/", "Document", status=500)
    traffic.clear()
    fetched(traffic, "2", "http://a.example/", "Document", size=7)
    assert (traffic.error_responses, traffic.party_bytes, traffic.requests["document"]) == (
        0, {"first": 7, "third": 0}, 1,
    )  # fmt: skip


def script(*ranges: tuple[int, int, int], url: str = "http://a/app.js") -> dict[str, Any]:
    """Return a script's coverage, each range a function of its own."""
    functions = [{"ranges": [{"startOffset": a, "endOffset": b, "count": count}]} for a, b, count in ranges]
    return {"url": url, "functions": functions}


@pytest.mark.parametrize(
    ("scripts", "share"),
    [
        ([], None),
        ([script((0, 100, 1), url="")], None),  # typed into the page, or our own
        ([script((0, 100, 1))], 0.0),
        ([script((0, 100, 0))], 1.0),
        ([script((0, 100, 1), (20, 60, 0))], 0.4),
        ([script((0, 100, 1), (20, 60, 0), (60, 80, 0))], 0.6),  # one begins where another ends
        ([script((0, 100, 1), (20, 60, 0), (30, 40, 0))], 0.4),
        ([script((0, 100, 1), (0, 100, 0))], 1.0),  # all of a file in one function
        ([script((0, 100, 1), (20, 60, 1), (30, 40, 0)), script((0, 100, 0))], 0.55),
    ],
)
def test_the_innermost_function_says_whether_code_ran(scripts: list[dict[str, Any]], share: float | None) -> None:
    """Its code is unused if it was never called, whatever surrounds it; files count by their length."""
    assert unused_share(scripts) == (None if share is None else pytest.approx(share))


def sheet(number: str, size: int, **more: str) -> dict[str, Any]:
    """Return the event about a style sheet of so many characters."""
    header = {"styleSheetId": number, "length": size, "origin": "regular", "sourceURL": "http://a/app.css"}
    return {"header": {**header, **more}}


def rule(number: str, begin: int, end: int, *, used: bool = True) -> dict[str, Any]:
    """Return the coverage of a rule."""
    return {"styleSheetId": number, "startOffset": begin, "endOffset": end, "used": used}


@pytest.mark.parametrize(
    ("sheets", "rules", "share"),
    [
        ([], [rule("1", 0, 10)], None),
        ([sheet("1", 100, origin="user-agent"), sheet("2", 100, sourceURL="")], [], None),  # not of the page
        ([sheet("1", 0)], [], None),
        ([sheet("1", 100)], [], 1.0),
        ([sheet("1", 100)], [rule("1", 0, 100), rule("2", 0, 100)], 0.0),
        ([sheet("1", 100)], [rule("1", 0, 20), rule("1", 20, 50, used=False)], 0.8),
        ([sheet("1", 100)], [rule("1", 10, 50), rule("1", 20, 30), rule("1", 40, 60)], 0.5),  # nested, overlapping
        ([sheet("1", 100), sheet("2", 300)], [rule("1", 0, 100)], 0.75),
    ],
)
def test_a_style_sheet_is_used_where_a_rule_matched(
    sheets: list[dict[str, Any]], rules: list[dict[str, Any]], share: float | None
) -> None:
    """Of all characters of the page's sheets, those in no rule of a matched selector are unused; none counts twice."""
    page = StyleSheets()
    for event in sheets:
        page.add(event)
    assert page.unused_share(rules) == (None if share is None else pytest.approx(share))
    page.clear()
    assert page.unused_share(rules) is None
