"""What the exporter saves of a server: how far its log was read, and the errors counted so far."""

from __future__ import annotations

import msgspec

from exporters.core.followed_logs import state
from exporters.core.followed_logs.state import Count


class State(state.State):
    """Everything: what is written to the file, and what a scrape is shown."""

    errors: dict[str, dict[str, Count]] = msgspec.field(default_factory=dict)

    def copy(self) -> State:
        """Return it as it is now, for who only reads what was counted."""
        errors = {severity: {**classes} for severity, classes in self.errors.items()}
        return State(self.version, self.files_copy(), errors)

    def fits(self) -> bool:
        """Return that any version can go on: a series that is new begins at 0."""
        return True
