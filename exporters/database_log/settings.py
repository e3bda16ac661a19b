"""The `database_log` section of settings.yaml: the logs that PostgreSQL servers write."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePath
from typing import Annotated

from exporters.core.decoder import Problems
from exporters.core.field_checks import at_most_entries, between, expect, not_empty, unique, unique_names
from exporters.core.followed_logs.location import has_wildcards

_MOST_SERVERS = 20


def _expect_pattern(path: str) -> None:
    not_empty(path)
    expect(not has_wildcards(str(PurePath(path).parent)), "wildcards in the name of the file alone", path)


def _a_state_each(servers: tuple[DatabaseLog, ...]) -> Problems:
    yield from unique([getattr(server, "state", None) for server in servers], ".state")


@dataclass(frozen=True, slots=True)
class DatabaseLog:
    """The log of one PostgreSQL server, as csvlog or jsonlog: which of the two is seen from its content."""

    name: Annotated[
        str,
        "The name of the server in `database`; the value of the label `instance`, unique in the section.",
        not_empty,
    ]
    path: Annotated[
        str,
        "The file, or a pattern such as `/var/log/postgresql/postgresql-*.csv`: the newest that matches is the log. A "
        "relative path begins at the settings file.",
        _expect_pattern,
    ]
    state: Annotated[
        str,
        "The file with what was read and counted, written every few seconds; a relative path begins at the settings "
        "file. On a disk that is kept: without it counting starts again.",
        not_empty,
    ]
    most_backlog_bytes: Annotated[
        int,
        "How far behind reading may be, such as after a stop: older lines are passed over and counted as such.",
        between(1_000_000, 10_000_000_000),
    ] = 268_435_456


Section = Annotated[tuple[DatabaseLog, ...], unique_names, _a_state_each, at_most_entries(_MOST_SERVERS, "servers")]


def from_environment(_environment: Mapping[str, str]) -> Section:
    """Return none: logs are followed only where a settings file names them."""
    return ()
