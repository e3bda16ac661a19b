"""A real Chromium that logs in, fills, clicks and waits: what each step took, and why one failed."""

from __future__ import annotations

from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest

from exporters.browser.journey import Journey
from exporters.browser.process import chromium
from exporters.browser.settings import find_chromium
from exporters.browser.steps import Step
from exporters.browser.tab import Tab
from exporters.browser.traffic import Traffic
from exporters.core.checks.check import Observation
from exporters.core.deadline import Deadline
from exporters.core.errors import CollectError
from tests.integration.browser.site import PATIENCE, Server, never, redirect, run, send
from tests.support.servers import free_port, wait_until

pytestmark = pytest.mark.timeout(400)

SUCCESS, SECONDS = "pantrywatch_check_step_success", "pantrywatch_check_step_duration_seconds"
LOG_IN = """<form method=post action=/session><label for=u>User name</label><input id=u name=user value=old>
<label>Password <input type=password name=password></label><button>Log in</button></form>"""
HOME = """<h1>Organizations</h1><label>Search <input id=q></label><button id=b>Find</button><div id=out></div><script>
b.onclick = () => setTimeout(() => { out.textContent = 'Found: ' + q.value; }, 300);
q.onkeydown = (event) => { if (event.key === 'Enter') out.textContent = 'Entered: ' + q.value; };
</script>"""


@pytest.fixture(scope="module")
def tab() -> Iterator[Tab]:
    """Return one tab of one browser for all tests that do not need a whole run."""
    binary = find_chromium()
    assert binary
    with chromium(binary) as running:
        made = Tab(running, Traffic())
        made.prepare(Deadline.after(60))
        yield made


def step(action: str, name: str = "one", **more: Any) -> Step:
    """Return a step."""
    return Step(name=name, action=action, **more)  # type: ignore[arg-type]


def take(tab: Tab, url: str, *steps: Step, seconds: float = PATIENCE) -> tuple[Observation, Journey]:
    """Open a page, and take the steps in it."""
    observation = Observation()
    journey = Journey(tab, {}, observation)
    journey.run((step("open", "page", url=url),), Deadline.after(PATIENCE))
    journey.run(steps, Deadline.after(seconds))
    journey.note_inputs(Deadline.after(PATIENCE))
    return observation, journey


def a_crm(web: Server) -> None:
    """Serve a log-in, and a page that only a user who is logged in sees."""

    def home(request: BaseHTTPRequestHandler) -> None:
        known = request.headers.get("Cookie") == "session=1"
        send(request, f"<!doctype html>{HOME}" if known else "no", status=200 if known else 401)

    web.page("/", LOG_IN)
    web.site["/session"] = redirect("/home", cookie="session=1")
    web.site["/home"] = home


def test_a_journey_logs_in_and_times_each_step(web: Server, tmp_path: Path) -> None:
    """Log in, then find something in the page behind it: each step passes and takes what the page took to show it."""
    a_crm(web)
    (tmp_path / "password").write_text("S3cret&<Word>\n")
    result = run(
        web.url + "/home",
        log_in=(
            step("open", "log-in-page", url=web.url + "/"),
            step("fill", "user", label="User name", value="check"),
            step("fill", "password", label="Password", value="<<password>>"),
            step("click", "log-in", role="button", label="Log in", expect_text="Organizations"),
        ),
        steps=(
            step("fill", "term", label="Search", value="bread"),
            step("click", "find", label="Find", expect_text="Found: bread"),
            step("press", "enter", label="Search", key="Enter", expect_text="Entered: bread"),
        ),
        secret_files={"password": str(tmp_path / "password")},
    )
    assert result.error_class is None, result.detail
    assert web.received == ["user=check&password=S3cret%26%3CWord%3E"]
    taken = {labels[0]: value for (name, labels), value in result.gauges.items() if name == SUCCESS}
    assert taken == dict.fromkeys(("log-in-page", "user", "password", "log-in", "term", "find", "enter"), 1)
    assert result.gauges[SECONDS, ("find",)] >= 0.3
    assert result.gauges[SECONDS, ("enter",)] < result.gauges[SECONDS, ("find",)]
    assert list(result.phases) == ["start", "log_in", "navigate", "load", "steps"]
    assert set(result.measured) == {(f"browser_{name}_seconds", ("lab", "none")) for name in ("fid", "inp")}


@pytest.mark.long
def test_the_load_of_a_page_behind_a_log_in_is_measured_with_an_empty_cache(web: Server, tmp_path: Path) -> None:
    """What the log-in fetched is fetched again, and is not part of the page's traffic; its times are the page's own."""
    a_crm(web)
    web.page("/", f"<script src=/shared.js></script>{LOG_IN}", after=0.5)
    web.page("/home", "<script src=/shared.js></script><h1>Organizations</h1>")
    web.site["/shared.js"] = lambda request: send(request, "let a = 1", headers={"Cache-Control": "max-age=99"})
    result = run(
        web.url + "/home",
        log_in=(
            step("open", "log-in-page", url=web.url + "/"),
            step("click", "log-in", label="Log in", expect_text="Organizations"),
        ),
    )
    assert result.error_class is None, result.detail
    assert [path for path, _ in web.seen].count("/shared.js") == 2
    assert result.gauges["browser_page_requests", ("document",)] == 1
    assert result.gauges["browser_page_requests", ("script",)] == 1
    first_byte = result.measured["browser_ttfb_seconds", ("lab", "none")].value
    assert first_byte is not None
    assert first_byte < 0.5


OVERLAY = "<div style='position:fixed;inset:0'></div>"
MOVES = "<style>@keyframes go { to { margin-left: 500px } } button { animation: go 3s infinite }</style>"


SAVE = step("click", label="Save")
SAVED = step("click", label="Save", expect_text="Saved")


@pytest.mark.parametrize(
    ("reason", "body", "tried"),
    [
        ("missing", "<p>Save</p><button>Save all</button>", SAVE),
        ("missing", "<a href=#>Save</a>", step("click", label="Save", role="button")),
        ("missing", "<h1>Words</h1>", step("wait", role="dialog")),
        ("ambiguous", "<button>Save</button><button>Save</button>", SAVE),
        ("hidden", "<button aria-label=Save style='width:0;height:0;padding:0;border:0'></button>", SAVE),
        ("covered", f"<button>Save</button>{OVERLAY}", SAVE),
        ("disabled", "<button disabled>Save</button>", SAVE),
        ("not_editable", "<button>Save</button>", step("fill", label="Save", value="x")),
        ("not_editable", "<input readonly aria-label=Save>", step("fill", label="Save", value="x")),
        ("text_missing", "<h1>Words</h1>", step("wait", expect_text="Saved")),
    ],
)
def test_a_step_that_cannot_be_taken_says_why(tab: Tab, web: Server, reason: str, body: str, tried: Step) -> None:
    """Its reason is one of a closed set, its name is in the error, and no later step is taken."""
    web.page("/", body.replace("PORT", str(free_port())))
    fails(tab, web, tried, reason, seconds=1.5)


@pytest.mark.parametrize(
    ("reason", "body", "tried"),
    [
        ("text_before", "<p>Saved</p><button>Save</button>", SAVED),
        ("status", "<a href=/absent>Save</a>", SAVED),
        ("status", "<a href=/sorry>Save</a>", SAVE),
        ("unreachable", "<a href=http://127.0.0.1:PORT/>Save</a>", SAVE),
    ],
)
def test_a_step_that_leads_astray_ends_at_once(tab: Tab, web: Server, reason: str, body: str, tried: Step) -> None:
    """A text that proves nothing, a page with an error status, no page: nothing is waited for."""
    web.page("/", body.replace("PORT", str(free_port())))
    fails(tab, web, tried, reason, seconds=PATIENCE)


@pytest.mark.long
@pytest.mark.parametrize(
    ("reason", "body", "tried"),
    [
        ("moving", f"{MOVES}<button>Save</button>", SAVE),
        ("text_missing", "<button>Save</button>", SAVED),
        ("loading", "<a href=/never>Save</a>", SAVE),
        ("loading", "<button onclick='setTimeout(() => location = `/never`)'>Save</button>", SAVE),
    ],
)
def test_a_step_without_effect_ends_at_the_deadline(tab: Tab, web: Server, reason: str, body: str, tried: Step) -> None:
    """An element that never stands still, a text that never comes, a page that never answers."""
    web.page("/", body.replace("PORT", str(free_port())))
    fails(tab, web, tried, reason, seconds=6)


def fails(tab: Tab, web: Server, tried: Step, reason: str, *, seconds: float) -> None:
    """Hold that the step fails for that reason, and that no later one is taken."""
    web.site["/never"] = never(web)
    web.site["/sorry"] = lambda request: send(request, "<h1>Sorry</h1>", status=500)
    observation = Observation()
    journey = Journey(tab, {}, observation)
    journey.run((step("open", "page", url=web.url + "/"),), Deadline.after(PATIENCE))
    with pytest.raises(CollectError, match=f"step one: {reason}"):
        journey.run((tried, step("click", "two", label="Other")), Deadline.after(seconds))
    gauges = observation.gauges
    assert gauges[SUCCESS, ("one",)] == 0
    assert gauges["pantrywatch_check_step_error", ("one", reason)] == 1
    assert not any("two" in labels for _, labels in gauges)


def test_delays_of_input_are_what_the_page_records(tab: Tab, web: Server) -> None:
    """A page busy for 300 ms when the mouse comes, and for 200 ms when it is clicked: its own records say the same."""
    web.page(
        "/",
        """<button id=b>Save</button><p id=out></p><script>
        const busy = (ms) => { const end = performance.now() + ms; while (performance.now() < end); };
        b.onmouseenter = () => busy(300);
        b.onclick = () => { busy(200); out.textContent = 'Saved'; };
        new PerformanceObserver((list) => {
          const [first] = list.getEntries();
          fetch(`/first?${first.processingStart - first.startTime}`);
        }).observe({ type: 'first-input', buffered: true });
        </script>""",
    )
    web.text("/first", "", "text/plain")
    _, journey = take(tab, web.url + "/", SAVED)
    wait_until(lambda: any(path.startswith("/first?") for path, _ in web.seen), 10, "the page has told of its input")
    (own,) = [float(path.partition("?")[2]) for path, _ in web.seen if path.startswith("/first?")]
    assert own >= 100
    assert journey.first_input == pytest.approx(own / 1000, abs=0.001)
    assert journey.slowest_input is not None
    assert journey.slowest_input >= 0.2


def test_steps_reach_what_people_reach(tab: Tab, web: Server) -> None:
    """Far down the page, shown late, enabled late, in a label, in a shadow tree, in a rich text, by a role alone."""
    web.page(
        "/",
        """<p style="height:3000px">Far</p><button id=far onclick="say('far')">Far down</button>
        <div id=late></div><button id=off disabled onclick="say('enabled')">Enabled late</button>
        <label><input type=checkbox onchange="say('agreed')" style="opacity:0;position:absolute"> Agree</label>
        <div id=host></div><div contenteditable aria-label=Note oninput="say(this.textContent)">old</div>
        <ul id=out></ul><script>
        function say(text) { out.insertAdjacentHTML('beforeend', '<li>Said ' + text); }
        setTimeout(() => { off.disabled = false; }, 300);
        setTimeout(() => { late.innerHTML = '<button onclick="say(`late`)">Shown late</button>'; }, 300);
        const root = host.attachShadow({ mode: 'open' });
        root.innerHTML = '<button>Inside</button>';
        root.querySelector('button').onclick = () => say('inside');
        </script>""",
    )
    labels = {"Far down": "far", "Shown late": "late", "Enabled late": "enabled", "Inside": "inside"}
    clicks = [
        step("click", said, role="button", label=label, expect_text=f"Said {said}") for label, said in labels.items()
    ]
    agrees = step("click", "agreed", label="Agree", expect_text="Said agreed")
    note = step("fill", "note", label="Note", value="new & <better>", expect_text="Said new &")
    observation, _ = take(tab, web.url + "/", *clicks, agrees, note, step("wait", "list", role="list"))
    taken = [labels[0] for (name, labels), value in observation.gauges.items() if name == SUCCESS and value == 1]
    assert taken == ["page", *labels.values(), "agreed", "note", "list"]


def test_components_show_and_do_what_others_do(tab: Tab, web: Server) -> None:
    """A button whose text is in a slot is clicked; what a shadow tree shows, in lines and cells, is seen."""
    web.page(
        "/",
        """<x-button>Save</x-button><x-button><span>Find</span></x-button><div id=host></div><script>
        customElements.define('x-button', class extends HTMLElement {
          connectedCallback() {
            this.attachShadow({ mode: 'open' }).innerHTML = '<button><slot></slot></button>';
            this.shadowRoot.querySelector('button').onclick = () => {
              const cells = '<table><tr><td>Total</td><td>3</td></tr></table>';
              root.innerHTML = `<div>${this.textContent}:<br>12&nbsp;000${cells}</div>`;
            };
          }
        });
        const root = host.attachShadow({ mode: 'open' });
        </script>""",
    )
    save = step("click", "save", role="button", label="Save", expect_text="Save: 12 000")
    found = step("click", "find", role="button", label="Find", expect_text="Find: 12 000 Total 3")
    observation, _ = take(tab, web.url + "/", save, step("wait", "cells", expect_text="Total 3"), found)
    assert [observation.gauges[SUCCESS, (name,)] for name in ("save", "cells", "find")] == [1, 1, 1]


def test_a_key_is_pressed_once_and_nothing_clicked(tab: Tab, web: Server) -> None:
    """Enter on a button is one click of it, Space on a box one change."""
    web.page(
        "/",
        """<button onclick="say('clicked')">Save</button><label><input type=checkbox onchange="say(this.checked)"> Agree
        </label><p id=out></p><script>let count = 0; const say = (what) => { out.textContent = `${++count} ${what}`; };
        </script>""",
    )
    enter = step("press", "enter", role="button", label="Save", key="Enter", expect_text="1 clicked")
    space = step("press", "space", role="checkbox", label="Agree", key="Space", expect_text="2 true")
    observation, _ = take(tab, web.url + "/", enter, space)
    assert [observation.gauges[SUCCESS, (name,)] for name in ("enter", "space")] == [1, 1]
    assert tab.evaluate("document.querySelector('p').textContent", Deadline.after(PATIENCE)) == "2 true"
