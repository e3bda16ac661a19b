"""Decides which channels to notify, and notifies them; failed channels are retried."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass

from prometheus_client import CollectorRegistry, Counter, Gauge

from exporters.core.logs import ChangeLog
from pantrywatch.heartbeat.channels import Channel
from pantrywatch.heartbeat.message import Notice
from pantrywatch.heartbeat.state import Record

logger = logging.getLogger(__name__)

_TICK_SECONDS = 0.5
_RETRY_SECONDS = 20.0
# After its own start it waits this long before it notifies: Alertmanager beats once a minute.
_LISTEN_FIRST_SECONDS = 90.0


@dataclass(frozen=True, slots=True)
class Timing:
    """How long without a beat until it notifies, and until it repeats that."""

    silent_seconds: float
    repeat_seconds: float


class Metrics:
    """What /metrics shows."""

    def __init__(self, record: Record) -> None:
        """Take the record to read at every scrape."""
        self.registry = CollectorRegistry()
        last = Gauge(
            "pantrywatch_heartbeat_last_timestamp_seconds", "When Watchdog last arrived; 0 for never.",
            registry=self.registry,
        )  # fmt: skip
        last.set_function(lambda: 0.0 if record.beat_at is None else round(record.unix_time(record.beat_at), 1))
        self.silent = Gauge(
            "pantrywatch_heartbeat_silent", "Whether Watchdog has been missing for too long (1).",
            registry=self.registry,
        )  # fmt: skip
        self.notices = Counter(
            "pantrywatch_heartbeat_notices_total", "Attempts to notify, by channel and whether it was accepted.",
            ("channel", "taken"), registry=self.registry,
        )  # fmt: skip


class Watch:
    """Checks the record regularly, in a task per channel, so that a slow channel does not delay others."""

    def __init__(self, record: Record, channels: Sequence[Channel], timing: Timing) -> None:
        """Take the record and the channels to notify."""
        self._record, self._channels, self._timing = record, channels, timing
        self._started_at = record.clock.steady()
        self._changes = ChangeLog(logger)
        self.metrics = Metrics(record)
        # Drop channels that were removed from the settings.
        for name in record.notified.keys() - {channel.name for channel in channels}:
            record.clear(name)

    async def run(self) -> None:
        """Run until cancelled."""
        await asyncio.gather(*(self._serve(channel) for channel in self._channels))

    async def _serve(self, channel: Channel) -> None:
        while True:
            notice = self.due(channel.name)
            if notice is None:
                await asyncio.sleep(_TICK_SECONDS)
            elif not await self._told(channel, notice):
                await asyncio.sleep(min(_RETRY_SECONDS, self._timing.silent_seconds))

    def due(self, channel: str) -> Notice | None:
        """Return the message a channel is due now, or None."""
        record, known, now = self._record, self._record.notified.get(channel), self._record.clock.steady()
        overdue = record.silent_seconds() > self._timing.silent_seconds
        listened = now - self._started_at > min(_LISTEN_FIRST_SECONDS, self._timing.silent_seconds)
        self.metrics.silent.set(int(overdue and listened))
        if overdue and listened and (known is None or now - known[0] >= self._timing.repeat_seconds):
            since = record.unix_time(record.silent_since)
            return Notice(since, returned=False, began_watching=record.beat_at is None)
        if not overdue and known is not None:
            return Notice(record.unix_time(known[1]), returned=True)
        return None

    async def _told(self, channel: Channel, notice: Notice) -> bool:
        since = self._record.silent_since
        try:
            await asyncio.to_thread(channel.tell, notice)
            state = "taken"
        except OSError as error:
            state = type(error).__name__
        self.metrics.notices.labels(channel.name, "yes" if state == "taken" else "no").inc()
        self._changes.report(f"channel={channel.name} notice={notice.status}", state, failing=state != "taken")
        if state != "taken":
            return False
        if notice.returned:
            self._record.clear(channel.name)
        else:
            self._record.mark_notified(channel.name, since)
        return True
