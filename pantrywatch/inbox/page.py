"""The inbox's pages. What came from outside is escaped; a mail's own HTML is shown in a frame that can do nothing."""

from __future__ import annotations

import html
import time
from collections.abc import Sequence

from pantrywatch.inbox.incidents import Incident, Notice, incidents
from pantrywatch.inbox.message import Message

_SHOWN_MESSAGES = 200
_SHOWN_INCIDENTS = 30

_FRAME = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{title}</title><link rel="stylesheet" href="/style.css">{head}</head>
<body><header><a href="/">pantrywatch inbox</a><span>{note}</span></header>
<main>
{body}
</main></body></html>
"""
_REFRESH = '<meta http-equiv="refresh" content="5">'
_EMPTY = """<p class="empty">Nothing has been delivered yet. A healthy stack delivers nothing: switch a fault on with
<code>./run fault on third-party-down</code> and wait a few minutes.</p>"""


def list_page(messages: Sequence[Message]) -> str:
    """Return the page of all messages, oldest first in `messages`, newest first on the page."""
    found = incidents(messages)
    cards = "\n".join(_card(incident) for incident in found[:_SHOWN_INCIDENTS])
    rows = "\n".join(_row(message) for message in list(messages)[: -_SHOWN_MESSAGES - 1 : -1])
    body = _EMPTY
    if messages:
        body = (
            f'<h2>Alerts, and who was told when</h2>\n<div class="cards">\n{cards}\n</div>\n'
            "<h2>All messages, newest first</h2>\n<table><tr><th>time (UTC)</th><th>to</th><th>channel</th>"
            f"<th>severity</th><th>state</th><th>title</th></tr>\n{rows}\n</table>"
        )
    firing = sum(not incident.resolved for incident in found)
    note = f"{len(messages)} messages kept · {firing} of {len(found)} alerts not resolved · renews itself every 5 s"
    return _FRAME.format(title=f"({firing}) pantrywatch inbox", head=_REFRESH, note=note, body=body)


def message_page(message: Message) -> str:
    """Return the page of one message: its title, text, and HTML as the mail program would show it."""
    delivery = message.delivery
    shown = [f"<h1>{html.escape(delivery.title)}</h1>", _facts(message)]
    if delivery.html:
        # The frame's address answers with a policy of its own: no script, no form, nothing loaded.
        permissions = "allow-popups allow-popups-to-escape-sandbox"
        source = f"/messages/{message.id}/html"
        shown.append(f'<h2>HTML</h2><iframe sandbox="{permissions}" src="{source}" title="the HTML part"></iframe>')
    shown.append(f"<h2>Text</h2><pre>{html.escape(delivery.text)}</pre>")
    return _FRAME.format(
        title=html.escape(delivery.title), head="", note=f"message {message.id}", body="\n".join(shown)
    )


def _facts(message: Message) -> str:
    delivery = message.delivery
    rows = {
        "to": html.escape(delivery.to),
        "channel": html.escape(delivery.channel),
        "received": _moment(message.received_at, "%Y-%m-%d %H:%M:%S UTC"),
        "severity": _severity(delivery.severity),
        "state": _state(delivery.status),
        "alerts": html.escape(", ".join(delivery.alerts)),
    }
    return "<dl>" + "".join(f"<dt>{name}</dt><dd>{value}</dd>" for name, value in rows.items() if value) + "</dl>"


def _card(incident: Incident) -> str:
    state = "resolved" if incident.resolved else "firing"
    notices = "\n".join(_notice(notice) for notice in incident.notices)
    return (
        f'<section class="card {state}"><h3>{html.escape(incident.alert)} {_severity(incident.severity)} '
        f"{_state(state)}</h3>\n<ol>\n{notices}\n</ol></section>"
    )


def _notice(notice: Notice) -> str:
    message = notice.message
    return (
        f'<li class="{notice.said.replace(" ", "-")}"><span class="when">{_moment(message.received_at)}</span> '
        f'<span class="after">{_later(notice.after_seconds)}</span> '
        f'<a href="/messages/{message.id}">{notice.said}: <b>{html.escape(message.delivery.to)}</b></a> '
        f'<span class="by">by {html.escape(message.delivery.channel)}</span></li>'
    )


def _row(message: Message) -> str:
    delivery = message.delivery
    return (
        f"<tr><td>{_moment(message.received_at, '%m-%d %H:%M:%S')}</td><td>{html.escape(delivery.to)}</td>"
        f"<td>{html.escape(delivery.channel)}</td><td>{_severity(delivery.severity)}</td>"
        f"<td>{_state(delivery.status)}</td>"
        f'<td><a href="/messages/{message.id}">{html.escape(delivery.title)}</a></td></tr>'
    )


def _moment(seconds: float, form: str = "%H:%M:%S") -> str:
    moment = time.gmtime(seconds)
    return f'<time datetime="{time.strftime("%Y-%m-%dT%H:%M:%SZ", moment)}">{time.strftime(form, moment)}</time>'


def _later(seconds: float) -> str:
    if seconds < 1:
        return "first"
    minutes, rest = divmod(round(seconds), 60)
    return f"+{minutes} min {rest:02d} s" if minutes else f"+{rest} s"


def _severity(severity: str) -> str:
    return f'<span class="severity {severity}">{severity}</span>' if severity else ""


def _state(status: str) -> str:
    return f'<span class="state {status}">{status}</span>' if status else ""
