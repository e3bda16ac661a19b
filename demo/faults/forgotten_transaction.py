"""Somebody leaves a transaction open that holds a lock, and somebody else waits for it."""

from __future__ import annotations

import threading
from contextlib import suppress

import psycopg

from demo.environment import Environment
from demo.faults.administration import end_sessions
from demo.faults.fault import FaultError, Tick

APPLICATION_NAME = "demo-fault-forgotten-transaction"
_LOCK = 730003


def enter(environment: Environment) -> Tick:
    holder, waiter = _begin(environment)

    def keep() -> None:
        nonlocal holder, waiter
        # It waits for as long as both sessions exist; a server that was restarted may not be back yet.
        if not waiter.is_alive():
            holder.close()
            with suppress(FaultError):
                holder, waiter = _begin(environment)

    return keep


def undo(environment: Environment) -> None:
    end_sessions(environment, APPLICATION_NAME)


def _begin(environment: Environment) -> tuple[psycopg.Connection, threading.Thread]:
    try:
        holder = _session(environment)
        holder.execute("SELECT pg_advisory_xact_lock(%s)", (_LOCK,))
    except psycopg.Error as error:
        raise FaultError(f"the lock was not granted ({type(error).__name__})") from error
    waiter = threading.Thread(target=_wait, args=(environment,), daemon=True)
    waiter.start()
    return holder, waiter


def _wait(environment: Environment) -> None:
    with suppress(psycopg.Error), _session(environment) as connection:
        connection.execute("SELECT pg_advisory_xact_lock(%s)", (_LOCK,))


def _session(environment: Environment) -> psycopg.Connection:
    return psycopg.connect(environment.secret("admin_dsn"), connect_timeout=4, application_name=APPLICATION_NAME)
