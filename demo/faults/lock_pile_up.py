"""One session locks the interactions and keeps the lock; everyone else who needs them queues."""

from __future__ import annotations

from contextlib import suppress

import psycopg

from demo.environment import Environment
from demo.faults.administration import end_sessions
from demo.faults.fault import FaultError, Tick

APPLICATION_NAME = "demo-fault-lock-pile-up"


def enter(environment: Environment) -> Tick:
    holder = _lock(environment)

    def keep() -> None:
        nonlocal holder
        if holder.closed or not _alive(holder):
            holder.close()
            # The server was restarted; the next tick retries if it is not back yet.
            with suppress(FaultError):
                holder = _lock(environment)

    return keep


def undo(environment: Environment) -> None:
    end_sessions(environment, APPLICATION_NAME)


def _lock(environment: Environment) -> psycopg.Connection:
    try:
        connection = psycopg.connect(
            environment.secret("admin_dsn"),
            connect_timeout=4,
            application_name=APPLICATION_NAME,
            options="-c lock_timeout=6000",
        )
        connection.execute("LOCK TABLE interactions IN ACCESS EXCLUSIVE MODE")
    except psycopg.Error as error:
        raise FaultError(f"the lock was not granted ({type(error).__name__})") from error
    return connection


def _alive(connection: psycopg.Connection) -> bool:
    """Whether the server has not closed the connection; asks nothing of the server, which may be frozen."""
    with suppress(psycopg.Error):
        for _ in connection.notifies(timeout=0):
            pass
    return not connection.closed and not connection.broken
