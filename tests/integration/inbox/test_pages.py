"""The inbox's pages in a browser: a person sees who was told what, and a hostile message can do nothing."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from email.message import EmailMessage
from typing import Any

import pytest
import requests
from playwright.sync_api import Page

from tests.support.inboxes import Inbox, inbox
from tools.chromium import browser_page

_HOSTILE = """
<script>parent.document.title = document.title = "ran"</script>
<img src="http://127.0.0.1:@PORT@/tracker.png" onerror="document.title='ran'">
<meta http-equiv="refresh" content="0;url=http://127.0.0.1:@PORT@/">
<form action="http://127.0.0.1:@PORT@/"><input name="password" autofocus></form>
<link rel="stylesheet" href="http://127.0.0.1:@PORT@/style.css">
<p id="words" style="color: rgb(1, 2, 3)">words of the mail</p>
<a id="link" href="javascript:document.title='ran'">link</a>
"""


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Inbox]:
    """One inbox for the tests of this file."""
    with inbox(tmp_path_factory.mktemp("inbox")) as process:
        yield process


@pytest.fixture(scope="module")
def page() -> Iterator[Page]:
    """One browser for the tests of this file."""
    with browser_page() as opened:
        yield opened


def _tell(running: Inbox, receiver: str, status: str = "firing") -> None:
    alert: dict[str, Any] = {"status": status, "labels": {"alertname": "CrmApiDown", "severity": "critical"}}
    assert running.post(f"/webhook/{receiver}", {"status": status, "alerts": [alert]}).ok


def test_an_escalation_reads_as_a_story(running: Inbox, page: Page) -> None:
    """The first notice, the second on-call and the manager stand under their alert in order; its end is visible."""
    page.goto(running.url)
    assert "Nothing has been delivered yet" in page.inner_text("main")
    for receiver in ("first", "second", "manager"):
        _tell(running, receiver)
    # The page renews itself.
    page.wait_for_selector(".card.firing", timeout=30_000)
    assert page.locator(".card li b").all_inner_texts() == ["first", "second", "manager"]
    _tell(running, "second")
    _tell(running, "first", "resolved")
    page.goto(running.url)
    assert page.locator(".card").count() == 1
    steps = page.locator(".card li").all_inner_texts()
    assert "notified again: second" in steps[3]
    assert "resolved: first" in steps[4]
    assert page.locator(".card.resolved h3").inner_text().split() == ["CrmApiDown", "critical", "resolved"]
    assert page.locator("td a").first.inner_text() == "[CRITICAL] CrmApiDown \u2013 resolved (1)"
    _tell(running, "first")
    page.goto(running.url)
    assert page.locator(".card.firing").count() == 1
    assert page.locator(".card").count() == 2


def test_a_hostile_message_can_do_nothing(running: Inbox, page: Page) -> None:
    """The HTML of a mail is shown with its looks; no script of it runs and nothing is loaded, in its frame or alone."""
    elsewhere = socket.create_server(("127.0.0.1", 0))
    elsewhere.setblocking(False)
    mail = EmailMessage()
    mail["Subject"] = "<script>document.title='ran'</script>"
    mail.set_content("<script>document.title='ran'</script>")
    mail.add_alternative(_HOSTILE.replace("@PORT@", str(elsewhere.getsockname()[1])), subtype="html")
    running.mail(mail, ["<b>x</b>@pantry.example"])
    number = running.last_id()
    for path in ("/", f"/messages/{number}", f"/messages/{number}/html"):
        page.goto(running.url + path, wait_until="load")
        if path.endswith("html"):
            page.click("#link")
        assert page.title() != "ran", path
        assert page.locator("b:text-is('x')").count() == 0
    page.goto(f"{running.url}/messages/{number}")
    words = page.frame_locator("iframe").locator("#words")
    assert words.inner_text() == "words of the mail"
    assert words.evaluate("element => getComputedStyle(element).color") == "rgb(1, 2, 3)"
    with elsewhere, pytest.raises(BlockingIOError):
        elsewhere.accept()


def test_nothing_is_loaded_from_elsewhere(running: Inbox, page: Page) -> None:
    """The pages bring their own style and need nobody else; the policy in their answer says so."""
    page.goto(running.url)
    assert page.evaluate("getComputedStyle(document.body).margin") == "0px"
    for path in ("/", "/messages/1"):
        policy = requests.get(running.url + path, timeout=10).headers["Content-Security-Policy"]
        assert policy.startswith("default-src 'none'; style-src 'self'")


@pytest.mark.parametrize("width", [1440, 390])
def test_the_pages_fit_the_screen(running: Inbox, page: Page, width: int) -> None:
    """On a large screen and on a telephone nothing is wider than it, whatever the names and titles."""
    labels = {"alertname": "CrmDatabaseConnectionsNearlyUsedUpForAllOfTheUsers", "severity": "high"}
    alert = {"status": "firing", "labels": labels, "annotations": {"summary": "x" * 300}}
    common = {"summary": "word " * 20 + "x" * 300}
    document = {"status": "firing", "alerts": [alert], "commonAnnotations": common}
    assert running.post("/webhook/a-receiver-with-a-rather-long-name", document).ok
    page.set_viewport_size({"width": width, "height": 900})
    for path in ("/", f"/messages/{running.last_id()}"):
        page.goto(running.url + path)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path
