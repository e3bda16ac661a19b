"""An e-mail as a message: subject, the text and the HTML part, in whatever encoding they came."""

from __future__ import annotations

import email
import html
import re
from collections.abc import Sequence
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from email.message import Message as Mail
from email.policy import compat32

from pantrywatch.inbox.message import Delivery, read_delivery

_TAG = re.compile(r"<(style|script|head)\b.*?</\1\s*>|<[^>]*>", re.IGNORECASE | re.DOTALL)


def read_mail(content: bytes, recipients: Sequence[str]) -> Delivery:
    """Return the mail as a delivery to all its recipients. Raises RecursionError for parts nested without end."""
    # The older policy: it never fails on a header that follows no rule.
    mail = email.message_from_bytes(content, policy=compat32)
    text = _part(mail, "text/plain")
    page = _part(mail, "text/html")
    return read_delivery("email", ", ".join(recipients), _subject(mail), text or _without_tags(page), page)


def _subject(mail: Mail) -> str:
    raw = str(mail.get("Subject", ""))
    try:
        return str(make_header(decode_header(raw)))
    except (LookupError, ValueError, HeaderParseError):
        return raw


def _part(mail: Mail, content_type: str) -> str:
    for part in mail.walk():
        if part.get_content_type() == content_type and part.get_content_disposition() != "attachment":
            return _decoded(part)
    return ""


def _decoded(part: Mail) -> str:
    payload = part.get_payload(decode=True)
    content = payload if isinstance(payload, bytes) else b""
    try:
        return content.decode(part.get_content_charset() or "utf-8", "replace")
    except LookupError:
        return content.decode("utf-8", "replace")


def _without_tags(page: str) -> str:
    """Return the words of an HTML page, for the list and the search for names."""
    lines = (line.strip() for line in html.unescape(_TAG.sub(" ", page)).splitlines())
    return "\n".join(line for line in lines if line)
