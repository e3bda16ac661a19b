"""What the exporter saves of a server: how far its log was read, and the errors counted so far."""

from __future__ import annotations

import msgspec

from exporters.core.followed_logs import state
from exporters.core.followed_logs.state import Count


class State(state.State):
    """Everything: what is written to the file, and what a scrape is shown."""

    errors: dict[str, dict[str, Count]] = msgspec.field(default_factory=dict)
