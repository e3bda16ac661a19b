"""Labels with a limit: what is beyond it shares the value `other`."""

from __future__ import annotations

OTHER = "other"  # the value of a label for all that have no series of their own
DROPPED = "pantrywatch_dropped_label_values_total"
DROPPED_TEXT = "Label values without series of their own because a limit is reached."
DROPPED_LABELS = ("exporter", "label")


class LabelLimit:
    """Admits the first values seen; an admitted value stays, so that series do not come and go."""

    def __init__(self, name: str, limit: int) -> None:
        """Admit at most `limit` values."""
        self.name = name
        self._limit = limit
        self._admitted: set[str] = set()
        self._folded: set[str] = set()

    def admit(self, value: str) -> str:
        """Return the value itself, or `other` once the limit is reached."""
        if value in self._admitted:
            return value
        if len(self._admitted) < self._limit:
            self._admitted.add(value)
            return value
        # Bounded as well: a server that invents names endlessly must not fill our memory.
        if len(self._folded) < 10 * self._limit:
            self._folded.add(value)
        return OTHER

    @property
    def dropped(self) -> int:
        """Return how many values have been folded into `other` so far."""
        return len(self._folded)
