"""A replica is gone and its slot is left behind: the server keeps all WAL for it."""

from __future__ import annotations

from contextlib import suppress

import psycopg

from demo.environment import Environment
from demo.faults.administration import administrator
from demo.faults.fault import FaultError, Tick

_SLOT = "demo_fault_replica_gone"
# Two files of 16 MB, the least there is: a day's WAL in a minute, without filling the disk of the demo.
_LIMIT = "32MB"
_MOST_FILES = 8


def enter(environment: Environment) -> Tick:
    undo(environment)
    with administrator(environment) as connection:
        connection.execute("SELECT pg_create_physical_replication_slot(%s, true)", (_SLOT,))
        connection.execute(f"ALTER SYSTEM SET max_wal_size = '{_LIMIT}'")
        connection.execute("SELECT pg_reload_conf()")
    files = iter(range(_MOST_FILES))

    def write() -> None:
        """Fill a file of WAL; after some the slot is behind by more than the limit and stays so."""
        if next(files, None) is not None:
            with suppress(FaultError), administrator(environment) as connection:
                _next_file(connection)

    return write


def undo(environment: Environment) -> None:
    with administrator(environment) as connection:
        connection.execute(
            "SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE slot_name = %s", (_SLOT,)
        )
        connection.execute("ALTER SYSTEM RESET max_wal_size")
        connection.execute("SELECT pg_reload_conf()")


def _next_file(connection: psycopg.Connection) -> None:
    connection.execute("SELECT pg_logical_emit_message(false, 'demo', 'fault')")
    connection.execute("SELECT pg_switch_wal()")
