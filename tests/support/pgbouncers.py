"""A PgBouncer for tests, in front of a PostgreSQL."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import psycopg

from tests.support import servers

_SETTINGS = """
[databases]
* = host=127.0.0.1 port={port}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {listen}
unix_socket_dir =
auth_type = md5
auth_file = {users}
pool_mode = transaction
default_pool_size = {pool_size}
stats_users = pantrywatch
pidfile =
"""
_PASSWORD_IN_URL = servers.PASSWORD.replace("@", "%40").replace("/", "%2F")


@contextmanager
def pgbouncer(
    directory: Path,
    server: servers.Postgres,
    pool_size: int = 2,
    port: int | None = None,
    program: Sequence[str] = ("pgbouncer",),
) -> Iterator[int]:
    """Run a PgBouncer in transaction mode until the block ends; yields its port.

    The users are `pantrywatch`, who may see the admin console, and `postgres`, who may not.
    """
    directory.mkdir()
    users, settings, port = directory / "users.txt", directory / "pgbouncer.ini", port or servers.free_port()
    users.write_text("".join(f'"{name}" "{servers.PASSWORD}"\n' for name in ("pantrywatch", "postgres")))
    settings.write_text(_SETTINGS.format(port=server.port, listen=port, users=users, pool_size=pool_size))
    command = [*program, str(settings)]
    if os.geteuid() == 0:  # it refuses to run as root
        for path in (directory, users, settings):
            shutil.chown(path, "postgres", "postgres")
        command = [*servers.RUN_AS_POSTGRES, *command]
    with servers.process(command, directory / "log"):
        servers.wait_until(lambda: _answers(port), 10, "PgBouncer answers")
        yield port


def dsn(port: int, database: str = "postgres", user: str = "pantrywatch") -> str:
    """Return the URL of a database behind PgBouncer, or of its admin console, the database `pgbouncer`."""
    return f"postgresql://{user}:{_PASSWORD_IN_URL}@127.0.0.1:{port}/{database}"


def _answers(port: int) -> bool:
    with contextlib.suppress(psycopg.OperationalError):
        psycopg.connect(dsn(port), connect_timeout=2).close()
        return True
    return False
