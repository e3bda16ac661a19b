"""The browser agent in a real Chromium, on pages of known values: what it measures."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from exporters.rum.metrics import PAGE_ERRORS, SCRIPT_ERRORS
from tests.browser.agent_site import LATE_SECONDS
from tests.browser.agent_world import HIDE, PAINTED, ROUTES, World
from tests.support.servers import wait_until

# The bundle is built from npm's registry.
pytestmark = [pytest.mark.long, pytest.mark.usefixtures("nothing_sent_yet")]

MOST_BROTLI_BYTES = 6_000
_OWN = (  # what the browser itself has measured of the page
    "() => new Promise(done => new PerformanceObserver(list => done({value})).observe("
    "{{type: '{type}', buffered: true}}))"
)


def test_the_bundle_is_small(world: World) -> None:
    """With web-vitals, each file is at most 6 kB as a web server sends it, and what goes into a page 200 bytes."""
    assert {file.name for file in world.bundle.iterdir()} == {"tag.js", "index.js", "early.js"}
    for file in world.bundle.iterdir():
        assert _brotli_bytes(file) <= MOST_BROTLI_BYTES, file.name
    assert (world.bundle / "early.js").stat().st_size <= 200


def _brotli_bytes(file: Path) -> int:
    script = "console.log(zlib.brotliCompressSync(fs.readFileSync(process.argv[1])).length)"
    return int(subprocess.run(["node", "-e", script, str(file)], check=True, capture_output=True, text=True).stdout)


def test_first_input_delay_is_the_pages_own(world: World) -> None:
    """With the main thread busy for 300 ms, it is what the page's own entry says, within a millisecond."""
    busy = (
        "document.querySelector('button').addEventListener('pointerover', () => {"
        "const end = performance.now() + 300; while (performance.now() < end);}, {once: true});"
    )
    page = world.open(world.site.page("/busy", "<button>Save</button>", busy))
    box = page.locator("button").bounding_box()
    assert box
    page.mouse.click(box["x"] + 5, box["y"] + 5)  # raw: a click of Playwright waits until the page is idle
    value = "list.getEntries()[0].processingStart - list.getEntries()[0].startTime"
    delay = page.evaluate(_OWN.format(type="first-input", value=value))
    assert delay >= 100
    page.wait_for_function("() => performance.interactionCount === 1", timeout=60_000)
    assert abs(world.vitals_of(page)["fid"] - delay) <= 1
    assert world.site.total("interactions") == 1


def test_the_score_of_a_known_shift(world: World) -> None:
    """A box as wide as the view that moves by a quarter of its height: three quarters of it, times that move."""
    world.site.files["/shift.css"] = b"*{margin:0} p{height:0} p.x{height:225px} div{height:450px;background:red}"
    script = "window.move = () => {document.querySelector('p').className = 'x'}"
    page = world.open(
        world.site.page("/shift", '<link rel="stylesheet" href="/shift.css"><p></p><div>Text</div>', script)
    )
    page.evaluate("() => window.move()")
    page.evaluate(PAINTED)
    score = page.evaluate(
        _OWN.format(type="layout-shift", value="list.getEntries().reduce((sum, e) => sum + e.value, 0)")
    )
    assert score == pytest.approx(675 / 900 * 225 / 1200, abs=0.001), "the move counts against the longer side"
    assert world.vitals_of(page)["cls"] == pytest.approx(score, abs=0.0001)


def test_the_largest_paint_of_a_late_image(world: World) -> None:
    """An image that the server holds back is not painted before it came; everything else of the load is there."""
    page = world.open(world.site.page("/late", '<img src="/late.svg" width="800" height="600">'))
    own = page.evaluate(_OWN.format(type="largest-contentful-paint", value="list.getEntries().at(-1).startTime"))
    vitals = world.vitals_of(page)
    assert vitals["lcp"] == pytest.approx(own, abs=1)
    assert vitals["lcp"] >= LATE_SECONDS * 1000
    assert vitals["load"] >= LATE_SECONDS * 1000
    assert 0 <= vitals["ttfb"] <= vitals["fcp"] <= vitals["lcp"]
    assert vitals["cls"] == 0
    assert "route_change" not in vitals


def test_errors_are_counted_by_class(world: World) -> None:
    """Of scripts, workers, scripts of other origins, rejections, broken images, failed requests: each in its class."""
    elsewhere = world.site.elsewhere
    world.site.files["/worker.js"] = b"setTimeout(() => {throw new Error('of ada@crm.example')})"
    world.site.files["/other.js"] = b"setTimeout(() => {throw new Error('of ada@crm.example')})"
    script = (
        "setTimeout(() => {throw new Error('of ada@crm.example')});"
        "setTimeout(() => {throw new Error('of ada@crm.example')});"
        "setTimeout(() => Promise.reject(new Error('of ada@crm.example')));"
        "addEventListener('load', () => setTimeout(async () => {await fetch('/api/broken'); await fetch('/api/none');"
        "await new Promise(done => {const image = new Image(); image.onerror = done; image.src = '/nothing.png';"
        "document.body.append(image)});"
        "await new Promise(done => {const x = new XMLHttpRequest(); x.onloadend = done; x.open('GET', '/api/broken');"
        "x.send()});"
        "const box = document.querySelector('p'); let width = 100;"
        "new ResizeObserver(() => {box.style.width = ++width + 'px'}).observe(box);"
        "while (width <= 101) await new Promise(requestAnimationFrame); window.isDone = true}));"
        "addEventListener('error', event => (window.seen ??= []).push(event.message));"
        "new Worker('/worker.js');"
        "document.head.append(Object.assign(document.createElement('script'), {src: '" + elsewhere + "/other.js'}))"
    )
    early = "addEventListener('DOMContentLoaded', () => {" + script + "})"
    page = world.open(world.site.page("/errors", "<p>Text</p>", early))
    page.wait_for_function("() => window.isDone && window.seen.length >= 5", timeout=60_000)
    world.vitals_of(page)
    found = {name: world.site.total(name) for name in (*SCRIPT_ERRORS.values(), *PAGE_ERRORS.values())}
    assert found.pop("observer_errors") >= 1
    assert found == {"errors": 2, "rejections": 1, "opaque_errors": 1, "worker_errors": 1, "failed_resources": 1}
    assert world.site.total("failed_requests") == 2
    assert b"crm.example" not in b"".join(world.site.bodies)


def test_a_rejection_that_the_page_does_not_catch_stays_one(world: World) -> None:
    """A request without an answer that nobody waits for is a failed request and, as without the agent, a rejection."""
    page = world.open(
        world.site.page("/lost", "<p>Text</p>", "addEventListener('load', () => setTimeout(() => fetch('bad:')))")
    )
    world.vitals_of(page)
    assert world.site.total("failed_requests") == 1
    assert world.site.total("rejections") == 1


def test_a_change_of_route_is_not_a_load(world: World) -> None:
    """It is measured until its data is painted; the load's measures go out before, with the load's route."""
    script = (
        "document.querySelector('button').onclick = async () => {history.pushState({}, '', '/contacts/4711?q=ada#x');"
        "await fetch('/api/late'); document.querySelector('h1').textContent = 'Ada'; window.isThere = true}"
    )
    page = world.open(world.site.page("/contacts", "<h1>List</h1><button>Open</button>", script, ROUTES))
    page.locator("button").click()
    wait_until(lambda: any(beacon.navigation == "hard" for beacon in world.site.beacons()), 60, "the load's beacon")
    page.evaluate(HIDE)
    wait_until(lambda: any(beacon.navigation == "soft" for beacon in world.site.beacons()), 60, "the route's beacon")
    page.close()
    assert {(one.navigation, one.route) for one in world.site.beacons()} == {
        ("hard", "/contacts"),
        ("soft", "/contacts/:id"),
    }
    assert world.site.vitals("soft").keys() == {"route_change"}
    assert world.site.vitals("soft")["route_change"] >= LATE_SECONDS * 1000
    assert {"lcp", "fcp", "ttfb", "cls", "load", "fid"} <= world.site.vitals().keys()


_STEPS = (
    "document.querySelectorAll('a').forEach(link => link.onclick = event => {event.preventDefault();"
    "history.pushState({}, '', link.getAttribute('href'));"
    "document.querySelector('p').textContent = 'now at ' + location.pathname + ' with a long text';});"
    "document.querySelectorAll('button').forEach(button => button.onclick = () => {"
    "const end = performance.now() + Number(button.id); while (performance.now() < end);});"
)


def test_each_route_has_its_own_slowest_interaction(world: World) -> None:
    """INP of a load ends with its route; that of the routes after it is each one's own, as web-vitals measures it."""
    body = "".join(f'<a href="/{to}">{to}</a> ' for to in ("contacts/1", "search"))
    body += '<p>Here</p><button id="200">Slow</button><button id="1500">Slower</button><button id="1">Fast</button>'
    page = world.open(world.site.page("/contacts", body, _STEPS, ROUTES))

    def interactions(button: str) -> None:
        page.locator(f"[id='{button}']").click()
        page.evaluate(PAINTED)

    def go(to: str) -> None:
        sent = len(world.site.bodies)
        page.locator(f"a[href='/{to}']").click()
        wait_until(lambda: len(world.site.bodies) > sent, 60, "what came before")
        page.evaluate(PAINTED)

    interactions("200")
    go("contacts/1")
    interactions("1500")
    go("search")
    interactions("1")
    page.evaluate(HIDE)
    page.close()
    wait_until(lambda: len({one.route for one in world.site.beacons()}) == 3, 60, "a beacon of each route")
    found = {(one.navigation, one.route): one.vitals.inp for one in world.site.beacons() if one.vitals.inp is not None}
    assert 200 <= found["hard", "/contacts"] < 1500
    assert found["soft", "/contacts/:id"] >= 1500
    assert found.get(("soft", "/search"), 8) < 1500
    assert len([one for one in world.site.beacons() if one.vitals.inp is not None]) == len(found), "none came twice"


@pytest.fixture
def world_with_cache(world: World) -> Iterator[World]:
    """Give a browser that keeps pages: Playwright's own arguments forbid it."""
    arguments = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking"]
    browser_type = world.context.browser.browser_type if world.context.browser else None
    assert browser_type
    browser = browser_type.launch(
        executable_path="/usr/bin/chromium", args=arguments, ignore_default_args=["--disable-back-forward-cache"]
    )
    try:
        yield World(world.site, browser.new_context(viewport={"width": 1200, "height": 900}), world.bundle)
    finally:
        browser.close()


def test_a_page_that_comes_back_is_another_visit(world_with_cache: World) -> None:
    """Its paints, shifts and interactions count again, by web-vitals; what needs a fetch does not, nothing twice."""
    world = world_with_cache
    page = world.open(world.site.page("/kept", '<p>Text</p><button id="150">Slow</button>', _STEPS))
    page.evaluate("addEventListener('pageshow', event => {window.back = event.persisted && event.timeStamp})")
    page.goto("about:blank")
    wait_until(lambda: {"lcp", "cls", "fcp", "ttfb", "load"} <= world.site.vitals().keys(), 60, "the load's beacon")
    world.site.bodies.clear()
    page.go_back(wait_until="commit")
    page.wait_for_function("() => window.back", timeout=60_000)
    back = page.evaluate("window.back")  # milliseconds since the load
    page.evaluate(PAINTED)
    page.locator("button").click()
    page.evaluate(PAINTED)
    page.goto("about:blank")
    wait_until(lambda: {"lcp", "fcp", "cls", "inp"} <= world.site.vitals().keys(), 60, "the beacons of the visit")
    second = world.site.vitals()
    assert not second.keys() & {"ttfb", "load", "route_change"}
    assert second["inp"] >= 150
    assert second["lcp"] < back, "it counts from when the page came back"
    page.go_back(wait_until="commit")
    page.wait_for_function("() => window.back", timeout=60_000)
    page.evaluate(PAINTED)
    world.site.bodies.clear()
    page.close(run_before_unload=False)
    wait_until(lambda: "fcp" in world.site.vitals(), 60, "what is closed after it came back arrives too")


@pytest.mark.parametrize("how", ["file", "nonce", "none"])
def test_errors_before_the_agent_starts(world: World, how: str) -> None:
    """With early.js they count, as a file or inline with a nonce, each once and in its class; without it none does."""
    early = {
        "file": '<script src="/early.js"></script>',
        "nonce": f'<script nonce="r4nd0m">{world.site.files["/early.js"].decode()}</script>',
        "none": "",
    }[how]
    body = '<p>Text</p><img src="/nothing.png">'
    script = "Promise.reject(new Error('of ada@crm.example')); throw new Error('of ada@crm.example')"
    world.site.files["/nothing.png"] = b"no image"
    page = world.open(world.site.page(f"/early-{how}", body, script, first=early))
    page.wait_for_function("() => [...document.images].every(image => image.complete)", timeout=60_000)
    page.evaluate("() => new Promise(done => setTimeout(() => {setTimeout(done); throw new Error('late')}))")
    world.vitals_of(page)
    classes = ("errors", "rejections", "failed_resources", "opaque_errors")
    found = {name: world.site.total(name) for name in classes}
    if how == "none":
        assert found["errors"] == 1
    else:
        assert found == {"errors": 2, "rejections": 1, "failed_resources": 1, "opaque_errors": 0}
    assert b"crm.example" not in b"".join(world.site.bodies)


def test_few_errors_are_kept_for_the_agent(world: World) -> None:
    """A page that fails all the time before the agent starts keeps fifty of them, and none once it runs."""
    script = "for (let n = 0; n < 300; n++) dispatchEvent(new ErrorEvent('error', {error: new Error('x')}))"
    first = '<script src="/early.js"></script>'
    page = world.open(world.site.page("/many", "<p>Text</p>", script, first=first))
    world.vitals_of(page)
    assert world.site.total("errors") == 50


_BUSY = "const end = performance.now() + {0}; while (performance.now() < end);"


def test_blocking_time_by_whose_script_it_was(world: World) -> None:
    """A handler of the page that runs for 300 ms, and one of another origin's script: what exceeds 50 ms of each."""
    world.site.files["/third.js"] = f"window.third = () => {{{_BUSY.format(400)}}}".encode()
    body = f'<button>Own</button><script src="{world.site.elsewhere}/third.js"></script>'
    own = f"document.querySelector('button').onclick = () => {{{_BUSY.format(300)}}};"
    page = world.open(world.site.page("/blocking", body, own + "window.later = () => setTimeout(window.third)"))
    page.locator("button").click()
    page.evaluate(PAINTED)
    page.evaluate("() => window.later()")
    page.wait_for_function(
        "() => new Promise(done => new PerformanceObserver(list => done(list.getEntries().some("
        "one => one.scripts.some(script => script.sourceURL.endsWith('/third.js'))))).observe("
        "{type: 'long-animation-frame', buffered: true}))",
        timeout=60_000,
    )
    world.vitals_of(page)
    told = [beacon.blocking for beacon in world.site.beacons() if beacon.blocking]
    assert sum(one.first for one in told) >= 240
    assert sum(one.third for one in told) >= 340


def test_the_weight_of_a_page_load(world: World) -> None:
    """Each file is in its kind, with the bytes that were sent; one of another origin that does not say is unknown."""
    world.site.files["/weight.css"] = b"p{color:red}" * 1000
    world.site.files["/far.js"] = b"window.far = 1"
    body = (
        '<link rel="stylesheet" href="/weight.css"><p>Text</p><img src="/now.svg" width="99" height="99">'
        f'<script src="{world.site.elsewhere}/far.js"></script>'
    )
    vitals = world.vitals_of(world.open(world.site.page("/weight", body, "window.own = 1")))
    assert "load" in vitals
    (kinds,) = [beacon.resources for beacon in world.site.beacons() if beacon.resources]
    found = {one.kind: one for one in kinds}
    assert found.keys() == {"document", "style", "image", "script"}
    assert found["style"].network == 1
    assert 12_000 <= found["style"].network_bytes <= 13_000
    assert found["image"].network_bytes >= 60_000
    assert (found["script"].network, found["script"].unknown) == (2, 1), "the agent, the page's own; the far one"
