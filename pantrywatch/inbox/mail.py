"""An e-mail as a message: subject, text part and HTML part, in any encoding."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice

from pantrywatch.inbox.html_text import words_of
from pantrywatch.inbox.message import Delivery, read_delivery
from pantrywatch.inbox.mime import Part, part_at, subject_of

_MOST_PARTS = 200
_MOST_TEXT_BYTES = 1024 * 1024  # of each part; what Alertmanager sends has some kB


def read_mail(content: bytes, recipients: Sequence[str]) -> Delivery:
    """Return the mail as a delivery to all its recipients. Accepts any bytes, in linear time."""
    mail = part_at(content, 0, len(content))
    found: dict[str, Part] = {}
    for part in islice(mail.parts(), _MOST_PARTS):
        if not part.attached:
            found.setdefault(part.content_type, part)
    text, page = (found[kind].text(_MOST_TEXT_BYTES) if kind in found else "" for kind in ("text/plain", "text/html"))
    text = (
        text if text.strip() else words_of(page)
    ) or f"(no text in this mail, only {', '.join(found) or 'attachments'})"
    return read_delivery("email", ", ".join(recipients), subject_of(mail), text, page)
