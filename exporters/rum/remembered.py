"""What was decided about values that many requests have: bounded, by the hash of the value, which is not kept."""

from __future__ import annotations

from typing import TypeVar

_MOST = 1024

Found = TypeVar("Found")


class Remembered(dict[int, Found]):
    """Answers by the hash of the question; `hash` is different in every process, so no client can aim at an answer.

    A full one is emptied: clients that never repeat themselves cost the others the work that it saves, no more.
    """

    def keep(self, key: int, found: Found) -> Found:
        """Remember an answer, and return it."""
        if len(self) >= _MOST:
            self.clear()
        self[key] = found
        return found
