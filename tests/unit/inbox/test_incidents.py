"""What the page of the inbox costs does not grow with what arrived."""

from __future__ import annotations

from pathlib import Path

import pytest

from pantrywatch.inbox.incidents import MOST_INCIDENTS
from pantrywatch.inbox.mailbox import Mailbox
from pantrywatch.inbox.message import Delivery
from pantrywatch.inbox.page import list_page


def _of(*alerts: str, to: str = "on-call", status: str = "firing") -> Delivery:
    return Delivery("webhook", to, f"{len(alerts)} alerts", "text", "", status, "high", alerts)


@pytest.mark.long
def test_the_page_is_as_long_for_many_alerts_as_for_few() -> None:
    """300 messages of 500 alerts each make a page of 30 incidents and 100 messages."""
    mailbox = Mailbox(None)
    for number in range(300):
        mailbox.add(_of(*(f"CrmA{number % 7}x{alert}" for alert in range(500))))
    page = list_page(mailbox)
    assert page.count('<section class="card') == 30
    assert page.count("<tr>") == 101
    assert page.count("<li") <= 30 * 13
    assert mailbox.view(1, 1).incident_count == MOST_INCIDENTS


def test_a_long_incident_shows_its_begin_and_its_end() -> None:
    """Of many notices the first and the newest are there, and how many lie between."""
    mailbox = Mailbox(None)
    for number in range(100):
        mailbox.add(_of("CrmApiDown", to=f"contact {number}"))
    (incident,) = mailbox.view(1, 1).incidents
    assert [notice.to for notice in incident.notices] == ["contact 0", *(f"contact {n}" for n in range(89, 100))]
    assert "88 more" in list_page(mailbox)


def test_messages_are_paged_to_the_first(tmp_path: Path) -> None:
    """Page by page, each message is listed exactly once, also while new ones arrive; a restart shows the same."""
    mailbox = Mailbox(tmp_path)
    for number in range(250):
        mailbox.add(_of(f"CrmA{number}"))
    seen, before, pages = [], None, 0
    while True:
        view = mailbox.view(100, 0, before)
        seen += [message.id for message in view.messages]
        pages += 1
        mailbox.add(_of("CrmNew"))
        if not view.older:
            break
        before = view.messages[-1].id
    assert pages == 3
    assert seen == list(range(250, 0, -1))
    assert Mailbox(tmp_path).view(10, 10) == mailbox.view(10, 10)
    assert 'href="/?before=' in list_page(mailbox)
    assert "Newest messages" in list_page(mailbox, before=50)


def test_an_alert_that_comes_back_is_a_new_incident() -> None:
    """After its end the same alert begins anew; a second end belongs to the one before."""
    mailbox = Mailbox(None)
    for status in ("firing", "resolved", "resolved", "firing"):
        mailbox.add(_of("CrmApiDown", status=status))
    incidents = mailbox.view(1, 10).incidents
    assert [(incident.resolved, len(incident.notices)) for incident in incidents] == [(False, 1), (True, 3)]
    assert mailbox.view(1, 10).firing == 1


def test_a_notice_whose_message_is_gone_has_no_link() -> None:
    """What is no longer kept is named and not linked."""
    mailbox = Mailbox(None, keep_messages=2)
    for _ in range(4):
        mailbox.add(_of("CrmApiDown"))
    page = list_page(mailbox)
    assert 'href="/messages/1"' not in page
    assert 'href="/messages/4"' in page


@pytest.mark.parametrize(
    "text", ["<script>x</script>", '"><img src=x onerror=y>', "{{ 7127 * 7129 }}", "{% raw %}", "&lt;"]
)
def test_whatever_a_message_holds_is_text_on_the_page(text: str) -> None:
    """Title, recipients, channel and names of alerts are escaped, and no template of ours reads them."""
    mailbox = Mailbox(None)
    mailbox.add(Delivery(text, text, text, text, "", "firing", "high", (text,)))
    page = list_page(mailbox)
    assert "<script>" not in page
    assert "<img" not in page
    assert str(7127 * 7129) not in page  # a number no time of day holds
    assert page.count(text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&#34;")) >= 3
