"""What the exporter saves: how far each log was read, and the requests counted so far."""

from __future__ import annotations

import msgspec

from exporters.access_log.counts import Requests
from exporters.core.followed_logs import state


class State(state.State):
    """Everything: what is written to the file, and what a scrape is shown."""

    requests: Requests = msgspec.field(default_factory=Requests)
    dropped: dict[str, int] = msgspec.field(default_factory=dict)

    def copy(self) -> State:
        """Return it as it is now, for who only reads what was counted."""
        return State(self.version, self.files_copy(), self.requests.copy(), self.dropped)

    def fits(self) -> bool:
        """Return whether the histograms have the edges of this version."""
        return self.requests.fits()
