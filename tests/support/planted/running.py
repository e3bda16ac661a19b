"""Runs a database with planted faults: `planted(directory, seed)`."""

from __future__ import annotations

import dataclasses
import os
import re
import signal
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.support.planted import orders, stock, tickets
from tests.support.planted.records import Plant, Seeded, Step
from tests.support.planted.truth import Truth
from tests.support.servers import Postgres, postgres, wait_until

DBNAME, APPLICATION = "crm", "crm_app"
SEEDS: dict[int, Plant] = {1: orders.PLANT, 2: stock.PLANT, 3: tickets.PLANT}
# PostgreSQL's defaults, where the other tests' servers have settings that advice would be right about.
_OPTIONS = {"shared_preload_libraries": "pg_stat_statements", "fsync": "on", "shared_buffers": "128MB"}
_HERE = Path(__file__).parent


def one_of(cases: Iterable[Any]) -> list[Any]:
    """Return the cases of a test as parameters: the first for `./run test long`, the others for the soak."""
    first, *others = cases
    return [pytest.param(first, marks=pytest.mark.long), *(pytest.param(one, marks=pytest.mark.soak) for one in others)]


@contextmanager
def planted(directory: Path, seed: int = 1) -> Iterator[Seeded]:
    """Yield database `crm` with the 12 faults of a seed (a key of `SEEDS`); some 10 s go by before."""
    plant = SEEDS[seed]
    with crm_server(directory) as server, held_autovacuum(server):
        for name, value in plant.settings.items():
            server.execute(f"ALTER SYSTEM SET {name} = '{value}'")
        server.execute("SELECT pg_reload_conf()")
        run_script(server, _HERE / plant.script)
        plant.break_index(server, DBNAME)
        use(server, plant.workload)
        truths = tuple(_with_identifier(server, truth) for truth in plant.truths)
        yield Seeded(server, DBNAME, plant.series, truths, plant.near_misses)


@contextmanager
def crm_server(directory: Path) -> Iterator[Postgres]:
    """Yield a server with default settings, pg_stat_statements and an empty database of the role `crm_app`."""
    with postgres(directory, options=_OPTIONS) as server:
        server.execute(
            f"CREATE ROLE {APPLICATION} LOGIN PASSWORD '{APPLICATION}'",
            f"CREATE DATABASE {DBNAME} OWNER {APPLICATION}",
        )
        server.execute("CREATE EXTENSION pg_stat_statements", dbname=DBNAME)
        yield server


@contextmanager
def held_autovacuum(server: Postgres) -> Iterator[None]:
    """Stop the launcher, so that autovacuum repairs nothing, and settings stay as they are by default.

    DROP DATABASE waits for every process of the server, and so for ever; nothing else that advice may ask for does.
    """
    pid = "SELECT coalesce(max(pid), 0) FROM pg_stat_activity WHERE backend_type = 'autovacuum launcher'"
    wait_until(lambda: server.value(pid) != 0, 30, "the launcher runs")
    launcher = int(str(server.value(pid)))
    os.kill(launcher, signal.SIGSTOP)
    try:
        yield
    finally:
        with suppress(ProcessLookupError):  # a server that has ended by itself
            os.kill(launcher, signal.SIGCONT)


def application_dsn(server: Postgres) -> str:
    """Return the URL of the role that owns the tables and runs the workload."""
    return server.dsn(DBNAME, APPLICATION, APPLICATION)


def run_script(server: Postgres, script: Path) -> None:
    """Run the statements of a file as the application, each in its own transaction."""
    with psycopg.connect(application_dsn(server), autocommit=True, connect_timeout=5) as connection:
        for statement in re.split(r";$", script.read_text(), flags=re.MULTILINE)[:-1]:
            connection.execute(statement.encode())


def use(server: Postgres, workload: Iterable[Step]) -> None:
    """Run the workload as the application; statistics of statements begin here, all others with the database."""
    server.execute("SELECT pg_stat_statements_reset()", dbname=DBNAME)
    with psycopg.connect(application_dsn(server), autocommit=True, connect_timeout=5) as connection:
        for step in workload:
            for number in range(step.times):
                connection.execute(step.statement.encode(), step.parameters(number))


def _with_identifier(server: Postgres, truth: Truth) -> Truth:
    """Return the truth of a statement with its identifier, of any other kind as it is."""
    if truth.kind != "statement":
        return truth
    query = "SELECT queryid FROM pg_stat_statements WHERE strpos(query, %s) > 0 AND query NOT LIKE '%%pg_stat%%'"
    with psycopg.connect(server.dsn(DBNAME), autocommit=True, connect_timeout=5) as connection:
        found = connection.execute(query, truth.objects[:1]).fetchall()
    assert len(found) == 1, f"{truth.objects[0]!r} is in {len(found)} statements, expected one"
    return dataclasses.replace(truth, objects=(*truth.objects, str(found[0][0])))
