"""The browser agent on pages that do not keep to the usual: what is no measure of theirs, and no error of its own."""

from __future__ import annotations

import pytest

from tests.browser.agent_site import LATE_SECONDS
from tests.browser.agent_world import HIDE, PAINTED, ROUTES, World
from tests.support.servers import wait_until

pytestmark = [pytest.mark.long, pytest.mark.usefixtures("nothing_sent_yet")]

LATE_MS = LATE_SECONDS * 1000
_FETCH = "fetch('/api/late')"
_SHOW = HIDE.replace("'hidden'", "'visible'")


def _routes(world: World) -> list[tuple[str, str, set[str]]]:
    """Return navigation, route and measures of each beacon with any."""
    found = [(one.navigation, one.route, one.vitals) for one in world.site.beacons()]
    named = [(of, route, {name for name in vitals.__struct_fields__ if getattr(vitals, name) is not None})
             for of, route, vitals in found]  # fmt: skip
    return [one for one in named if one[2]]


def test_an_action_ends_with_its_own_requests(world: World) -> None:
    """A search that waits for a pause in typing, and a form that the page refuses: an older request ends neither."""
    script = (
        "const field = document.querySelector('input'); let timer;"
        "field.oninput = () => {clearTimeout(timer); timer = setTimeout(() => fetch('/api/late?own')"
        ".then(() => {window.isFound = true}), 600)};"
        "document.querySelector('form').onsubmit = event => event.preventDefault()"
    )
    body = '<p>Text</p><input data-pantrywatch="search"><form data-pantrywatch="form"><button>Save</button></form>'
    page = world.open(world.site.page("/own", body, script))
    page.evaluate("void fetch('/api/late?older'); document.querySelector('form').requestSubmit()")
    # As long as a form may wait for its own request.
    page.evaluate("() => new Promise(done => setTimeout(done, 1100))")
    page.evaluate("void fetch('/api/late?older')")
    page.locator("input").press("a")
    page.wait_for_function("() => window.isFound", timeout=60_000)
    page.evaluate(PAINTED)
    page.evaluate(PAINTED)
    world.vitals_of(page)
    actions = [action for beacon in world.site.beacons() for action in beacon.actions]
    assert [action.name for action in actions] == ["search"]
    assert actions[0].duration >= 600 + LATE_MS


@pytest.mark.parametrize(
    "change",
    [
        "history.pushState({}, '', '/search'); history.replaceState({}, '', '/contacts/4711')",
        f"history.pushState({{}}, '', '/search'); {_FETCH}.then(() => history.replaceState({{}}, '', '/contacts/1'))",
        f"navigation.onnavigate = at => at.intercept({{handler: () => {_FETCH}}}); navigation.navigate('/contacts/1')",
    ],
    ids=["redirected", "redirected-later", "navigation-api"],
)
def test_a_route_has_the_name_it_ends_with(world: World, change: str) -> None:
    """The load's measures keep the load's route, and a change of route that is redirected has the last one."""
    world.site.page("/contacts", "<p>Text</p>", tag=ROUTES)
    page = world.open(world.site.url + "/contacts")
    page.evaluate(f"() => {{{change}}}")
    page.wait_for_function("() => location.pathname.startsWith('/contacts/')", timeout=60_000)
    wait_until(lambda: any(one.navigation == "hard" for one in world.site.beacons()), 60, "the load's beacon")
    world.vitals_of(page)
    wait_until(lambda: any(one.navigation == "soft" for one in world.site.beacons()), 60, "the route's beacon")
    found = _routes(world)
    assert {route for navigation, route, _ in found if navigation == "hard"} == {"/contacts"}
    assert [(route, names) for navigation, route, names in found if navigation == "soft"] == [
        ("/contacts/:id", {"route_change"})
    ]


def test_a_request_lasts_until_its_body_was_read(world: World) -> None:
    """A change of route ends when what came late, behind headers that came at once, is painted."""
    script = (
        "window.go = () => {history.pushState({}, '', '/contacts/1');"
        "fetch('/api/trickle').then(answer => answer.text()).then(() => {window.isThere = true})}"
    )
    page = world.open(world.site.page("/body", "<p>Text</p>", script, ROUTES))
    page.evaluate("() => window.go()")
    page.wait_for_function("() => window.isThere", timeout=60_000)
    page.evaluate(PAINTED)
    page.evaluate(PAINTED)
    world.vitals_of(page)
    wait_until(lambda: "route_change" in world.site.vitals("soft"), 60, "the change of route")
    assert world.site.vitals("soft")["route_change"] >= LATE_MS


def test_who_looks_elsewhere_does_not_wait(world: World) -> None:
    """A change of route and an action in which the page was hidden have no duration; those after it do."""
    page = world.open(world.site.page("/away", "<p>Text</p>", tag=ROUTES))
    page.evaluate(
        "() => {window.done = window.pantrywatch.action('search'); history.pushState({}, '', '/contacts/1');"
        "return fetch('/api/late').then(answer => answer.text())}"
    )
    page.evaluate(HIDE)
    page.evaluate(_SHOW)
    page.evaluate("() => {window.done(); window.pantrywatch.action('form')()}")
    page.evaluate(PAINTED)
    page.evaluate(PAINTED)
    page.evaluate(HIDE)
    page.close()
    wait_until(lambda: any(one.actions for one in world.site.beacons()), 60, "the action after it")
    assert [action.name for one in world.site.beacons() for action in one.actions] == ["form"]


def test_a_page_that_is_left_takes_its_requests_along(world: World) -> None:
    """Requests under way when the user leaves have not failed; one that timed out has, and one the page aborted not."""
    script = (
        "window.go = async () => {const one = new AbortController();"
        "const asked = fetch('/api/late', {signal: one.signal}); one.abort(); await asked.catch(() => 0);"
        "await fetch('/api/late', {signal: AbortSignal.timeout(50)}).catch(() => 0);"
        "fetch('/api/late'); const request = new XMLHttpRequest(); request.open('GET', '/api/late'); request.send();"
        "setTimeout(() => {location.href = '/next'}, 50)}"
    )
    world.site.files["/next"] = b"<p>Next"
    page = world.open(world.site.page("/leave", "<p>Text</p>", script))
    page.evaluate("() => {window.go()}")
    page.wait_for_url("**/next", timeout=60_000)
    wait_until(lambda: "cls" in world.site.vitals(), 60, "the last beacon of the page")
    assert world.site.total("failed_requests") == 1


def test_whatever_a_script_throws_is_its_error(world: World) -> None:
    """Undefined, 0, an empty text, a text and a DOMException are errors of scripts, as an Error is."""
    script = (
        "addEventListener('load', () => {for (const thrown of [undefined, 0, '', 'text', new DOMException('x')])"
        "setTimeout(() => {throw thrown}); setTimeout(() => {window.isDone = true}, 50)})"
    )
    page = world.open(world.site.page("/thrown", "<p>Text</p>", script))
    page.wait_for_function("() => window.isDone", timeout=60_000)
    world.vitals_of(page)
    assert (world.site.total("errors"), world.site.total("worker_errors")) == (5, 0)


@pytest.mark.parametrize(
    "before",
    ["Object.defineProperty(navigator, 'sendBeacon', {value: undefined})", "navigator.sendBeacon = () => {throw 1}"],
    ids=["none", "throws"],
)
def test_a_browser_without_beacons_throws_nothing(world: World, before: str) -> None:
    """Where sending is forbidden nothing is sent, and the page sees no error."""
    watch = "addEventListener('error', event => (window.seen ??= []).push(event.message));"
    page = world.open(world.site.page("/forbidden", "<p>Text</p>", "0"), watch + before)
    page.evaluate(HIDE)
    page.evaluate(PAINTED)
    assert page.evaluate("() => window.seen ?? []") == []


def test_a_page_with_two_copies_and_a_foreign_base_is_measured_once(world: World) -> None:
    """The tag, another copy of it, a share that is none, a base of another origin: one load, sent to the own."""
    world.site.files["/copy.js"] = world.site.files["/agent.js"]
    more = '<script type="module" src="/copy.js"></script>'
    script = (
        f"document.head.append(Object.assign(document.createElement('base'), {{href: '{world.site.elsewhere}/x/'}}))"
    )
    page = world.open(world.site.page("/copies", "<p>Text</p>", script, 'data-sample="10%"', first=more))
    world.vitals_of(page)
    assert [one.vitals.ttfb is not None for one in world.site.beacons()].count(True) == 1
    assert {headers["host"] for headers in world.site.headers} == {world.site.url.removeprefix("http://")}
