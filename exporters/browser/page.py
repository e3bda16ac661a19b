"""One page load: waits until the page is loaded and quiet, and returns the measurements."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, replace
from typing import Any

from exporters.browser.tab import Tab
from exporters.browser.web_vitals import (
    Span,
    cumulative_layout_shift,
    time_to_interactive,
    total_blocking_time,
)
from exporters.core.checks.check import Observation
from exporters.core.deadline import Deadline
from exporters.core.errors import CollectError, ErrorClass

_ALIVE_SECONDS = 1.0
_POLL_SECONDS = 0.25


@dataclass(frozen=True, slots=True, kw_only=True)
class PageTimings:
    """The times of a load, in seconds since navigation; None for what did not occur in the `watched` time."""

    watched: float
    ttfb: float | None = None
    fcp: float | None = None
    lcp: float | None = None
    cls: float | None = None
    tbt: float | None = None
    tti: float | None = None
    load: float | None = None


class PageLoad:
    """A page being loaded in a tab; `throttled` if the tab's network is."""

    def __init__(self, tab: Tab, *, throttled: bool) -> None:
        self._tab = tab
        self._throttled = throttled
        self._begun = 0.0
        self.seen = PageTimings(watched=0.0)

    def run(self, url: str, text: str, observation: Observation, due: Deadline, *, settle: bool) -> CollectError | None:
        """Open the page, wait until it is loaded, and interactive if it shall settle; return why it failed if it did.

        Raises CollectError if the load cannot be judged: the browser failed (internal), or the URL led to no page.
        A page that does not load in time has no `load` in `seen`, and a failure of class timeout.
        """
        try:
            with observation.phase("navigate"):
                self._begun = time.monotonic()
                self._tab.open(url, due)
            with observation.phase("load"):
                self._wait(due, loaded=True)
            if settle:
                with observation.phase("settle"):
                    self._wait(due, loaded=False)
            return self._judge(text, due)
        except TimeoutError:
            self._tab.require_alive()
            return self._judge_late(text)

    def _wait(self, deadline: Deadline, *, loaded: bool) -> None:
        """Return when the page is loaded, or when it is interactive. Raises TimeoutError, CollectError."""
        while True:
            self._tab.listen(Deadline(min(deadline.at, Deadline.after(_POLL_SECONDS).at)))
            self._look(deadline)
            if (self.seen.load if loaded else self.seen.tti) is not None:
                return
            if deadline.passed():
                raise TimeoutError

    def _judge(self, text: str, deadline: Deadline) -> CollectError | None:
        """Return why the loaded page is not the expected one. Raises TimeoutError."""
        if not self._tab.evaluate(f"pantrywatchShows({json.dumps(text)})", deadline):
            return CollectError(ErrorClass.PROTOCOL, "the page does not show expect_text")
        return None

    def _judge_late(self, text: str) -> CollectError | None:
        """Return why a page that was not finished at the deadline fails; one that is loaded and busy may pass."""
        load = self._tab.loaded_at or None
        self.seen = replace(self.seen, watched=time.monotonic() - self._begun, load=self.seen.load or load)
        if self.seen.load is None:
            count = self._tab.traffic.in_progress()
            return CollectError(ErrorClass.TIMEOUT, f"not loaded in time, with {count} requests in progress")
        try:
            return self._judge(text, Deadline.after(_ALIVE_SECONDS))
        except TimeoutError:
            return CollectError(ErrorClass.TIMEOUT, "loaded, but it does not respond")

    def _look(self, deadline: Deadline) -> None:
        seen = self._tab.evaluate("pantrywatchSeen()", deadline)
        loaded = self._tab.loaded_at or None
        self.seen = _timings(seen, self._tab.traffic.spans(), throttled=self._throttled)
        if self.seen.load is None and loaded is not None:
            self.seen = replace(self.seen, load=loaded)


def _timings(seen: dict[str, Any], requests: list[Span], *, throttled: bool) -> PageTimings:
    """Return the page's own timings, in seconds."""
    tasks = [(begin / 1000, end / 1000) for begin, end in seen["tasks"]]
    fcp, ready, now = _seconds(seen["fcp"]), _seconds(seen["ready"]), seen["now"] / 1000
    tti = tbt = None
    if fcp is not None and ready is not None:
        tti = time_to_interactive(fcp, ready, tasks, requests, now)
        tbt = total_blocking_time(fcp, tti if tti is not None else now, tasks)
    return PageTimings(
        watched=now,
        # Chromium's own throttling is not in the page's first byte: better no number than a wrong one.
        ttfb=None if throttled else _seconds(seen["ttfb"]),
        fcp=fcp,
        lcp=_seconds(seen["lcp"]),
        cls=cumulative_layout_shift((at / 1000, score) for at, score in seen["shifts"]),
        tbt=tbt,
        tti=tti,
        load=_seconds(seen["load"]),
    )


def _seconds(milliseconds: float | None) -> float | None:
    """Return seconds, or None; the browser writes 0 for events that have not happened."""
    return milliseconds / 1000 if milliseconds else None
