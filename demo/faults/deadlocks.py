"""Two sessions take the same two locks in opposite order, again and again; the server aborts one of them."""

from __future__ import annotations

import threading
from contextlib import suppress

import psycopg

from demo.environment import Environment
from demo.faults.administration import end_sessions
from demo.faults.fault import Tick

APPLICATION_NAME = "demo-fault-deadlocks"
_LOCKS = (730001, 730002)
_MEET_SECONDS = 5.0


def enter(environment: Environment) -> Tick:
    def collide() -> None:
        both_hold_one = threading.Barrier(2)
        orders = (_LOCKS, _LOCKS[::-1])
        sessions = [threading.Thread(target=_take, args=(environment, order, both_hold_one)) for order in orders]
        for session in sessions:
            session.start()
        for session in sessions:
            session.join()

    collide()
    return collide


def undo(environment: Environment) -> None:
    end_sessions(environment, APPLICATION_NAME)


def _take(environment: Environment, order: tuple[int, ...], both_hold_one: threading.Barrier) -> None:
    """Take one lock, wait until the other session has the other, then ask for that; bounded if the server is away."""
    with (
        suppress(psycopg.Error, threading.BrokenBarrierError),
        psycopg.connect(
            environment.secret("app_dsn"),
            connect_timeout=4,
            application_name=APPLICATION_NAME,
            options="-c statement_timeout=8000",
        ) as connection,
    ):
        connection.execute("SELECT pg_advisory_xact_lock(%s)", order[:1])
        both_hold_one.wait(_MEET_SECONDS)
        connection.execute("SELECT pg_advisory_xact_lock(%s)", order[1:])
