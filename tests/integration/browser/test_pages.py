"""A real Chromium against pages with known delays, and against hostile pages."""

from __future__ import annotations

from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from exporters.core.errors import ErrorClass
from tests.integration.browser.site import (
    SHORT,
    Server,
    measured,
    never,
    redirect,
    run,
    seconds,
    send,
)
from tests.support.servers import free_port

pytestmark = pytest.mark.timeout(400)

ROOT = Path(__file__).parents[3]

SLOW = """
<link rel=manifest href=/app.webmanifest><link rel=stylesheet href=/style.css>
<style id=splash>h1{margin:0}</style><script>setTimeout(() => splash.remove(), 300);</script>
<h1>First words</h1><div id=late></div><p>Content that moves</p>
<script src=/missing.js></script><script>
setTimeout(() => { late.style.height = '300px'; }, 400);
setTimeout(() => {
  late.innerHTML = '<p style="font-size:90px">Largest words of the page, and they come late</p>'; }, 700);
setTimeout(() => { const end = performance.now() + 400; while (performance.now() < end); }, 1200);
setTimeout(() => { throw new Error('nobody catches this'); }, 900);
fetch('/data.json');
navigator.serviceWorker.register('/worker.js');
</script><script src=/used.js></script><img src=THIRD/third.svg>"""
USED = f"function used() {{ return 1; }} used(); function unused() {{ return '{'x' * 3000}'; }}"

SVG = "<svg xmlns='http://www.w3.org/2000/svg'/>"
# The missing script has an error status; the fetched data and the used script are texts of more than a packet; style
# sheet, used and missing script have no header about caching.
FACTS = {
    "error_responses": 1,
    "uncompressed_responses": 2,
    "uncacheable_responses": 3,
    "service_worker": 1,
    "manifest": 1,
    "offline_reload": 0,  # the worker keeps nothing
}
ASKED = {"unused_code": True, "offline_reload": True}


def test_what_a_page_shows_is_measured(web: Server) -> None:
    """Late first byte, late largest paint, a layout shift, a long task, a script error: each is in its number."""
    web.page("/", SLOW.replace("THIRD", web.url.replace("127.0.0.1", "localhost")), after=0.3)
    web.text("/style.css", "h1{color:green;}h2{color:green;}", "text/css")  # there is no h2
    web.text("/data.json", "{}" * 5000, "application/json")
    web.text("/favicon.ico", "", "image/x-icon")
    web.text("/used.js", USED, "text/javascript")
    web.text("/worker.js", "let a = 1;", "text/javascript")
    web.text("/app.webmanifest", '{"name": "Pantry", "start_url": "/"}', "application/manifest+json")
    web.site["/third.svg"] = lambda request: send(
        request, SVG, kind="image/svg+xml", headers={"Cache-Control": "max-age=60"}
    )
    result = run(web.url + "/", expect_text="Largest words", budgets={"script": 1000.0}, **ASKED)
    assert result.error_class is None, result.detail
    assert seconds(result, "ttfb_seconds") >= 0.3
    fcp, lcp, tti = (seconds(result, f"{name}_seconds") for name in ("fcp", "lcp", "tti"))
    assert seconds(result, "ttfb_seconds") < fcp < lcp < tti
    assert lcp >= 0.7
    assert tti >= 1.5, "the long task ends 400 ms after it begins"
    assert seconds(result, "cls_score") > 0.01
    assert seconds(result, "page_load_seconds") >= 0.3
    gauges = result.gauges
    assert gauges["browser_tbt_seconds", ("lab", "none")] >= 0.3
    assert gauges["browser_page_script_errors", ()] == 1
    requests = {
        kind: gauges["browser_page_requests", (kind,)] for kind in ("document", "stylesheet", "script", "fetch")
    }
    assert requests == {"document": 1, "stylesheet": 1, "script": 2, "fetch": 1}
    assert gauges["browser_page_transferred_bytes", ("fetch",)] >= 10000
    assert gauges["browser_page_transferred_bytes", ("script",)] > 3000
    assert gauges["browser_page_budget_bytes", ("script",)] == 1000
    assert gauges["browser_page_party_bytes", ("third",)] > len(SVG)
    all_bytes = sum(value for (name, _), value in gauges.items() if name == "browser_page_transferred_bytes")
    assert sum(gauges["browser_page_party_bytes", (party,)] for party in ("first", "third")) == all_bytes
    assert {name: gauges[f"browser_page_{name}", ()] for name in FACTS} == FACTS
    # Of the scripts all of the page's own ran, and little of the file.
    assert 0.8 < gauges["browser_page_unused_code_ratio", ("script",)] < 0.95
    assert gauges["browser_page_unused_code_ratio", ("stylesheet",)] == 0.5
    assert list(result.phases) == ["start", "navigate", "load", "settle", "offline"]
    assert "pantrywatch-check/" in dict(web.seen)["/"]


@pytest.mark.long
def test_a_slow_network_slows_the_load_and_says_which(web: Server) -> None:
    """50 kB over 400 kbit/s take a second at least; the numbers carry the network, and no first byte is made up."""
    web.page("/", "<h1>Words</h1><script src=/big.js></script>")
    web.text("/big.js", "//" + "x" * 50_000, "text/javascript")
    result = run(web.url + "/", network="3g-slow")
    assert result.error_class is None, result.detail
    assert seconds(result, "page_load_seconds", "3g-slow") >= 1 + 2 * 0.4
    assert ("browser_ttfb_seconds", ("lab", "3g-slow")) not in result.measured


@pytest.mark.long
def test_a_slow_processor_makes_the_same_script_longer(web: Server) -> None:
    """`cpu_slowdown` stretches what a script takes: the same work blocks for longer than on this machine as it is."""
    web.page("/", "<h1>Words</h1><script>let s = 0; for (let i = 0; i < 3e7; i++) s += Math.sqrt(i);</script>")
    plain, slow = (run(web.url + "/", cpu_slowdown=factor) for factor in (1, 20))
    assert seconds(slow, "page_load_seconds") > 2 * seconds(plain, "page_load_seconds")


@pytest.mark.long
def test_a_page_that_stays_busy_is_loaded_but_never_interactive(web: Server) -> None:
    """Loaded and showing what it should, it passes; its time to interactive counts as one that did not come."""
    busy = "const end = performance.now() + 80; while (performance.now() < end);"
    web.page("/", f"<h1>Words</h1><script>setInterval(() => {{ {busy} }}, 1000)</script>")
    result = run(web.url + "/", SHORT, expect_text="Words")
    assert result.error_class is None, result.detail
    assert seconds(result, "page_load_seconds") > 0
    assert measured(result, "tti_seconds") is None
    assert result.measured["browser_tti_seconds", ("lab", "none")].waited > 4


@pytest.mark.long
def test_a_page_that_never_loads_is_a_timeout_and_a_slow_load(web: Server) -> None:
    """No answer, or an image that never comes: class timeout, and page load and time to interactive did not come."""
    web.site["/silent"] = web.site["/never.png"] = never(web)
    web.page("/half", "<h1>Words</h1><img src=/never.png>")
    for path in ("/silent", "/half"):
        result = run(web.url + path, SHORT)
        assert result.error_class is ErrorClass.TIMEOUT, f"{path}: {result.detail}"
        for name in ("page_load_seconds", "tti_seconds"):
            assert measured(result, name) is None if name == "page_load_seconds" else True
            assert result.measured[f"browser_{name}", ("lab", "none")].waited > 4


@pytest.mark.long
def test_a_script_without_an_end_is_a_timeout(web: Server) -> None:
    """Before the load event and after it: the page does not answer, the browser does, so it is the page's fault."""
    web.page("/before", "<h1>Words</h1><script>for (;;);</script>")
    web.page(
        "/after", "<h1>Words</h1><script>addEventListener('load', () => setTimeout(() => { for (;;); }, 1))</script>"
    )
    for path in ("/before", "/after"):
        result = run(web.url + path, SHORT)
        assert result.error_class is ErrorClass.TIMEOUT, f"{path}: {result.detail}"
        assert measured(result, "tti_seconds") is None


def junk(request: BaseHTTPRequestHandler) -> None:
    """Send what is no HTTP."""
    request.wfile.write(b"\0\0junk\r\n\r\n")


def attachment(request: BaseHTTPRequestHandler) -> None:
    """Send a download that is larger than it should be."""
    request.send_response(200)
    request.send_header("Content-Type", "application/octet-stream")
    request.send_header("Content-Disposition", "attachment; filename=x.bin")
    request.end_headers()
    for _ in range(1000):
        request.wfile.write(b"x" * 65536)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/absent", ErrorClass.PROTOCOL),
        ("/secret", ErrorClass.AUTH),
        ("/forbidden", ErrorClass.PERMISSION),
        ("/circle", ErrorClass.PROTOCOL),
        ("/reload", ErrorClass.PROTOCOL),
        ("/file", ErrorClass.PROTOCOL),
        ("/junk", ErrorClass.PROTOCOL),
        ("/other-text", ErrorClass.PROTOCOL),
    ],
)
def test_an_address_that_leads_to_no_good_page_has_a_class(web: Server, path: str, expected: ErrorClass) -> None:
    """An error status, endless redirects by server or script, a download, no HTTP, another text than expected."""
    web.site["/secret"] = lambda request: send(request, "no", status=401)
    web.site["/forbidden"] = lambda request: send(request, "no", status=403)
    web.site["/circle"] = redirect("/circle")
    web.page("/reload", "<script>location.href = '/reload?' + Math.random()</script>")
    web.site["/file"] = attachment
    web.site["/junk"] = junk
    web.page("/other-text", "<h1>Sorry, we are closed</h1>")
    result = run(web.url + path, expect_text="Words")
    assert result.error_class is expected, result.detail
    # The speed of an error page says nothing; that of the page with another text is still its own.
    assert bool(result.measured) == (path == "/other-text")


@pytest.mark.long
def test_the_network_in_between_has_classes(web: Server) -> None:
    """Nobody listens: refused. No such name: dns. No TLS where it was asked for: tls."""
    for url, expected in (
        (f"http://127.0.0.1:{free_port()}/", ErrorClass.REFUSED),
        ("http://nowhere.invalid/", ErrorClass.DNS),
        (web.url.replace("http", "https") + "/", ErrorClass.TLS),
    ):
        result = run(url)
        assert result.error_class is expected, f"{url}: {result.detail}"
        assert not result.measured


@pytest.mark.long
def test_dialogs_popups_and_downloads_do_not_stop_a_page(web: Server) -> None:
    """A page that asks, opens windows and pushes files is measured all the same; nobody answers it."""
    web.site["/file"] = attachment
    opens = "alert(1); confirm(2); prompt(3); for (let i = 0; i < 5; i++) open('/popup' + i);"
    leaves = "addEventListener('beforeunload', (event) => event.preventDefault());"
    saves = "setTimeout(() => a.click(), 100);"
    web.page("/", f"<h1>Words</h1><a id=a href=/file download=x>x</a><script>{leaves}{opens}{saves}</script>")
    result = run(web.url + "/", expect_text="Words")
    assert result.error_class is None, result.detail
    assert seconds(result, "page_load_seconds") > 0


@pytest.mark.long
def test_a_large_page_ends_one_way_or_the_other(web: Server) -> None:
    """50 MB of text: it loads, or it is too much or too late, and says so."""
    paragraph = "<p>" + "word " * 2000
    web.page("/", paragraph * 5000)
    result = run(web.url + "/", 25)
    assert result.error_class in {None, ErrorClass.TIMEOUT, ErrorClass.EXHAUSTED}, result.detail
    if result.error_class is None:
        assert result.gauges["browser_page_transferred_bytes", ("document",)] >= 50_000_000


@pytest.mark.long
def test_a_page_that_takes_all_memory_is_exhausted(web: Server) -> None:
    """It is ended at 768 MiB, long before the machine is."""
    eats = "const all = []; setInterval(() => all.push(new Uint8Array(64 << 20).fill(1)), 50);"
    web.page("/", f"<h1>Words</h1><script>{eats}</script>")
    result = run(web.url + "/")
    assert result.error_class is ErrorClass.EXHAUSTED, result.detail


@pytest.mark.long
def test_a_flood_of_requests_and_messages_is_bounded(web: Server) -> None:
    """A page that asks without an end and talks without an end is ended in time: with a class, or as never interactive.

    It is loaded: where the machine is fast enough for it to answer all the same, it passes, as any busy page does.
    """
    web.page(
        "/", "<h1>Words</h1><script>setInterval(() => { for (let i = 0; i < 500; i++) fetch('/x?' + i); }, 20)</script>"
    )
    web.page(
        "/talks",
        "<h1>Words</h1><script>setInterval(() => { for (let i = 0; i < 9999; i++) console.log(i); }, 1)</script>",
    )
    for path in ("/", "/talks"):
        result = run(web.url + path, SHORT)
        if result.error_class is None:
            assert measured(result, "tti_seconds") is None, path
            continue
        ends = {ErrorClass.PROTOCOL, ErrorClass.TIMEOUT, ErrorClass.EXHAUSTED}
        assert result.error_class in ends, f"{path}: {result.detail}"
