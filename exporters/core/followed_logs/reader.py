"""Reads every log of an exporter in one thread, and shows scrapes what has been saved."""

from __future__ import annotations

import errno
import logging
import os
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Generic

from exporters.core.errors import CollectError, ConfigError, ConfigProblem, ErrorClass
from exporters.core.followed_logs.follower import Follower
from exporters.core.followed_logs.state import FileState, S, save
from exporters.core.logs import ChangeLog

logger = logging.getLogger(__name__)

_ROUND_SECONDS = 1.0
_SAVE_SECONDS = 5.0  # at most so much younger than what a scrape is shown


class Reader(Generic[S]):
    """Follows logs from `start` to `stop`. `shown` has reached the disk; `fault`: why it cannot."""

    def __init__(
        self,
        entry: str,
        file: Path,
        followers: Mapping[str, Follower],
        state: Callable[[dict[str, FileState]], S],
    ) -> None:
        """Take the entry in the settings, its state file, name → follower, and what makes a state of files."""
        self._entry, self._file, self.followers, self._state = entry, file, followers, state
        self.shown = state({})
        self.fault: OSError | None = None
        self._changes = ChangeLog(logger)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name=entry, daemon=True)
        self._unsaved = True
        self._saved_at = -_SAVE_SECONDS

    def start(self) -> None:
        """Note where each log ends, save that, and go on in a thread. Raises ConfigError if it cannot be saved."""
        self.round(read=False)
        self._saved_at = -_SAVE_SECONDS  # what is read first is saved at once: a process may not live long
        if self.fault is not None:
            expected = f"expected a file that can be written, with its folder: {self.fault.strerror}"
            raise ConfigError([ConfigProblem(str(self._file), f"{self._entry}.state", expected)])
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
            for follower in self.followers.values():
                follower.since = None
            return False
        more = False
        for name, follower in self.followers.items():
            changed, has_more = follower.round(read=read)
            self._unsaved |= changed
            more |= has_more
            state = errno.errorcode.get(follower.problem, str(follower.problem)) if follower.problem else "ok"
            self._changes.report(f"{self._entry}={name}", state, failing=bool(follower.problem))
        if self._unsaved and time.monotonic() - self._saved_at >= _SAVE_SECONDS:
            self.save()
        return more

    def save(self) -> None:
        """Save what has been read, and show it; `fault` says why that is not possible."""
        if not self._unsaved:
            return
        state = self._state({name: one.state for name, one in self.followers.items() if not one.is_new})
        try:
            save(self._file, state)
        except OSError as error:
            self.fault = error
            self._changes.report(f"{self._entry} state", errno.errorcode.get(error.errno or 0, "error"), failing=True)
            return
        self._changes.report(f"{self._entry} state", "ok", failing=False)
        self.fault, self._unsaved, self._saved_at = None, False, time.monotonic()
        self.shown = state.copy()

    def require_saved(self) -> None:
        """Raise CollectError while the state cannot be saved: what a scrape is shown must be kept."""
        if self.fault is not None:
            raise CollectError(ErrorClass.STORAGE, f"{self.fault.filename}: {self.fault.strerror}")

    def problems(self) -> dict[str, str]:
        """Return log → why it cannot be read."""
        return {name: os.strerror(one.problem) for name, one in self.followers.items() if one.problem}
