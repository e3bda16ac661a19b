"""A log that a server writes, and the reader that follows it, one round at a time."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from exporters.access_log.metrics import WORDS
from exporters.access_log.reader import access_log_reader
from exporters.access_log.settings import AccessLogSettings, LogFile
from exporters.access_log.state import State
from exporters.core.followed_logs.follower import Follower
from exporters.core.followed_logs.metrics import of_now
from exporters.core.followed_logs.reader import Reader


def line(path: str = "/api/contacts/17", status: str = "200", seconds: str = "0.123") -> bytes:
    """Return a line of nginx."""
    request = f'"GET {path} HTTP/1.1" {status} 4321 "-" "curl/8.5" {seconds} {seconds}'
    return f"203.0.113.9 - - [29/Nov/2026:14:34:26 +0000] {request}\n".encode()


class Logs:
    """A folder with `access.log`; `reader` is started anew by `restart`, as after a kill: nothing is saved before."""

    def __init__(self, folder: Path, **settings: Any) -> None:
        self.folder, self.log = folder, folder / "access.log"
        files = settings.pop("files", (LogFile("crm", "access.log", "nginx"),))
        self._settings = AccessLogSettings(files=files, state="state.json", **settings)
        self.reader = self._started()

    def _started(self) -> Reader[State]:
        reader = access_log_reader(self._settings, self.folder / "settings.yaml")
        self.round(reader)
        return reader

    def restart(self) -> None:
        """Start another process that knows only what was saved."""
        for follower in self.reader.followers.values():
            follower.close()
        self.reader = self._started()

    def write(self, *lines: bytes, to: str = "access.log") -> None:
        """Append lines, as a server with an open file does."""
        with (self.folder / to).open("ab") as log:
            log.write(b"".join(lines))

    def round(self, reader: Reader[State] | None = None) -> None:
        """Read everything, and save it."""
        one = reader or self.reader
        while one.round():
            pass
        one.save()

    def requests(self) -> int:
        """Return how many requests a scrape is shown."""
        return sum(sum(timed.counts) + timed.untimed for timed in self.reader.shown.requests.timed)

    def file(self, name: str = "crm") -> Any:
        """Return what a scrape is shown about a file."""
        return self.reader.shown.files[name]

    def gauges(self) -> dict[str, float]:
        """Return name → value of the gauges, of the first file."""
        followers: dict[tuple[str, ...], Follower] = {(name,): one for name, one in self.reader.followers.items()}
        return {family.name: family.samples[0][1] for family in of_now(WORDS, followers)}
