"""What a seed and a healthy database are made of."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.support.planted.series import Series
from tests.support.planted.truth import Truth
from tests.support.servers import Postgres

Parameters = Callable[[int], tuple[Any, ...] | dict[str, Any]]  # of the number of the run, from 0


@dataclass(frozen=True, slots=True)
class Step:
    """A statement of the application and how often it runs."""

    times: int
    statement: str
    parameters: Parameters = lambda _: ()


@dataclass(frozen=True, slots=True)
class Plant:
    """A schema with data, what is wrong with it, and what it is used for.

    `script` is a file next to this one: statements that end with a semicolon at the end of a line. `settings` are
    written to the cluster's file before it runs. `break_index` leaves an invalid index in the database it is given.
    """

    script: str
    settings: dict[str, str]
    workload: tuple[Step, ...]
    series: tuple[Series, ...]
    truths: tuple[Truth, ...]
    near_misses: tuple[Truth, ...]
    break_index: Callable[[Postgres, str], None]


@dataclass(frozen=True, slots=True)
class Seeded:
    """A running database with its workload behind it, and what must be found there."""

    server: Postgres
    dbname: str
    series: tuple[Series, ...]
    truths: tuple[Truth, ...] = ()
    near_misses: tuple[Truth, ...] = ()
    doubtful: tuple[Truth, ...] = ()

    @property
    def dsn(self) -> str:
        """Return the superuser's URL."""
        return self.server.dsn(self.dbname)
