"""The faults' own access to the database, as its superuser."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from demo.environment import Environment
from demo.faults.fault import FaultError


@contextmanager
def administrator(environment: Environment) -> Iterator[psycopg.Connection]:
    """A short-lived connection in autocommit, every statement bounded; raises FaultError if it fails."""
    try:
        with psycopg.connect(
            environment.secret("admin_dsn"),
            autocommit=True,
            connect_timeout=4,
            application_name="demo-faults",
            options="-c statement_timeout=8000 -c lock_timeout=6000",
        ) as connection:
            yield connection
    except psycopg.Error as error:
        raise FaultError(f"the database could not do it ({type(error).__name__})") from error


def end_sessions(environment: Environment, application_name: str) -> None:
    """Terminate every session with that application name."""
    with administrator(environment) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = %s",
            (application_name,),
        )
