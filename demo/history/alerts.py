"""The alerts that fired in a made-up past: one for each trouble that users felt, as the rules of the API label it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import yaml

from demo.history.blocks import Series, steps
from demo.history.promises import MINUTE, Past, Trouble

_STEP = (60, 23)
_FORGETS = 3 * MINUTE  # after the end, its window holds enough


class _Fires(NamedTuple):
    """What fires in a kind of trouble, and after how many seconds: of its window, and of its `for`."""

    alert: str
    after: int
    waits: int


_FIRES: Mapping[str, _Fires] = {
    "slow database": _Fires("CrmApiSlow", 2 * MINUTE, 15 * MINUTE),
    "bad release": _Fires("CrmApiErrorsSudden", MINUTE, 30),
    "outage": _Fires("CrmApiErrorsSudden", MINUTE, 30),
}


class Alerts:
    """The alerts of a past; `rules`: the folder of the generated rules."""

    def __init__(self, past: Past, rules: Path) -> None:
        found = yaml.load((rules / "api.yml").read_text(encoding="utf-8"), yaml.CSafeLoader)
        self._labels = {
            rule["alert"]: rule["labels"] for group in found["groups"] for rule in group["rules"] if "alert" in rule
        }
        self._troubles = [trouble for trouble in past.troubles if trouble.kind in _FIRES]

    def series(self, start: int, end: int) -> Iterator[Series]:
        """Yield what Prometheus writes of them from `start` on, before `end` (unix seconds)."""
        for name, more in (("ALERTS", {"alertstate": "firing"}), ("ALERTS_FOR_STATE", {})):
            for trouble in self._troubles:
                fires = _FIRES[trouble.kind]
                since = trouble.start + fires.after
                times = steps(max(start, since + fires.waits), min(end, _ends(trouble)), *_STEP)
                labels = {"alertname": fires.alert, "job": "application", **self._labels[fires.alert], **more}
                value = 1 if name == "ALERTS" else since
                text = ",".join(f'{key}="{word}"' for key, word in sorted(labels.items()))
                yield Series(name, text, times, [value] * len(times.lines))


def _ends(trouble: Trouble) -> int:
    return trouble.end + _FORGETS
