"""Opens sessions as the application's role until the server accepts no more; the superuser's reserve stays free."""

from __future__ import annotations

import psycopg

from demo.environment import Environment
from demo.faults.administration import end_sessions
from demo.faults.fault import FaultError, Tick

APPLICATION_NAME = "demo-fault-connections-used-up"
# A server that accepts more than this is not the demo's.
_MOST = 500
_BATCH = 40


def enter(environment: Environment) -> Tick:
    held: list[psycopg.Connection] = []

    def fill() -> None:
        """Take the connections free now, so that ending sessions do not relieve the server."""
        for _ in range(_BATCH):
            if len(held) >= _MOST or not _take(environment, held):
                return

    while len(held) < _MOST and _take(environment, held):
        pass
    if not held:
        raise FaultError("the server took no connection at all")
    return fill


def undo(environment: Environment) -> None:
    end_sessions(environment, APPLICATION_NAME)


def _take(environment: Environment, held: list[psycopg.Connection]) -> bool:
    try:
        held.append(
            psycopg.connect(
                environment.secret("app_dsn"), autocommit=True, connect_timeout=2, application_name=APPLICATION_NAME
            )
        )
    except psycopg.OperationalError:
        return False
    return True
