"""The access logs as a source: read in a thread of their own; a scrape shows what has been saved."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from exporters.access_log.metrics import WORDS, of_dropped, of_requests, of_retries
from exporters.access_log.parsers import parser
from exporters.access_log.reader import access_log_reader
from exporters.access_log.settings import AccessLogSettings
from exporters.access_log.state import State
from exporters.core.deadline import Deadline
from exporters.core.errors import ErrorClass, classify_network_error
from exporters.core.exposition import AnyFamily
from exporters.core.followed_logs.metrics import of_files, of_now
from exporters.core.followed_logs.reader import Reader
from exporters.core.scrape import Finding, Run, Source, Up

logger = logging.getLogger(__name__)

_SAMPLE_BYTES = 64 * 1024  # of a log's end, tried by `validate`


def sources(section: AccessLogSettings, settings_file: str) -> list[Source]:
    """Return the reader of the logs."""
    return [AccessLogSource(section, Path(settings_file))]


class AccessLogSource:
    """Follows the logs from `start` to `close`."""

    exporter = "access_log"
    up: Up | None = None

    def __init__(self, settings: AccessLogSettings, settings_file: Path) -> None:
        """Take the settings; nothing is read before `start`."""
        self.target = settings.name
        self._settings, self._settings_file = settings, settings_file
        self._reader: Reader[State] | None = None

    def start(self) -> None:
        """Read on from where the last process stopped. Raises ConfigError where the state cannot be kept."""
        self._reader = access_log_reader(self._settings, self._settings_file)
        self._reader.start()
        logger.info("access_log files=%d state=%s", len(self._settings.files), self._settings.state)

    def collect(self, run: Run) -> None:
        """Add what has been counted and saved, and how far behind reading is."""
        reader = self._reader
        if reader is None:
            return
        run.collect("files", lambda: self._files(reader))
        run.collect("requests", lambda: self._requests(reader))

    def _files(self, reader: Reader[State]) -> Iterator[AnyFamily]:
        names = [file.name for file in self._settings.files]
        yield from of_files(WORDS, reader.shown, {(name,): name for name in names})
        yield of_retries(reader.shown, names)
        yield from of_now(WORDS, {(name,): one for name, one in reader.followers.items()})

    def _requests(self, reader: Reader[State]) -> Iterator[AnyFamily]:
        """Yield the requests; none while the state cannot be saved, as what is shown must be kept."""
        reader.require_saved()
        yield from of_requests(reader.shown.requests)
        yield of_dropped(reader.shown.dropped)

    def classify(self, error: BaseException) -> ErrorClass:
        """Return the class of an error."""
        return classify_network_error(error)

    def collectors(self) -> Sequence[str]:
        """Return the collectors."""
        return ("files", "requests")

    def validate(self, _deadline: Deadline) -> list[Finding]:
        """Try the end of each log with its format."""
        return [
            _tried(self._settings, number, self._settings_file.parent) for number in range(len(self._settings.files))
        ]

    def close(self) -> None:
        """Stop reading, and save."""
        if self._reader is not None:
            self._reader.stop()


def _tried(settings: AccessLogSettings, number: int, folder: Path) -> Finding:
    file = settings.files[number]
    path = folder / file.path
    try:
        with path.open("rb") as log:
            log.seek(max(0, os.fstat(log.fileno()).st_size - _SAMPLE_BYTES))
            whole = log.tell() == 0
            end = log.read(_SAMPLE_BYTES)
    except OSError as error:
        remedy = "write it there, or let the exporter's user read it"
        return Finding(ok=False, what=f"{file.name}: {path}: {error.strerror}", remedy=remedy)
    lines = end[: end.rfind(b"\n") + 1] if whole else end[end.find(b"\n") + 1 : end.rfind(b"\n") + 1]
    if not lines:
        return Finding(ok=True, what=f"{file.name}: {path} has no line yet")
    parsed = parser(settings.format_of(file))(lines[:-1])
    failed = sum(parsed.failed.values())
    if not failed:
        return Finding(
            ok=True, what=f"{file.name}: its last {len(parsed.requests)} lines are in the format {file.format}"
        )
    why = ", ".join(f"{reason} {count}" for reason, count in sorted(parsed.failed.items()))
    return Finding(
        ok=False,
        what=f"{file.name}: {failed} of its last {failed + len(parsed.requests)} lines are not in the format "
        f"{file.format}: {why}",
        remedy="name the format that it is written in: docs/your-application.md lists them",
    )
