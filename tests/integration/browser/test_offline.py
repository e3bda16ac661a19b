"""A real Chromium without a network: a page comes back if its service worker has it, and in no other way."""

from __future__ import annotations

import shutil

import pytest

from exporters.browser import offline
from exporters.browser.offline import comes_back
from exporters.browser.process import chromium
from exporters.browser.tab import Tab
from exporters.browser.traffic import Traffic
from exporters.core.deadline import Deadline
from tests.integration.browser.site import PATIENCE, Server, send

pytestmark = [pytest.mark.long, pytest.mark.timeout(200)]

PAGE = "<!doctype html><title>Test</title><h1>Words</h1>"
# The installation takes longer than the page.
KEEPS = """addEventListener('install', (event) => event.waitUntil((async () => {
  const cache = await caches.open('1');
  await cache.addAll(['/', '/late']);
})()));
addEventListener('fetch', (event) => event.respondWith(caches.match(event.request).then((kept) => ANSWER)));"""
WORKERS = {
    "keeps the page, and asks the server first": KEEPS.replace("ANSWER", "fetch(event.request).catch(() => kept)"),
    "asks the server before it starts": (
        "addEventListener('activate', (event) => event.waitUntil(registration.navigationPreload.enable()));"
        "addEventListener('fetch', (event) => event.respondWith(event.preloadResponse.then((page) =>"
        " page || fetch(event.request))));"
    ),
    "says that there is no network": (
        "addEventListener('fetch', (event) => event.respondWith(fetch(event.request).catch(() =>"
        " new Response('<h1>No network</h1>', { headers: { 'Content-Type': 'text/html' } }))));"
    ),
    "answers with an error": (
        "addEventListener('fetch', (event) => event.respondWith(new Response('Words', { status: 503 })));"
    ),
    "": "",  # none: the browser's own cache has the page
}


def loads(web: Server) -> int:
    """Return how often the page was asked for."""
    return sum(1 for path, _ in web.seen if path == "/")


@pytest.mark.parametrize("worker", WORKERS)
def test_a_page_comes_back_offline_if_its_worker_has_it(
    web: Server, worker: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It has to keep the page itself: a worker's own network is off too, and another text is not the page."""
    monkeypatch.setattr(offline, "_ACTIVE_SECONDS", PATIENCE)  # a busy machine is not what is tried
    if worker.startswith("keeps"):
        monkeypatch.setattr(offline, "_BACK_SECONDS", PATIENCE)
    register = "<script>navigator.serviceWorker.register('/worker.js')</script>" if worker else ""
    web.site["/"] = lambda request: send(request, PAGE + register, headers={"Cache-Control": "max-age=3600"})
    web.text("/worker.js", WORKERS[worker], "text/javascript")
    web.text("/late", "late", "text/plain", after=0.7)
    binary = shutil.which("chromium")
    assert binary
    due = Deadline.after(PATIENCE)
    with chromium(binary) as running:
        tab = Tab(running, Traffic())
        tab.prepare(due)
        tab.open(web.url + "/", due)
        while not tab.loaded_at:
            tab.listen(Deadline.after(0.1))
        while worker and not tab.evaluate("pantrywatchServiceWorker()", due):
            tab.listen(Deadline.after(0.1))
        assert comes_back(tab, "Words", Deadline.after(0)) is None, "without time left that is not known"
        before = loads(web)
        assert comes_back(tab, "Words", due) == worker.startswith("keeps")
        assert loads(web) == before, "nothing has reached the server"
