"""The reader of the access logs: a parser for each format, and one count of all requests."""

from __future__ import annotations

from pathlib import Path

from exporters.access_log.counts import Counts
from exporters.access_log.parsers import parser
from exporters.access_log.requests import Parse
from exporters.access_log.routes import Routes
from exporters.access_log.settings import AccessLogSettings
from exporters.access_log.state import State
from exporters.core.followed_logs.follower import Follower
from exporters.core.followed_logs.location import OneFile
from exporters.core.followed_logs.reader import Reader
from exporters.core.followed_logs.records import Taken, after_newline
from exporters.core.followed_logs.state import FileState, load

ENTRY = "access_log"


def access_log_reader(settings: AccessLogSettings, settings_file: Path) -> Reader[State]:
    """Return the reader, which continues from the state file. Raises ConfigError where that cannot be used."""
    folder = settings_file.parent
    file = folder / settings.state
    saved = load(file, f"{ENTRY}.state", State) or State()
    counts = Counts(Routes(settings.routes, settings.most_routes), settings.most_label_sets, saved.requests.copy())
    followers = {
        one.name: Follower(
            OneFile(folder / one.path),
            saved.files.get(one.name),
            _Requests(parser(settings.format_of(one)), counts),
            settings.most_backlog_bytes,
        )
        for one in settings.files
    }

    def state(files: dict[str, FileState]) -> State:
        return State(files=files, requests=counts.requests, dropped=counts.dropped())

    return Reader(ENTRY, file, followers, state)


class _Requests:
    """Each line is a request."""

    def __init__(self, parse: Parse, counts: Counts) -> None:
        self._parse, self._counts = parse, counts

    def take(self, block: bytes) -> Taken:
        """Count the whole lines."""
        end = block.rfind(b"\n")
        if end < 0:
            return Taken(0, 0, {})
        parsed = self._parse(block[:end])
        self._counts.add(parsed.requests)
        return Taken(end + 1, block.count(b"\n", 0, end + 1), parsed.failed, parsed.retries)

    def take_long(self, _block: bytes) -> dict[str, int]:
        """Count the line as one that is too long."""
        return {"long": 1}

    def resume(self, block: bytes) -> tuple[int, bool]:
        """Continue after the next newline."""
        return after_newline(block)
