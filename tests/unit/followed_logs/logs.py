"""A log of a web server or of PostgreSQL, and the reader that follows it, one round at a time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from exporters.access_log.reader import access_log_reader
from exporters.access_log.settings import AccessLogSettings, LogFile
from exporters.core.followed_logs.follower import Follower
from exporters.core.followed_logs.metrics import Words, of_now
from exporters.core.followed_logs.reader import Reader
from exporters.database_log.settings import DatabaseLog
from exporters.database_log.source import database_log_reader


def access_line(text: str = "/api/contacts/17", seconds: str = "0.123") -> bytes:
    """Return a line of nginx."""
    request = f'"GET {text} HTTP/1.1" 200 4321 "-" "curl/8.5" {seconds} {seconds}'
    return f"203.0.113.9 - - [29/Nov/2026:14:34:26 +0000] {request}\n".encode()


def csv_record(text: str = "division by zero", severity: str = "ERROR", state: str = "22012") -> bytes:
    """Return a record of PostgreSQL's csvlog, from version 14."""
    who = '2026-11-29 17:56:48.988 UTC,"crm","crm",11471,"127.0.0.1:5432",6b0c6760.2ccf,1,"SELECT"'
    quoted = text.replace('"', '""')
    what = f'2026-11-29 17:56:48 UTC,3/2,0,{severity},{state},"{quoted}",,,,,,"select ""{quoted}""",,,"psql"'
    return f'{who},{what},"client backend",,0\n'.encode()


def json_record(text: str = "division by zero", severity: str = "ERROR", state: str = "22012") -> bytes:
    """Return a record of PostgreSQL's jsonlog."""
    who = '{"timestamp":"2026-11-29 17:56:53.834 UTC","user":"crm","dbname":"crm","pid":11608,"line_num":1'
    return f'{who},"error_severity":"{severity}","state_code":"{state}","message":"{text}","query_id":0}}\n'.encode()


def _access_reader(folder: Path, **settings: Any) -> Reader[Any]:
    files = settings.pop("files", (LogFile("crm", "access.log", "nginx"),))
    section = AccessLogSettings(files=files, state="state.json", **settings)
    return access_log_reader(section, folder / "settings.yaml")


def _database_reader(folder: Path, path: str = "access.log", **settings: Any) -> Reader[Any]:
    return database_log_reader(DatabaseLog("crm", path, "state.json", **settings), "database_log[0]", folder)


def _requests(state: Any) -> int:
    return sum(sum(timed.counts) + timed.untimed for timed in state.requests.timed)


def _errors(state: Any) -> int:
    return sum(sum(classes.values()) for classes in state.errors.values())


@dataclass(frozen=True, slots=True)
class Kind:
    """What is followed: how a line is written, who reads it, what is counted, and a line whose reason is its own."""

    line: Callable[..., bytes]
    reader: Callable[..., Reader[Any]]
    counted: Callable[[Any], int]
    bad: tuple[bytes, str]


ACCESS = Kind(access_line, _access_reader, _requests, (access_line(seconds="soon"), "time"))
CSV = Kind(csv_record, _database_reader, _errors, (csv_record(severity="FEHLER"), "language"))
JSON = Kind(json_record, _database_reader, _errors, (json_record(severity="FEHLER"), "language"))


class Logs:
    """A folder with `access.log`; `reader` is started anew by `restart`, as after a kill: nothing is saved before."""

    def __init__(self, folder: Path, kind: Kind = ACCESS, **settings: Any) -> None:
        self.folder, self.log, self.kind = folder, folder / "access.log", kind
        self.line = kind.line
        self._settings = settings
        self.reader = self._started()

    def _started(self) -> Reader[Any]:
        reader = self.kind.reader(self.folder, **self._settings)
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

    def round(self, reader: Reader[Any] | None = None) -> None:
        """Read everything, and save it."""
        one = reader or self.reader
        while one.round():
            pass
        one.save()

    def counted(self) -> int:
        """Return how many requests or errors a scrape is shown."""
        return self.kind.counted(self.reader.shown)

    def file(self, name: str = "crm") -> Any:
        """Return what a scrape is shown about a file."""
        return self.reader.shown.files[name]

    def gauges(self) -> dict[str, float]:
        """Return name → value of the gauges, of the first file."""
        words = Words("log", "log", "section", "lines", (), ("file",))
        followers: dict[tuple[str, ...], Follower] = {(name,): one for name, one in self.reader.followers.items()}
        return {family.name: family.samples[0][1] for family in of_now(words, followers)}
