"""The pages under docs/runbooks/ as alerts quote them."""

from __future__ import annotations

import re
from pathlib import Path

_FIRST_ITEM = re.compile(r"^1\. (?P<text>.+?)(?=^2\. |^$|\Z)", re.MULTILINE | re.DOTALL)
# Placeholders for a label's value: `check="NAME"`, `relname = 'NAME'`.
_PLACEHOLDER = re.compile(r"(?P<label>\w+)(?P<equals> ?= ?)(?P<quote>[\"'])(NAME|ID|ROUTE)(?P=quote)")
_LINK = re.compile(r"\[(?P<text>[^]]+)\]\([^)]+\)")


def first_steps(folder: Path) -> dict[str, str]:
    """Return page name → the first thing its numbered list says to check, in one line, with the labels of the alert."""
    return {
        page.stem: _filled_in(_LINK.sub(r"\g<text>", " ".join(match["text"].split())))
        for page in sorted(folder.glob("*.md"))
        if (match := _FIRST_ITEM.search(page.read_text(encoding="utf-8")))
    }


def _filled_in(text: str) -> str:
    return _PLACEHOLDER.sub(
        lambda m: f"{m['label']}{m['equals']}{m['quote']}{{{{ $labels.{m['label']} }}}}{m['quote']}", text
    )
