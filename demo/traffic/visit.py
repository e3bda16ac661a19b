"""One visit of the demo's page in a real Chromium: the real agent of the page sends what it measured there."""

from __future__ import annotations

from contextlib import suppress
from random import Random

from demo.passwords import DEMO_PASSWORD
from demo.traffic.equipment import Equipment
from exporters.browser import element
from exporters.browser.devtools import CallError
from exporters.browser.journey import Journey
from exporters.browser.process import chromium
from exporters.browser.steps import Step
from exporters.browser.tab import Tab
from exporters.browser.traffic import Traffic
from exporters.core.checks.check import Observation
from exporters.core.deadline import Deadline

_WORDS = ("maple", "oak", "bistro", "clinic", "river")
_FIRST_ACCOUNT = "pantrywatchPoint(document.querySelector('#organizations a'))"
_A_USERS = "Object.defineProperty(Navigator.prototype, 'webdriver', { get: () => false })"
_HEADER = (20.0, 20.0)
_READING_SECONDS = 2.5
_PATIENCE_SECONDS = 0.5
_POLL_SECONDS = 0.1
# The agent has measured a change of route when the page is idle again, and a beacon leaves after its page.
_BREATH_SECONDS = 2.0


def visit(binary: str, url: str, equipment: Equipment, number: int, due: Deadline) -> None:
    """Open the page at `url` with the browser `binary`, work with it as representative `number`, and leave it.

    Raises CollectError or TimeoutError if page or browser do not do in time what they should. Nothing is left of the
    browser in any case.
    """
    with chromium(binary, user_agent=equipment.user_agent) as running:
        tab = Tab(running, Traffic())
        tab.prepare(due)
        _equip(tab, equipment, due)
        tab.open(url, due)
        tab.let_go()
        _read(tab, patient=False)
        _work(tab, number, due)


def _equip(tab: Tab, equipment: Equipment, due: Deadline) -> None:
    """Make the browser what its user has: the receiver would count a program's apart."""
    tab.call("Network.setUserAgentOverride", due, userAgent=equipment.user_agent)
    tab.call("Page.addScriptToEvaluateOnNewDocument", due, source=_A_USERS)
    tab.call(
        "Emulation.setDeviceMetricsOverride", due, width=equipment.width, height=equipment.height,
        deviceScaleFactor=1, mobile=equipment.touch,
    )  # fmt: skip
    tab.call("Emulation.setTouchEmulationEnabled", due, enabled=equipment.touch)
    tab.slow_down(None, equipment.cpu_slowdown, due)


def _read(tab: Tab, *, patient: bool) -> None:
    """Look at a page for as long as a person does; who is not patient clicks once where it hangs meanwhile."""
    end = Deadline.after(_READING_SECONDS)
    while not end.passed():
        try:
            with suppress(CallError):  # the document is being replaced
                tab.evaluate("1", Deadline.after(_PATIENCE_SECONDS))
        except TimeoutError:
            if not patient:
                element.click(tab, _HEADER)
            patient = True
        tab.listen(Deadline.after(_POLL_SECONDS))


def _work(tab: Tab, number: int, due: Deadline) -> None:
    """Log in, open an account, log an interaction, search, look at the dashboard, load it again, and leave."""
    journey = Journey(tab, {}, Observation())
    journey.run(
        [
            Step(name="page", action="wait", expect_text="Log in"),
            Step(name="e-mail", action="fill", label="E-mail", value=f"rep{number:02d}@pantry.example"),
            Step(name="password", action="fill", label="Password", value=DEMO_PASSWORD),
            Step(name="log-in", action="click", role="button", label="Log in", expect_text="Pipeline"),
            Step(name="accounts", action="click", role="link", label="Organizations", expect_text="page 1 of"),
        ],
        due,
    )
    element.click(tab, tuple(tab.evaluate(_FIRST_ACCOUNT, due)))
    word = Random().choice(_WORDS)
    journey.run(
        [
            Step(name="account", action="wait", expect_text="looked after by"),
            Step(name="outcome", action="fill", label="Outcome", value="interested"),
            Step(name="save", action="click", role="button", label="Save", expect_text="Saved."),
            Step(name="back", action="click", role="link", label="Organizations", expect_text="page 1 of"),
            Step(name="search", action="fill", label="Search", value=word, expect_text=" found"),
            Step(name="dashboard", action="click", role="link", label="Dashboard", expect_text="Pipeline"),
        ],
        due,
    )
    tab.listen(Deadline.after(_BREATH_SECONDS))
    tab.reload(due)
    _read(tab, patient=True)
    journey.run(
        [
            Step(name="again", action="wait", expect_text="Pipeline"),
            Step(name="list", action="click", role="link", label="Organizations", expect_text="page 1 of"),
        ],
        due,
    )
    tab.listen(Deadline.after(_BREATH_SECONDS))
    tab.call("Page.navigate", due, url="about:blank")
    tab.listen(Deadline.after(_BREATH_SECONDS))
