"""Reads every log in one thread, and shows scrapes what has been saved."""

from __future__ import annotations

import errno
import logging
import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from exporters.access_log.counts import Counts
from exporters.access_log.follower import Follower
from exporters.access_log.parsers import parser
from exporters.access_log.requests import Parse, Parsed
from exporters.access_log.routes import Routes
from exporters.access_log.settings import AccessLogSettings
from exporters.access_log.state import State, load, save
from exporters.core.errors import ConfigError, ConfigProblem
from exporters.core.exposition import Family
from exporters.core.logs import ChangeLog

logger = logging.getLogger(__name__)

_ROUND_SECONDS = 1.0
_SAVE_SECONDS = 5.0  # at most so much younger than what a scrape is shown


class Reader:
    """Follows the logs of the settings from `start` to `stop`. `shown` has reached the disk; `fault`: why it cannot."""

    def __init__(self, settings: AccessLogSettings, settings_file: Path) -> None:
        """Continue from the state file. Raises ConfigError where it cannot be used."""
        folder = settings_file.parent
        self._file = folder / settings.state
        saved = load(self._file, "access_log.state") or State()
        routes = Routes(settings.routes, settings.most_routes)
        self._counts = Counts(routes, settings.most_label_sets, saved.requests.copy())
        self.followers = {
            one.name: Follower(
                folder / one.path,
                saved.files.get(one.name),
                self._counting(parser(settings.format_of(one))),
                settings.most_backlog_bytes,
            )
            for one in settings.files
        }
        self.shown = State()
        self.fault: OSError | None = None
        self._changes = ChangeLog(logger)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="access-log", daemon=True)
        self._unsaved = True
        self._saved_at = -_SAVE_SECONDS

    def _counting(self, parse: Parse) -> Callable[[bytes], Parsed]:
        def count(block: bytes) -> Parsed:
            parsed = parse(block)
            self._counts.add(parsed.requests)
            return parsed

        return count

    def start(self) -> None:
        """Note where each log ends, save that, and go on in a thread. Raises ConfigError if it cannot be saved."""
        self.round(read=False)
        self._saved_at = -_SAVE_SECONDS  # what is read first is saved at once: a process may not live long
        if self.fault is not None:
            expected = f"expected a file that can be written, with its folder: {self.fault.strerror}"
            raise ConfigError([ConfigProblem(str(self._file), "access_log.state", expected)])
        self._thread.start()

    def stop(self, wait_seconds: float = 2.0) -> None:
        """Stop after the current round, and save."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(wait_seconds)
        if not self._thread.is_alive():
            self.save()
            for follower in self.followers.values():
                follower.close()

    def _run(self) -> None:
        more = True
        while not self._stop.wait(0 if more else _ROUND_SECONDS):
            more = self.round()

    def round(self, *, read: bool = True) -> bool:
        """Read what has been written, and save it if the last time is long enough ago; return whether there is more.

        While nothing can be saved nothing is read: what could not be shown would be lost with the process.
        """
        if self.fault is not None:
            self.save()
        if self.fault is not None:
            return False
        more = False
        for name, follower in self.followers.items():
            changed, has_more = follower.round(read=read)
            self._unsaved |= changed
            more |= has_more
            state = errno.errorcode.get(follower.problem, str(follower.problem)) if follower.problem else "ok"
            self._changes.report(f"access_log={name}", state, failing=bool(follower.problem))
        if self._unsaved and time.monotonic() - self._saved_at >= _SAVE_SECONDS:
            self.save()
        return more

    def save(self) -> None:
        """Save what has been read, and show it; `fault` says why that is not possible."""
        files = {name: follower.state for name, follower in self.followers.items()}
        state = State(files=files, requests=self._counts.requests)
        if not self._unsaved:
            return
        try:
            save(self._file, state)
        except OSError as error:
            self.fault = error
            self._changes.report("access_log state", errno.errorcode.get(error.errno or 0, "error"), failing=True)
            return
        self._changes.report("access_log state", "ok", failing=False)
        self.fault, self._unsaved, self._saved_at = None, False, time.monotonic()
        self.shown = state.copy()

    def now(self) -> Iterator[Family]:
        """Yield what is known about the files at this moment."""
        up = Family(
            "pantrywatch_access_log_file_up", "gauge", "Whether the access log is there and can be read.", ("file",)
        )
        lag = Family("pantrywatch_access_log_lag_bytes", "gauge", "Bytes of the access log not read yet.", ("file",))
        seconds = Family(
            "pantrywatch_access_log_lag_seconds",
            "gauge",
            "Time since the access log was last read to its end.",
            ("file",),
        )
        now = time.monotonic()
        for name, follower in self.followers.items():
            up.add(int(not follower.problem), name)
            lag.add(follower.lag_bytes, name)
            seconds.add(max(0.0, now - follower.reached_end), name)
        yield from (up, lag, seconds)

    def problems(self) -> dict[str, str]:
        """Return file → why it cannot be read."""
        return {name: os.strerror(one.problem) for name, one in self.followers.items() if one.problem}
