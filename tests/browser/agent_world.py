"""One browser with the agent, for the tests that look at what it sends."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import BrowserContext, Page

from tests.browser.agent_site import Site
from tests.support.servers import wait_until

# Chromium has neither a button for this nor a command: a page in a window of its own is hidden by its own word.
HIDE = (
    "Object.defineProperty(document, 'visibilityState', {get: () => 'hidden', configurable: true});"
    "document.dispatchEvent(new Event('visibilitychange', {bubbles: true}))"
)
_READY = (
    "() => window.pantrywatch && document.readyState === 'complete' && "
    "performance.getEntriesByName('first-contentful-paint').length"
)
PAINTED = "() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done))))"


ROUTES = 'data-routes="/contacts /contacts/:id /search"'


@dataclass(slots=True)
class World:
    """One browser and one server for all tests of this file."""

    site: Site
    context: BrowserContext
    bundle: Path

    def open(self, url: str, before: str = "") -> Page:
        """Open a page in a new tab, after a script of the browser itself; wait until the agent has started."""
        page = self.context.new_page()
        if before:
            page.add_init_script(before)
        page.goto(url)
        page.wait_for_function(_READY, timeout=60_000)
        page.evaluate(PAINTED)
        return page

    def vitals_of(self, page: Page) -> dict[str, float]:
        """Hide the page, close it, and return what it sent of its load."""
        page.evaluate(HIDE)
        page.close()
        wait_until(lambda: {"ttfb", "cls"} <= self.site.vitals().keys(), 60, "a beacon of the page")
        return self.site.vitals()
