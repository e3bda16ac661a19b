"""Reads from servers what catalog.yaml asks for, in transactions that can only read."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Any, Self, TypeVar

import yaml

from exporters.core.errors import CollectError
from exporters.core.postgres_dsn import Dsn
from exporters.core.postgres_errors import ServerError
from pantrywatch.analysis.advise.catalog import (
    Checkpoints,
    Column,
    Database,
    ForeignKey,
    Index,
    NumberSequence,
    Override,
    Server,
    Setting,
    Statement,
    Table,
)
from pantrywatch.analysis.advise.connection import Connection

FILE = Path(__file__).parent / "catalog.yaml"
MOST_DATABASES = 20
_SESSION = (
    "SET search_path = pg_catalog, pg_temp",
    "SET statement_timeout = '10s'",
    "SET lock_timeout = '1s'",
    "SET default_transaction_read_only = on",
    "SET jit = off",
    "SET plan_cache_mode = force_generic_plan",
)
_Record = TypeVar("_Record")


@dataclass(frozen=True, slots=True)
class Question:
    """An entry of catalog.yaml."""

    of: str
    sql: str
    since: int = 0
    until: int = 999


@dataclass(frozen=True, slots=True)
class Source:
    """A server to read, and which of its databases: glob patterns as in the settings."""

    name: str
    dsn: Dsn
    include: Sequence[str] = ()
    exclude: Sequence[str] = ()

    def wants(self, database: str) -> bool:
        """Return whether the settings include a database."""
        included = not self.include or any(fnmatchcase(database, pattern) for pattern in self.include)
        return included and not any(fnmatchcase(database, pattern) for pattern in self.exclude)


@cache
def table() -> Mapping[str, Question]:
    """Return name → question."""
    entries = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    return {name: Question(**entry) for name, entry in entries.items()}


def read_server(source: Source, note: Callable[[str], None]) -> Server | None:
    """Return what can be read of a server, None if nothing can; what could not be read is noted in words."""
    try:
        with Reader(source, note) as first:
            server, listed = _server(first)
            statements = _statements(first)
            databases = list(_databases(first, listed))
    except CollectError as error:
        note(f"{source.name}: {error.error_class}: not readable")
        return None
    found = [some for some in (statements, *(others for _, others in databases)) if some is not None]
    if not found:
        note(f"{source.name}: pg_stat_statements: not there: no advice on statements, nor on indexes for them")
    known = tuple(database for database, _ in databases)
    return replace(server, databases=known, statements=next(filter(None, found), ()))


class Reader:
    """A connection to one database of a server: `database` is its name as stored, that of the DSN if None."""

    def __init__(self, source: Source, note: Callable[[str], None], database: bytes | None = None) -> None:
        self.source, self.note, self.place = source, note, source.name
        self._connection = Connection(source.dsn, _SESSION, database)
        self.major = self._connection.major

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.__exit__()

    def ask(self, name: str, kind: type[_Record], schema: str = "") -> list[_Record]:
        """Return the rows of a question as records: none, with a note, if the server refuses.

        Raises CollectError if the connection is lost.
        """
        try:
            return [_record(kind, row) for row in self.rows(name, schema)]
        except ServerError as error:
            self.note(f"{self.place}: {name}: {error.error_class}: not read")
            return []

    def rows(self, name: str, schema: str = "") -> list[dict[str, Any]]:
        """Return the rows of a question, none if this version does not have it. Raises CollectError."""
        question = table()[name]
        if not question.since <= self.major <= question.until:
            return []
        sql = question.sql.replace("{schema}", schema)
        result = self._connection.result(f"SELECT to_jsonb(q) FROM ({sql}) AS q")  # noqa: S608 - of the table
        return [json.loads(result.get_value(row, 0) or b"{}") for row in range(result.ntuples)]

    def schema_of(self, extension: str) -> str:
        """Return the schema of an extension, quoted; an empty text where the database does not have it."""
        sql = "SELECT extnamespace::regnamespace::text FROM pg_extension WHERE extname = $1"
        return next(iter(self.run(sql, extension)), "")

    def run(self, sql: str, *values: str) -> list[str]:
        """Return the first column of one statement. Raises CollectError."""
        return self._connection.values(sql, *values)


def _record(kind: type[_Record], row: Mapping[str, Any]) -> _Record:
    """Return a record of a row: its arrays as tuples, NULL as the field's default."""
    given = {key: tuple(value) if isinstance(value, list) else value for key, value in row.items() if value is not None}
    return kind(**given)


def _server(reader: Reader) -> tuple[Server, list[_Listed]]:
    """Return what holds for the whole server, and its databases."""
    server = next(iter(reader.ask("server", _OfServer)), _OfServer())
    replicas = next(iter(reader.ask("replicas", _Replicas)), _Replicas())
    checkpoints = [
        *reader.ask("checkpoints_until_16", Checkpoints),
        *reader.ask("checkpoints", Checkpoints),
    ]
    found = Server(
        reader.source.name,
        reader.major,
        server.is_standby,
        server.system,
        server.statistics_seconds,
        server.age_seconds,
        server.oldest_seconds,
        replicas.replicas,
        {setting.name: setting for setting in reader.ask("settings", Setting)},
        tuple(reader.ask("overrides", Override)),
        next(iter(checkpoints), None),
    )
    return found, reader.ask("databases", _Listed)


def _databases(first: Reader, listed: Sequence[_Listed]) -> Iterator[tuple[Database, tuple[Statement, ...] | None]]:
    """Yield each database of the settings, and the statements of the server where one has them."""
    wanted = [one for one in listed if first.source.wants(one.name)]
    for one in wanted[MOST_DATABASES:]:
        first.note(f"{first.source.name}/{one.name}: more than {MOST_DATABASES} databases: not read")
    for one in wanted[:MOST_DATABASES]:
        if one.is_current:
            yield _database(first, one.name), None
            continue
        try:
            with Reader(first.source, first.note, bytes.fromhex(one.stored)) as other:
                yield _database(other, one.name), _statements(other)
        except CollectError as error:
            first.note(f"{first.source.name}/{one.name}: {error.error_class}: not readable")


def _database(reader: Reader, name: str) -> Database:
    reader.place = f"{reader.source.name}/{name}"
    whole = next(iter(reader.ask("of_database", _OfDatabase)), _OfDatabase())
    return Database(
        name,
        tuple(reader.ask("tables", Table)),
        tuple(reader.ask("columns", Column)),
        tuple(reader.ask("indexes", Index)),
        tuple(reader.ask("foreign_keys", ForeignKey)),
        tuple(reader.ask("sequences", NumberSequence)),
        whole.statistics_seconds,
        whole.temp_files,
        whole.temp_bytes,
    )


def _statements(reader: Reader) -> tuple[Statement, ...] | None:
    """Return the statements of the whole server, None where the database does not have the extension."""
    schema = reader.schema_of("pg_stat_statements")
    return tuple(reader.ask("statements", Statement, schema)) if schema else None


@dataclass(frozen=True, slots=True)
class _OfServer:
    major: int = 0
    is_standby: bool = False
    system: str | None = None
    statistics_seconds: float | None = None
    age_seconds: float | None = None
    oldest_seconds: float | None = None


@dataclass(frozen=True, slots=True)
class _Replicas:
    replicas: int = 0


@dataclass(frozen=True, slots=True)
class _OfDatabase:
    statistics_seconds: float | None = None
    temp_files: int = 0
    temp_bytes: int = 0


@dataclass(frozen=True, slots=True)
class _Listed:
    name: str
    stored: str
    is_current: bool
