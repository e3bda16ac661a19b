"""conventions.yaml: how instrumentation libraries name what they measure, one entry a library."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Annotated, Literal

from exporters.core.field_checks import one_of, some_entries, unique_names
from exporters.core.settings import load

FILE = Path(__file__).with_name("conventions.yaml")
# What rules and boards read: OpenTelemetry's names.
REQUESTS = "http_server_request_duration_seconds"
MILLISECONDS = "http_server_request_duration_milliseconds"
METHOD, ROUTE, STATUS = "http_request_method", "http_route", "http_response_status_code"
STATEMENTS = "db_client_operation_duration_seconds"
SYSTEM, OPERATION, COLLECTION = "db_system_name", "db_operation_name", "db_collection_name"
CONNECTIONS, CONNECTION_STATE = "db_client_connection_count", "db_client_connection_state"
CONNECTIONS_MAX, CONNECTIONS_WAITED_FOR = "db_client_connection_max", "db_client_connection_pending_requests"
POOL_NAME = "db_client_connection_pool_name"


@dataclass(frozen=True, slots=True)
class Requests:
    """Histograms of requests; the file itself says what each field means."""

    histograms: Annotated[tuple[str, ...], some_entries("histogram")]
    unit: Literal["s", "ms"]
    route: tuple[str, ...] = ()
    method: tuple[str, ...] = ()
    status: tuple[str, ...] = ()
    counter: str | None = None
    statuses: str = ".+"


@dataclass(frozen=True, slots=True)
class Statements:
    """A histogram of database statements; without `system` its database is taken to be PostgreSQL."""

    histogram: str
    operation: str | None = None
    collection: str | None = None
    system: str | None = None


@dataclass(frozen=True, slots=True)
class Pool:
    """The gauges of one kind of pool; without `by_state`, whose label `state` says used or idle, one for each state."""

    by_state: str | None = None
    state: str | None = None
    used: str | None = None
    idle: str | None = None
    max: str | None = None
    waiting: str | None = None
    name: str | None = None

    def gauges(self) -> list[str]:
        """Return the names of all of them."""
        return [one for one in (self.by_state, self.used, self.idle, self.max, self.waiting) if one]


@dataclass(frozen=True, slots=True)
class Convention:
    """One library. `edges` are in seconds."""

    name: str
    library: str
    requests: tuple[Requests, ...]
    edges: tuple[float, ...]
    statements: tuple[Statements, ...] = ()
    pool: tuple[Pool, ...] = ()
    advice: str = ""


@dataclass(frozen=True, slots=True)
class _Conventions:
    conventions: Annotated[tuple[Convention, ...], unique_names]


@cache
def conventions() -> tuple[Convention, ...]:
    """Return every known convention. Raises ConfigError with every problem of the file."""
    return load(FILE, _Conventions, {}).conventions


def expect_convention(name: str | None) -> None:
    """Raise ValueError unless it is the name of a convention; None is any."""
    if name is not None:
        one_of([convention.name for convention in conventions()])(name)


def named(names: set[str]) -> tuple[Convention, ...]:
    """Return these conventions in the order of the file; an empty set is all of them."""
    return tuple(one for one in conventions() if not names or one.name in names)
