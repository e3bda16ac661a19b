"""Which databases of a server are visited, in turn, and why the others are not."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import NamedTuple

from exporters.core.errors import ErrorClass
from exporters.core.exposition import Family
from exporters.database.queries import Metric, Query
from exporters.database.statement import Row

AT_ONCE = 50  # databases that one run of a query visits; if there are more, they take turns
_RETRY_SECONDS = 60.0  # after the first refusal; doubled after each further one, to keep the server's log quiet
_LONGEST_RETRY_SECONDS = 3600.0

# A client's database name is compared byte by byte, but shown in the encoding of the database it is read from: to
# connect, the name must be the bytes as stored. A connection limit of -2 is left by an interrupted DROP DATABASE.
LIST = Query(
    name="databases",
    source="pg_database WHERE NOT datistemplate",
    labels={
        "datname": "datname",
        "stored": r"encode(decode(replace(datname::text, E'\\', E'\\\\'), 'escape'), 'hex')",
        "state": """CASE
          WHEN datconnlimit = -2 THEN 'invalid'
          WHEN datname = current_database() THEN 'current'
          WHEN NOT datallowconn OR NOT has_database_privilege(oid, 'CONNECT') THEN 'closed'
          ELSE 'open'
        END""",
    },
    metrics=(Metric("pg_database_found", "gauge", "One.", "1"),),
)
_STATES = ("visited", "waiting", "excluded", "closed", "invalid", "undecodable")


class Database(NamedTuple):
    """A database: its name as shown and as stored; state `current`, `open`, `closed`, `invalid` or `undecodable`."""

    name: str
    stored: bytes
    state: str


@dataclass(slots=True)
class _Refusal:
    error_class: ErrorClass
    times: int
    until: float


def listed(rows: Iterable[Row]) -> list[Database]:
    """Return the databases in the result of `LIST`; undecodable names cannot be told apart, nor used in a label."""
    return [
        Database(name, bytes.fromhex(stored), "undecodable" if "\N{REPLACEMENT CHARACTER}" in name else state)
        for (name, stored, state), _ in rows
    ]


class Databases:
    """The databases of a target and their turns: `include` and `exclude` are glob patterns; no `include` means all."""

    def __init__(self, include: Sequence[str] = (), exclude: Sequence[str] = (), at_once: int = AT_ONCE) -> None:
        """Take the patterns; nothing is known before `update`."""
        self._include = tuple(include)
        self._exclude = tuple(exclude)
        self._at_once = at_once
        self._known: list[Database] = []
        self._tried: dict[tuple[str, str], float] = {}
        self._entered: set[str] = set()
        self._refused: dict[str, _Refusal] = {}

    def wants(self, name: str) -> bool:
        """Return whether the settings include the database of this name."""
        included = not self._include or _matches(name, self._include)
        return included and not _matches(name, self._exclude)

    def update(self, rows: Iterable[Row]) -> None:
        """Take the server's list, and forget dropped databases."""
        self._known = listed(rows)
        names = {database.name for database in self._known}
        self._entered &= names
        self._refused = {name: refusal for name, refusal in self._refused.items() if name in names}
        self._tried = {key: at for key, at in self._tried.items() if key[1] in names}

    def current(self) -> Database | None:
        """Return the database that the session is connected to, or None if the settings exclude it."""
        return next((one for one in self._known if one.state == "current" and self.wants(one.name)), None)

    def visitable(self) -> list[Database]:
        """Return the other databases that may be visited."""
        return [database for database in self._known if database.state == "open" and self.wants(database.name)]

    def turn(self, query: str) -> list[Database]:
        """Return those that a query visits now: the ones not visited for longest, without any that refused recently."""
        now = time.monotonic()
        ready = [one for one in self.visitable() if self._retry_at(one.name) <= now]
        return sorted(ready, key=lambda one: (self._tried.get((query, one.name), 0.0), one.name))[: self._at_once]

    def note_tried(self, query: str, database: Database) -> None:
        """Note that a query had its turn in a database, whatever the outcome."""
        self._tried[query, database.name] = time.monotonic()

    def note_entered(self, database: Database) -> None:
        """Note that the database accepted us."""
        self._entered.add(database.name)
        self._refused.pop(database.name, None)

    def note_refused(self, database: Database, error_class: ErrorClass) -> None:
        """Note why the database refused us; retries come at growing intervals."""
        before = self._refused.get(database.name)
        times = before.times + 1 if before else 0
        wait = min(_RETRY_SECONDS * 2.0 ** min(times, 10), _LONGEST_RETRY_SECONDS)
        self._refused[database.name] = _Refusal(error_class, times, time.monotonic() + wait)
        self._entered.discard(database.name)

    def families(self) -> list[Family]:
        """Return the number of databases in each state; `refused` has the class of the refusal."""
        if not self._known:
            return []
        family = Family(
            "pantrywatch_database_databases",
            "gauge",
            "Databases by state. visited: their tables, indexes and sequences are monitored; waiting: will "
            "be visited in turn; refused: rejects the role, with the class why; excluded: by the settings; "
            "closed: datallowconn is off, or the role lacks CONNECT; invalid: waiting to be dropped; "
            "undecodable: the name is not UTF-8.",
            ("state", "class"),
        )
        known, refused = list(self._known), dict(self._refused)
        counts = Counter(self._state(one) for one in known if one.name not in refused or not self.wants(one.name))
        for state in _STATES:
            family.add(counts[state], state, "")
        names = {one.name for one in known if self.wants(one.name)}
        classes = Counter(refusal.error_class for name, refusal in refused.items() if name in names)
        for error_class, count in sorted(classes.items()):
            family.add(count, "refused", error_class)
        return [family]

    def _state(self, database: Database) -> str:
        if database.state in {"invalid", "undecodable"}:
            return database.state
        if not self.wants(database.name):
            return "excluded"
        if database.state == "closed":
            return "closed"
        return "visited" if database.state == "current" or database.name in self._entered else "waiting"

    def _retry_at(self, name: str) -> float:
        refusal = self._refused.get(name)
        return refusal.until if refusal else 0.0


def _matches(name: str, patterns: Sequence[str]) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns)
