"""Retries components that do not start, one by one: each is reported, and the others keep running."""

from __future__ import annotations

import time
from collections.abc import Sequence

from pantrywatch.native.console import complain, say
from pantrywatch.native.recovery import Recovery
from pantrywatch.native.supervisor import Component, Supervisor

_RETRY_SECONDS = 60.0


class Retries:
    """Restarts what supervisor gave up on: at once if a damaged file was set aside, else after a minute."""

    def __init__(self, supervisor: Supervisor, recovery: Recovery) -> None:
        """Take the running supervisor, and the search for damaged files."""
        self.supervisor, self._recovery = supervisor, recovery
        self._at: dict[str, float] = {}

    def retry(self, components: Sequence[Component]) -> list[str]:
        """Return the components that are not running."""
        recovered = self._recovery.recover(components)
        now = time.monotonic()
        for component in components:
            if component.running:
                self._back(component.name)
            elif component.given_up and (component.name in recovered or now >= self._at.get(component.name, 0.0)):
                if component.name not in recovered:
                    self._explain(component.name)
                self._at[component.name] = now + _RETRY_SECONDS
                self.supervisor.start(component.name)
        return [component.name for component in components if component.name in self._at]

    def _back(self, name: str) -> None:
        if self._at.pop(name, None) is not None:
            say(f"{name} is running again")

    def _explain(self, name: str) -> None:
        lines = self.supervisor.last_lines(name)
        complain(
            [
                f"{name} keeps ending; the rest runs without it, next try in {_RETRY_SECONDS:.0f} s; its last lines:",
                *lines,
            ]
        )
