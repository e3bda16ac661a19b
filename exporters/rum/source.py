"""The receiver of beacons as a source: it listens in a thread of its own, and a scrape reads what it has counted."""

from __future__ import annotations

import asyncio
import logging
import socket
import threading
from collections.abc import Sequence
from concurrent.futures import Future

from exporters.core.deadline import Deadline
from exporters.core.errors import ErrorClass, classify_network_error
from exporters.core.scrape import Finding, Run, Source, Up
from exporters.core.server import listen
from exporters.rum.metrics import Metrics
from exporters.rum.protocol import Connections, serve_beacons
from exporters.rum.receiver import Receiver
from exporters.rum.settings import RumSettings

logger = logging.getLogger(__name__)

_START_SECONDS = 10.0


def sources(section: RumSettings, _settings_file: str) -> list[Source]:
    """Return the receiver."""
    return [RumSource(section)]


class RumSource:
    """Receives beacons from `start` to `close`."""

    exporter = "rum"
    up: Up | None = None

    def __init__(self, settings: RumSettings) -> None:
        """Take the settings; nothing listens before `start`."""
        self.target = settings.name
        self._settings = settings
        self._metrics = Metrics(settings.most_label_sets)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None
        self._thread: threading.Thread | None = None
        self.address: tuple[str, int] | None = None

    def start(self) -> None:
        """Listen. Raises ConfigError if the address is in use."""
        listener = listen(self._settings.listen, "rum.listen")
        self.address = listener.getsockname()[:2]
        started: Future[None] = Future()
        self._thread = threading.Thread(
            target=lambda: asyncio.run(self._serve(listener, started)), name="rum-receiver", daemon=True
        )
        self._thread.start()
        started.result(_START_SECONDS)
        logger.info("receiver=rum listen=%s routes=%d", self._settings.listen, len(self._settings.routes))

    async def _serve(self, listener: socket.socket, started: Future[None]) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        connections = Connections(Receiver(self._settings, self._metrics))
        server = await self._loop.create_server(connections, sock=listener)
        started.set_result(None)
        await serve_beacons(connections, server, self._stop)

    def collect(self, run: Run) -> None:
        """Add what has been counted since the start."""
        run.collect("beacons", self._metrics.families)

    def classify(self, error: BaseException) -> ErrorClass:
        """Return the class of an error: nothing outside is asked."""
        return classify_network_error(error)

    def collectors(self) -> Sequence[str]:
        """Return the one collector."""
        return ("beacons",)

    def validate(self, _deadline: Deadline) -> list[Finding]:
        """Return what the settings leave open."""
        if self._settings.routes:
            return [Finding(ok=True, what=f"{len(self._settings.routes)} routes are told apart")]
        return [
            Finding(ok=False, what="rum.routes is empty", remedy="every route is counted as `other`: list templates")
        ]

    def close(self) -> None:
        """Stop listening."""
        if self._loop and self._stop and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._stop.set)
        if self._thread:
            self._thread.join(_START_SECONDS)
