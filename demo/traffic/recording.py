"""What the agent sent from the demo's page in a real Chromium, as tools/record_beacons.py recorded it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

Beacon = dict[str, Any]
Visit = Sequence[Beacon]

_FILE = Path(__file__).parent / "recorded.json"


@dataclass(frozen=True, slots=True)
class Recording:
    """Visits by fault of the page, none as an empty text, and equipment; with which browser, and on which day."""

    browser: str
    day: str
    visits: Mapping[tuple[str, str], Sequence[Visit]]

    def faults(self) -> Sequence[str]:
        """The faults of the page that were recorded."""
        return sorted({fault for fault, _ in self.visits} - {""})


@cache
def recording() -> Recording:
    """The one recording there is."""
    content = json.loads(_FILE.read_text(encoding="utf-8"))
    visits: dict[tuple[str, str], list[Visit]] = {}
    for one in content["visits"]:
        visits.setdefault((one["fault"], one["equipment"]), []).append(one["beacons"])
    return Recording(content["browser"], content["recorded"], visits)
