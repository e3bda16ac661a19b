"""The logs of PostgreSQL servers as sources: each read in a thread of its own; a scrape shows what has been saved."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from exporters.core.deadline import Deadline
from exporters.core.errors import ErrorClass, classify_network_error
from exporters.core.exposition import Family
from exporters.core.followed_logs.follower import Follower
from exporters.core.followed_logs.location import location
from exporters.core.followed_logs.metrics import Words, followed_seconds, of_files, of_now
from exporters.core.followed_logs.reader import Reader
from exporters.core.followed_logs.state import load
from exporters.core.scrape import Finding, Run, Source, Up
from exporters.database_log.errors import complete, none_yet
from exporters.database_log.records import REASONS, DatabaseRecords
from exporters.database_log.settings import DatabaseLog, Section
from exporters.database_log.state import State

logger = logging.getLogger(__name__)

ENTRY = "database_log"
_SAMPLE_BYTES = 64 * 1024  # of a log's end, tried by `validate`
_WORDS = Words("pantrywatch_database_log", "server's log", ENTRY, "records", REASONS)
_HOW = (
    "ALTER SYSTEM SET log_destination = 'stderr, csvlog'; SELECT pg_reload_conf();  -- and logging_collector = on, "
    "which takes a restart; docs/deploy.md#errors-from-the-log-of-postgresql"
)


def sources(section: Section, settings_file: str) -> list[Source]:
    """Return a reader for each server."""
    return [
        DatabaseLogSource(server, f"{ENTRY}[{position}]", Path(settings_file).parent)
        for position, server in enumerate(section)
    ]


def database_log_reader(server: DatabaseLog, entry: str, folder: Path) -> Reader[State]:
    """Return the reader of a server's log, which continues from its state file.

    Raises ConfigError where that cannot be used.
    """
    file = folder / server.state
    saved = load(file, f"{entry}.state", State) or State()
    errors = complete(saved.errors)
    follower = Follower(
        location(folder / server.path), saved.files.get(server.name), DatabaseRecords(errors), server.most_backlog_bytes
    )
    return Reader(entry, file, {server.name: follower}, lambda files: State(files=files, errors=errors))


class DatabaseLogSource:
    """Follows one server's log from `start` to `close`."""

    exporter = "database_log"
    up: Up | None = None

    def __init__(self, server: DatabaseLog, entry: str, folder: Path) -> None:
        """Take the settings; nothing is read before `start`."""
        self.target = server.name
        self._server, self._entry, self._folder = server, entry, folder
        self._reader: Reader[State] | None = None

    def start(self) -> None:
        """Continue where the last process stopped. Raises ConfigError where the state cannot be kept."""
        self._reader = database_log_reader(self._server, self._entry, self._folder)
        self._reader.start()
        logger.info("database_log=%s path=%s state=%s", self.target, self._server.path, self._server.state)

    def collect(self, run: Run) -> None:
        """Add what has been counted and saved, and how far behind reading is."""
        reader = self._reader
        if reader is None:
            return
        run.collect("file", lambda: self._file(reader))
        run.collect("errors", lambda: _errors(reader))

    def _file(self, reader: Reader[State]) -> Iterator[Family]:
        yield from of_files(_WORDS, reader.shown, {(): self.target})
        follower = reader.followers[self.target]
        yield from of_now(_WORDS, {(): follower})
        yield followed_seconds(_WORDS, reader)
        yield Family(
            "pantrywatch_database_log_written_timestamp_seconds", "gauge",
            "When the file that is read was last written, seconds since 1970.",
            (), [] if follower.written is None else [((), follower.written)],
        )  # fmt: skip

    def classify(self, error: BaseException) -> ErrorClass:
        """Return the class of an error."""
        return classify_network_error(error)

    def collectors(self) -> Sequence[str]:
        """Return the collectors."""
        return ("file", "errors")

    def validate(self, _deadline: Deadline) -> list[Finding]:
        """Try the end of the log."""
        return [_tried(self._server, self._folder)]

    def close(self) -> None:
        """Stop reading, and save."""
        if self._reader is not None:
            self._reader.stop()


def _errors(reader: Reader[State]) -> Iterator[Family]:
    """Yield the errors; none while the state cannot be saved, as what is shown must be kept."""
    reader.require_saved()
    shown = reader.shown.errors or none_yet()
    yield Family(
        "pantrywatch_database_errors_total", "counter",
        "Errors in the server's log, by severity and class of SQLSTATE (its first two characters).",
        ("severity", "class"),
        [((severity, one), number) for severity, classes in shown.items() for one, number in classes.items()],
    )  # fmt: skip


def _tried(server: DatabaseLog, folder: Path) -> Finding:
    try:
        path = location(folder / server.path).current()
        with path.open("rb") as log:
            log.seek(max(0, os.fstat(log.fileno()).st_size - _SAMPLE_BYTES))
            whole = log.tell() == 0
            end = log.read(_SAMPLE_BYTES)
    except OSError as error:
        what = f"{server.name}: {folder / server.path}: {error.strerror}"
        return Finding(
            ok=False, what=what, remedy=f"let the exporter's user read it, or let the server write it: {_HOW}"
        )
    records = DatabaseRecords(none_yet())
    begin = 0 if whole else records.resume(end)[0]
    taken = records.take(end[begin:])
    failed = sum(taken.failed.values())
    if not failed:
        what = (
            f"{path} has no record yet"
            if not taken.lines
            else f"the last {taken.lines} records of {path} are understood"
        )
        return Finding(ok=True, what=f"{server.name}: {what}")
    why = ", ".join(f"{reason} {count}" for reason, count in sorted(taken.failed.items()))
    remedy = "SET lc_messages = 'C' for the server" if "language" in taken.failed else _HOW
    return Finding(ok=False, what=f"{server.name}: {failed} of {taken.lines} lines of {path}: {why}", remedy=remedy)
