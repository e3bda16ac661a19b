"""What the browser agent sends, and when: named actions, nothing personal or unasked, and all that was measured."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page

from exporters.rum.beacon import MOST_BYTES
from tests.browser.agent_site import LATE_SECONDS
from tests.browser.agent_world import HIDE, PAINTED, ROUTES, World
from tests.support.servers import wait_until

# The bundle is built from npm's registry.
pytestmark = [pytest.mark.long, pytest.mark.usefixtures("nothing_sent_yet")]


def test_a_beacon_says_of_which_share_it_is(world: World) -> None:
    """A page that samples all but a little says so, and one that does not is whole."""
    random = "Math.random = () => 0.1"
    world.vitals_of(world.open(world.site.page("/half", "<p>Text</p>", tag='data-sample="0.5"'), random))
    assert {beacon.sample for beacon in world.site.beacons()} == {0.5}
    world.site.bodies.clear()
    world.vitals_of(world.open(world.site.page("/whole", "<p>Text</p>")))
    assert {beacon.sample for beacon in world.site.beacons()} == {1.0}


def test_named_actions(world: World) -> None:
    """A form lasts from its submission to its feedback, a search as long as the page says; each counts once.

    A request that could not be sent (no address was opened) is waited for by nobody.
    """
    script = (
        "document.querySelector('form').onsubmit = event => {event.preventDefault();"
        "try {new XMLHttpRequest().send()} catch {}; fetch('/api/late')};"
        "document.querySelector('#find').onclick = () => {const done = window.pantrywatch.action('search');"
        "window.pantrywatch.action('import')(); window.pantrywatch.action('of ada@crm.example')();"
        "fetch('/api/late?of=search').then(() => {done(); done(); window.isFound = true})}"
    )
    body = '<form data-pantrywatch="form"><button id="save">Save</button></form><button id="find">Find</button>'
    page = world.open(world.site.page("/actions", body, script))
    for button in ("#save", "#find"):
        page.locator(button).click()
    page.wait_for_function("() => window.isFound", timeout=60_000)
    page.evaluate(PAINTED)
    page.evaluate(PAINTED)
    world.vitals_of(page)
    actions = [action for beacon in world.site.beacons() for action in beacon.actions]
    assert sorted(action.name for action in actions) == ["form", "import", "search"]
    assert [one for one in actions if one.name != "import" and one.duration < LATE_SECONDS * 1000] == []


@pytest.mark.parametrize(
    ("address", "options", "route"),
    [
        ("/contacts/4711-ada@crm.example?q=secret&token=t0k3n#fragment", "", "/contacts/:id"),
        ("/orders/4711-ada@crm.example?q=secret&token=t0k3n#fragment", "", ""),
        ("/contacts?q=secret#/contacts/4711-ada@crm.example?token=t0k3n", "data-hash", "/contacts/:id"),
    ],
    ids=["of-the-list", "not-of-the-list", "behind-the-hash"],
)
def test_nothing_personal_leaves_the_page(world: World, address: str, options: str, route: str) -> None:
    """No byte of a beacon is of an address, a query, a fragment, a title, a text, an id, a cookie or a storage."""
    script = "addEventListener('load', () => setTimeout(() => {throw new Error('Lovelace')}))"
    world.site.page("/contacts", '<p>Text</p><input id="ada-4711" value="secret">', script, f"{ROUTES} {options}")
    page = world.open(world.site.url + address)
    assert page.evaluate("[document.cookie, localStorage.length, sessionStorage.length]") == ["", 0, 0]
    world.vitals_of(page)
    assert {beacon.route for beacon in world.site.beacons()} == {route}
    sent = b"".join(re.sub(rb'"id":"[0-9a-f]{16,32}"', b"", body) for body in world.site.bodies)
    words = ["4711-", "ada", "secret", "token", "t0k3n", "fragment", "Lovelace", "Text", "127.0.0.1", "http", "?", "@"]
    assert [word for word in words if word.encode() in sent] == []
    assert all(len(body) <= MOST_BYTES for body in world.site.bodies)
    assert {headers["content-type"] for headers in world.site.headers} == {"text/plain;charset=UTF-8"}
    assert not any("cookie" in headers for headers in world.site.headers)


_HIDDEN = "Object.defineProperty(document, 'visibilityState', {get: () => 'hidden', configurable: true})"


def test_a_background_tab_measures_nothing_that_nobody_waited_for(world: World) -> None:
    """A page that loads where nobody looks has a time to first byte; no paint, no load and no shift of it count."""
    page = world.context.new_page()
    page.add_init_script(_HIDDEN)
    page.goto(world.site.page("/background", "<p>Text</p>"))
    page.wait_for_function("() => window.pantrywatch && document.readyState === 'complete'", timeout=60_000)
    page.close()
    wait_until(lambda: "ttfb" in world.site.vitals(), 60, "a beacon of the page")
    assert world.site.vitals().keys() == {"ttfb"}


def test_two_tabs_are_two_page_loads(world: World) -> None:
    """Each sends its own; nothing is shared between them, and no batch has the id of another."""
    address = world.site.page("/tab", "<p>Text</p>")
    pages = [world.open(address) for _ in range(2)]
    for page in pages:
        page.evaluate(HIDE)
        page.close()
    wait_until(lambda: len([one for one in world.site.beacons() if one.vitals.cls is not None]) == 2, 60, "both")
    beacons = world.site.beacons()
    assert len({one.id for one in beacons}) == len(beacons)
    assert [one.vitals.ttfb is not None for one in beacons].count(True) == 2


_UNWILLING = (
    ("Object.defineProperty(navigator, 'doNotTrack', {get: () => '1'})", ""),
    ("Object.defineProperty(navigator, 'globalPrivacyControl', {get: () => true})", ""),
    ("", 'data-consent="wait"'),
    ("", 'data-sample="0"'),
)


def test_who_does_not_want_it_sends_nothing(world: World) -> None:
    """Do Not Track, Global Privacy Control, a consent not given, a page load not sampled: not one request."""
    for number, (before, tag) in enumerate(_UNWILLING):
        page = world.open(world.site.page(f"/quiet{number}", "<p>Text</p>", tag=tag), before)
        page.evaluate(HIDE)
        page.close()
    world.vitals_of(world.open(world.site.page("/control", "<p>Text</p>")))
    assert {headers["referer"].removeprefix(world.site.url) for headers in world.site.headers} == {"/control"}


def test_consent_given_and_withdrawn(world: World) -> None:
    """Measures begin with the consent, those of the load included, and end where it is withdrawn."""
    address = world.site.page("/consent", "<p>Text</p>", tag='data-consent="wait"')
    for calls in ("start()", "start(); window.pantrywatch.stop()"):
        page = world.open(address)
        page.evaluate(f"() => {{window.pantrywatch.{calls}}}")
        page.evaluate(PAINTED)
        page.evaluate(HIDE)
        page.close()
    wait_until(lambda: "fcp" in world.site.vitals(), 60, "a beacon of the page with consent")
    assert len([beacon for beacon in world.site.beacons() if beacon.vitals.fcp is not None]) == 1


def _close(page: Page) -> None:
    page.close(run_before_unload=False)


def _navigate(page: Page) -> None:
    page.goto("about:blank")
    page.close()


def _hide(page: Page) -> None:
    page.evaluate(HIDE)


_ENDINGS: dict[str, Callable[[Page], None]] = {"close": _close, "navigate": _navigate, "hide": _hide}


@pytest.mark.parametrize("ending", _ENDINGS)
def test_what_was_measured_arrives(world: World, ending: str) -> None:
    """Of twenty pages that are closed, left or hidden, the measures of nineteen arrive."""
    address, lost = world.site.page("/end", "<p>Text</p>"), 0
    for _ in range(20):
        world.site.bodies.clear()
        page = world.open(address)
        _ENDINGS[ending](page)
        try:
            wait_until(lambda: {"lcp", "cls", "ttfb", "load"} <= world.site.vitals().keys(), 60, f"beacon at {ending}")
        except AssertionError:
            lost += 1
        page.close()
    assert lost <= 1
