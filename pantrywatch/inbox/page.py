"""The inbox's pages. Jinja escapes all received text; a mail's own HTML is in a sandboxed frame."""

from __future__ import annotations

import time

from jinja2 import Environment, PackageLoader, StrictUndefined

from pantrywatch.inbox.mailbox import Mailbox
from pantrywatch.inbox.message import Message

_SHOWN_MESSAGES = 100
_SHOWN_INCIDENTS = 30


def list_page(mailbox: Mailbox, before: int | None = None) -> str:
    """Return the page with the newest messages (before a message, if given), newest first, and the incidents."""
    view = mailbox.view(_SHOWN_MESSAGES, _SHOWN_INCIDENTS if before is None else 0, before)
    return _TEMPLATES.get_template("list.html").render(view=view, newest=before is None, problem=mailbox.problem)


def message_page(message: Message) -> str:
    """Return the page of one message: its title, text, and HTML as a mail program would show it."""
    return _TEMPLATES.get_template("message.html").render(message=message, delivery=message.delivery)


def _moment(seconds: float, form: str = "%H:%M:%S") -> str:
    return time.strftime(form, time.gmtime(seconds))


def _later(seconds: float) -> str:
    if seconds < 1:
        return "first"
    minutes, rest = divmod(round(seconds), 60)
    return f"+{minutes} min {rest:02d} s" if minutes else f"+{rest} s"


_TEMPLATES = Environment(
    loader=PackageLoader("pantrywatch.inbox"), autoescape=True, undefined=StrictUndefined,
    trim_blocks=True, lstrip_blocks=True,
)  # fmt: skip
_TEMPLATES.filters |= {"moment": _moment, "later": _later}
