"""The inbox takes what each of Alertmanager's channels sends, and says clearly what it cannot take."""

from __future__ import annotations

import smtplib
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.support.inboxes import Inbox, inbox
from tests.support.servers import wait_until
from tests.support.small_disk import fill, small_disk


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Inbox]:
    """One inbox for the tests of this file."""
    with inbox(tmp_path_factory.mktemp("inbox")) as process:
        yield process


def _newest(running: Inbox) -> dict[str, Any]:
    return running.messages()[-1]


def _alert(name: str, severity: str, status: str = "firing") -> dict[str, Any]:
    labels = {"alertname": name, "severity": severity, "layer": "database"}
    return {"status": status, "labels": labels, "annotations": {"summary": "It is down."}, "startsAt": "2026-11-24"}


def test_a_mail_keeps_its_text_its_html_and_all_recipients(running: Inbox) -> None:
    """A multipart mail to several people becomes one message with both parts, whatever encoding they have."""
    mail = EmailMessage()
    mail["Subject"] = "[CRITICAL] Datenbank größtenteils weg - FIRING (1)"
    mail.set_content("Grüße: CrmDatabaseDown\n", charset="iso-8859-1", cte="quoted-printable")
    mail.add_alternative("<p>Größe ≥ 5</p>", subtype="html", charset="utf-8", cte="base64")
    mail.add_attachment("not this one", filename="note.txt")
    running.mail(mail, ["a@pantry.example", "b@pantry.example"])
    message = _newest(running)
    assert (message["channel"], message["to"]) == ("email", "a@pantry.example, b@pantry.example")
    assert message["title"] == "[CRITICAL] Datenbank größtenteils weg - FIRING (1)"
    assert message["text"].strip() == "Grüße: CrmDatabaseDown"
    assert message["html"].strip() == "<p>Größe ≥ 5</p>"
    assert (message["severity"], message["status"]) == ("critical", "firing")
    assert message["alerts"] == ["CrmDatabaseDown"]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff\xfe no header at all",
        b"Subject: =?utf-8?B?!!!?=\r\nContent-Type: text/plain; charset=no-such\r\n\r\nx\xe9\r\n",
        b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/html\r\n\r\n<b>half",
        b"Content-Type: text/plain\r\nContent-Transfer-Encoding: base64\r\n\r\n====\r\n",
    ],
    ids=["empty", "no header", "unknown charset", "half a multipart", "broken base64"],
)
def test_a_mail_that_follows_no_rule_is_kept_all_the_same(running: Inbox, content: bytes) -> None:
    """A malformed mail is one more message: what arrived is not lost for the way it is written."""
    before = running.last_id()
    running.mail(content)
    assert [message["to"] for message in running.messages(before)] == ["on-call@pantry.example"]


def test_a_mail_of_html_alone_has_its_words_as_text(running: Inbox) -> None:
    """Where a mail brings no text part, the words of its HTML stand in for it."""
    mail = EmailMessage()
    mail.set_content("<head><title>t</title></head><p>Down: <b>CrmCacheDown</b> &amp; more</p>", subtype="html")
    running.mail(mail)
    assert _newest(running)["text"] == "Down: CrmCacheDown & more"
    assert _newest(running)["alerts"] == ["CrmCacheDown"]


def test_alertmanagers_webhook(running: Inbox) -> None:
    """All alerts of a notification are one message: the worst severity, each name once, the state of the whole."""
    alerts = [_alert("CrmDatabaseDown", "high"), _alert("CrmCacheDown", "critical"), _alert("CrmCacheDown", "low")]
    answer = running.post("/webhook/second-on-call", {"status": "firing", "alerts": alerts, "commonAnnotations": {}})
    assert answer.status_code == 200
    message = _newest(running)
    assert (message["channel"], message["to"]) == ("webhook", "second-on-call")
    assert (message["severity"], message["status"]) == ("critical", "firing")
    assert message["alerts"] == ["CrmDatabaseDown", "CrmCacheDown"]
    assert message["title"] == "[CRITICAL] CrmDatabaseDown, CrmCacheDown \u2013 firing (3)"
    assert "summary: It is down." in message["text"]


def test_slacks_message(running: Inbox) -> None:
    """Title, text, fields and buttons of a Slack message are there, under the channel it names."""
    attachment = {
        "title": "[HIGH] cache-hit-ratio - resolved (1)", "title_link": "http://127.0.0.1/d/crm-cache",
        "text": "CrmCacheHitRatioBurn", "fields": [{"title": "since", "value": "10:00"}],
        "actions": [{"type": "button", "text": "Runbook", "url": "http://127.0.0.1/r"}],
    }  # fmt: skip
    answer = running.post("/slack/alerts", {"channel": "#crm", "attachments": [attachment]})
    assert (answer.status_code, answer.text) == (200, "ok")
    message = _newest(running)
    assert (message["channel"], message["to"]) == ("slack", "#crm")
    assert (message["severity"], message["status"]) == ("high", "resolved")
    assert message["alerts"] == ["CrmCacheHitRatioBurn"]
    assert "since: 10:00" in message["text"]
    assert "Runbook: http://127.0.0.1/r" in message["text"]


def test_pagerdutys_event(running: Inbox) -> None:
    """A trigger and a resolve are messages; the routing key, a secret, is on no page."""
    event = {
        "routing_key": "R0UT1NGK3Y", "event_action": "trigger", "dedup_key": "d",
        "payload": {"summary": "[CRITICAL] CrmApiDown", "source": "am", "severity": "critical",
                    "custom_details": {"impact": "nobody can log in"}},
    }  # fmt: skip
    assert running.post("/pagerduty/manager", event).status_code == 202
    assert _newest(running)["status"] == "firing"
    assert "impact: nobody can log in" in _newest(running)["text"]
    event["event_action"] = "resolve"
    assert running.post("/pagerduty/manager", event).status_code == 202
    assert _newest(running)["status"] == "resolved"
    assert "R0UT1NGK3Y" not in str(running.messages())


@pytest.mark.parametrize(
    ("path", "body", "status", "says"),
    [
        ("/webhook/x", b"{", 400, "expected JSON"),
        ("/webhook/x", b"\xff", 400, "expected JSON"),
        ("/webhook/x", b"[" * 100_000, 400, "expected JSON"),
        ("/webhook/x", b"[" * 500 + b"]" * 500, 400, "nested deeper than 20 levels"),
        ("/webhook/x", b'{"alerts": [{"labels": {"a": ' + b"[" * 900 + b"]" * 900 + b"}}]}", 400, "nested deeper"),
        ("/webhook/x", b'{"alerts": ' + b"9" * 5000 + b"}", 400, "expected JSON"),
        ("/webhook/x", b'{"alerts": [{"labels": {"a": NaN}}]}', 400, "NaN is not a number in JSON"),
        ("/slack/x", b'{"text": "a", "text": "b"}', 400, "duplicate name in one object"),
        ("/webhook/x", b'{"alerts": [{"labels": {"alertname": ["x"]}}]}', 400, "`labels` to be an object of texts"),
        (
            "/webhook/x",
            b'{"alerts": [{"labels": {}, "annotations": 7}]}',
            400,
            "`annotations` to be an object of texts",
        ),
        ("/webhook/x", b'{"alerts": [{"labels": {}}], "commonAnnotations": [1]}', 400, "`commonAnnotations` to be"),
        ("/webhook/x", b'{"alerts": [{"labels": {}}], "status": {}}', 400, "expected `status` to be a text"),
        ("/slack/x", b'{"text": ["x"]}', 400, "expected `text` to be a text"),
        ("/slack/x", b'{"attachments": [{"fields": [{"title": {}}]}]}', 400, "expected `title` to be a text"),
        ("/webhook/x", b"[]", 400, "expected an object with `alerts`, a list"),
        ("/webhook/x", b'{"alerts": []}', 400, "expected at least one alert"),
        ("/webhook/x", b'{"alerts": [{"labels": 3}]}', 400, "expected an object with `labels`, an object"),
        ("/slack/x", b"{}", 400, "expected `text` or `attachments`"),
        ("/slack/x", b'{"attachments": [1]}', 400, "expected `attachments` to be a list of objects"),
        ("/slack/x", b'{"attachments": [{"fields": 1, "actions": {}}]}', 400, "expected `fields`"),
        ("/pagerduty/x", b'{"event_action": "shout"}', 400, "expected `event_action` of trigger, resolve"),
        ("/pagerduty/x", b'{"event_action": "trigger", "payload": {}}', 400, "expected `payload.summary`"),
        ("/pagerduty/x", b'{"event_action": "resolve", "payload": 7}', 400, "`payload`, an object"),
        ("/nowhere", b"{}", 404, "there are: /"),
        ("/webhook/", b"{}", 404, "there are: /"),
        ("/", b"{}", 405, ""),
        ("/webhook/x", b"x" * (5 * 1024 * 1024), 413, "expected at most 4194304 bytes"),
    ],
)
def test_what_it_cannot_take_is_said(running: Inbox, path: str, body: bytes, status: int, says: str) -> None:
    """A bad request is answered with its fault and leaves no message."""
    before = running.last_id()
    answer = requests.post(running.url + path, data=body, timeout=30)
    assert answer.status_code == status
    assert says in answer.text
    assert running.messages(before) == []


def test_a_page_elsewhere_can_forge_and_read_nothing(running: Inbox) -> None:
    """What a page in somebody's browser could send is refused, and under a name that is not ours nothing is shown."""
    before = running.last_id()
    body, url = b'{"text": "forged"}', f"{running.url}/slack/x"
    for name in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=b"):
        assert requests.post(url, data=body, headers={"Content-Type": name}, timeout=10).status_code == 415
    for headers in ({"Origin": "https://elsewhere.example"}, {"Sec-Fetch-Site": "cross-site"}):
        assert requests.post(url, data=body, headers=headers, timeout=10).status_code == 403
    for path in ("/", "/api/messages", "/messages/1"):
        assert requests.get(running.url + path, headers={"Host": "elsewhere.example"}, timeout=10).status_code == 421
    assert running.messages(before) == []


def test_half_a_character_does_no_harm(running: Inbox) -> None:
    """JSON can carry half a surrogate pair and NUL; the message is kept and every page still answers."""
    body = rb'{"text": "half \ud800 and \u0000 nul"}'
    assert requests.post(f"{running.url}/slack/x", data=body, timeout=10).ok
    message = _newest(running)
    assert message["text"] == "half ? and  nul"
    for path in ("/", f"/messages/{message['id']}"):
        assert requests.get(running.url + path, timeout=10).ok


def test_a_question_that_is_none(running: Inbox) -> None:
    """A number that is no number is 400, a message that is not there 404."""
    assert requests.get(f"{running.url}/api/messages?after=-1", timeout=10).status_code == 400
    assert requests.get(f"{running.url}/api/messages?after=x", timeout=10).status_code == 400
    assert requests.get(f"{running.url}/messages/999999", timeout=10).status_code == 404
    assert requests.get(f"{running.url}/messages/x", timeout=10).status_code == 404


def test_a_mail_too_large_is_refused(running: Inbox) -> None:
    """A mail above the limit gets 552, announced or not; one with a line that never ends is cut off."""
    large = b"Subject: large\r\n\r\n" + b"x" * 70 + b"\r\n"
    with pytest.raises(smtplib.SMTPSenderRefused, match="552"):
        running.mail(large + (b"y" * 70 + b"\r\n") * 70_000)
    with smtplib.SMTP("127.0.0.1", running.mail_port, timeout=30) as client:
        client.ehlo()
        client.mail("a@b.example")
        client.rcpt("c@d.example")
        assert client.data((b"y" * 70 + b"\r\n") * 70_000)[0] == 552
    client = smtplib.SMTP("127.0.0.1", running.mail_port, timeout=30)
    client.ehlo()
    client.mail("a@b.example")
    client.rcpt("c@d.example")
    client.docmd("DATA")
    with client, pytest.raises(OSError, match=r"reset|pipe|not connected"):
        client.send(b"y" * 40 * 1024 * 1024)


def test_too_many_recipients(running: Inbox) -> None:
    """The recipients beyond the limit are refused, the others get the mail."""
    before = running.last_id()
    recipients = [f"p{number}@pantry.example" for number in range(60)]
    with smtplib.SMTP("127.0.0.1", running.mail_port, timeout=30) as client:
        refused = client.sendmail("a@b.example", recipients, "Subject: all\r\n\r\nx")
    assert sorted(refused) == recipients[50:]
    assert len(running.messages(before)) == 1


def test_a_mail_that_takes_long_to_read_holds_up_nothing(running: Inbox) -> None:
    """While the largest mails are read, webhooks are taken and `/healthz` answers, and then the mails are there."""
    before = running.last_id()
    hard = b"Subject: hard\r\nContent-Type: text/html\r\n\r\n" + (b"<!--" * 4000 + b"\r\n") * 250
    with ThreadPoolExecutor(4) as threads:
        mails = [threads.submit(running.mail, hard) for _ in range(4)]
        while not all(mail.done() for mail in mails):
            assert requests.get(f"{running.url}/healthz", timeout=10).ok
        assert [mail.result() for mail in mails] == [None] * 4
    assert [message["title"] for message in running.messages(before)] == ["hard"] * 4


def test_too_many_connections(running: Inbox) -> None:
    """Silent clients do not keep Alertmanager out, and more mail clients than it holds get 421; then it goes on."""
    with ExitStack() as opened:
        for _ in range(64):
            for port in (running.port, running.mail_port):
                opened.enter_context(socket.create_connection(("127.0.0.1", port), timeout=10))
        assert requests.get(f"{running.url}/healthz", timeout=10).ok
        with pytest.raises(smtplib.SMTPConnectError, match="421"):
            smtplib.SMTP("127.0.0.1", running.mail_port, timeout=10)
    wait_until(lambda: requests.get(f"{running.url}/healthz", timeout=10).ok, 20, "it has room again")
    running.mail(b"Subject: after the rush\r\n\r\nx")
    assert _newest(running)["title"] == "after the rush"


@pytest.mark.long
def test_a_client_that_never_ends_is_put_out(running: Inbox) -> None:
    """One that says nothing and one that drips its body are ended within a minute, the latter with 408."""
    with ExitStack() as opened:
        silent, slow = (
            opened.enter_context(socket.create_connection(("127.0.0.1", running.port), timeout=70)) for _ in range(2)
        )
        slow.sendall(b"POST /webhook/x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n{")
        assert slow.recv(1000).startswith(b"HTTP/1.1 408")
        assert silent.recv(1) == b""


def test_a_restart_loses_nothing(tmp_path: Path) -> None:
    """Killed at once after its answer, the inbox has the message again; a line torn by a crash costs only itself."""
    with inbox(tmp_path) as first:
        for number in range(3):
            assert first.post("/slack/x", {"text": f"message {number}"}).ok
        first.process.kill()
    with (tmp_path / "kept/messages.jsonl").open("a") as file:
        file.write('{"id": 4, "torn')
    with inbox(tmp_path) as second:
        assert [message["text"] for message in second.messages()] == ["message 0", "message 1", "message 2"]
        assert second.post("/slack/x", {"text": "next"}).ok
        assert [message["id"] for message in second.messages()] == [1, 2, 3, 4]
        assert "unfinished_line_bytes=15" in second.log.read_text()


@pytest.mark.long
def test_what_was_answered_is_there_after_a_full_disk(tmp_path: Path) -> None:
    """On a disk that fills up it refuses with 507 and 452, and what it answered with 200 and 250 survives a kill."""
    with small_disk(tmp_path / "disk") as disk:
        with inbox(disk, log=tmp_path / "first.log") as first:
            assert first.post("/slack/x", {"text": "before"}).ok
            first.mail(b"Subject: by mail\r\n\r\nx")
            filler = fill(disk)
            large = "x" * 9000
            assert first.post("/slack/x", {"text": large}).status_code == 507
            with pytest.raises(smtplib.SMTPDataError, match="452"):
                first.mail(b"Subject: refused\r\n\r\n" + (b"x" * 70 + b"\r\n") * 130)
            assert requests.get(first.url, timeout=10).ok
            first.process.kill()
        with inbox(disk, log=tmp_path / "second.log") as second:
            assert second.post("/slack/x", {"text": large}).status_code == 507
            filler.unlink()
            assert second.post("/slack/x", {"text": large}).ok
            second.process.kill()
        with inbox(disk, log=tmp_path / "third.log") as third:
            assert [message["text"].strip() for message in third.messages()] == ["before", "x", large]
        assert (tmp_path / "first.log").read_text().count("new messages are refused") == 1
