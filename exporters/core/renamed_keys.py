"""Former names of keys in settings.yaml: errors name the new key, and `pantrywatch settings migrate` writes it."""

from __future__ import annotations

import re
from collections.abc import Mapping

# Old key → new key in the same record. `[]` is any entry of a list, `*` any key.
RENAMED_KEYS: Mapping[str, str] = {
    "parts": "data_sources",
    "notifications.ours": "own_addresses",
    "notifications.update": "group_interval",
    "notifications.escalation.*.steps[].tell": "notify",
    "notifications.escalation.*.steps[].by": "channels",
    "notifications.routes[].tell": "notify",
    "notifications.routes[].by": "channels",
    "notifications.heartbeat.tell": "notify",
}
# A list whose entries of one kind have moved: (list, kind) → the list they are in now, where `kind` is dropped.
MOVED_CHECKS: Mapping[tuple[str, str], str] = {
    ("synthetic.checks", "browser"): "browser.checks",
}
# A section that was a list → the key its entries are under now.
RESHAPED: Mapping[str, str] = {"application": "endpoints"}
MIGRATE = "run `pantrywatch settings migrate {file}`"


def renamed(entry: str) -> str | None:
    """Return the current name of the key at an entry such as `notifications.routes[0].tell`, or None."""
    return next((new for pattern, new in RENAMED_KEYS.items() if _pattern(pattern).match(entry)), None)


def moved(entry: str, kind: object) -> str | None:
    """Return the list that entries of this kind in the list `entry` have moved to, or None."""
    return MOVED_CHECKS.get((entry, kind)) if isinstance(kind, str) else None


def _pattern(place: str) -> re.Pattern[str]:
    text = re.escape(place).replace(r"\[\]", r"\[[0-9]+\]").replace(r"\*", r"[^.\[\]]+")
    return re.compile(text + r"\Z")
