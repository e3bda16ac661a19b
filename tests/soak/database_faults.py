"""Faults of a real PostgreSQL: each is there until its block ends."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Iterator
from contextlib import contextmanager

import psutil
import psycopg

from tests.soak.proxy import HEALTHY, MODES
from tests.soak.world import DATABASE, ROLE, UP, World, make_role
from tests.support import servers


@contextmanager
def stopped(world: World) -> Iterator[None]:
    """Shut down; started again at the end."""
    servers.stop(world.postgres.process, signal.SIGINT)
    yield
    world.restart_postgres()


@contextmanager
def frozen(world: World) -> Iterator[None]:
    """Stopped with SIGSTOP, every backend too."""
    world.postgres.freeze()
    try:
        yield
    finally:
        world.postgres.thaw()


@contextmanager
def crashed(world: World) -> Iterator[None]:
    """A backend is killed: the server ends all sessions and recovers."""
    query = "SELECT pid FROM pg_stat_activity WHERE usename = 'pantrywatch' LIMIT 1"
    servers.wait_until(lambda: world.server_connections()["database"] > 0, 20, "the exporter is connected")
    backend = psutil.Process(int(str(world.postgres.value(query))))
    assert backend.ppid() == world.postgres.process.pid
    backend.kill()
    yield


@contextmanager
def password_rotated(world: World) -> Iterator[None]:
    """A new password at the server; at the end it is in the exporter's file, and holds without a restart."""
    world.execute(f"ALTER ROLE {ROLE} PASSWORD 'new'")
    world.end_sessions()
    yield
    world.write_secret("database", "new")
    servers.wait_until(lambda: _is_up(world), 30, "the new password holds")
    world.execute(f"ALTER ROLE {ROLE} PASSWORD '{servers.PASSWORD}'")
    world.write_secret("database")


def _is_up(world: World) -> bool:
    return world.exporter.scrape("/metrics/database", 10).value(UP["database"]) == 1


@contextmanager
def role_altered(world: World, change: str, back: str) -> Iterator[None]:
    """The role is altered and its sessions end."""
    world.execute(f"ALTER ROLE {ROLE} {change}")
    world.end_sessions()
    yield
    world.execute(f"ALTER ROLE {ROLE} {back}")
    world.end_sessions()


@contextmanager
def role_dropped(world: World) -> Iterator[None]:
    """The role is gone with all it was granted."""
    world.execute(f"ALTER ROLE {ROLE} NOLOGIN")
    world.end_sessions()
    world.execute(f"DROP OWNED BY {ROLE}")
    world.execute(f"DROP OWNED BY {ROLE}", f"DROP ROLE {ROLE}", dbname="postgres")
    yield
    make_role(world)


@contextmanager
def extension_dropped(world: World) -> Iterator[None]:
    """No pg_stat_statements."""
    world.execute("DROP EXTENSION pg_stat_statements")
    yield
    world.execute("CREATE EXTENSION pg_stat_statements")


@contextmanager
def privileges_revoked(world: World) -> Iterator[None]:
    """The role may log in and see nothing."""
    world.execute(f"REVOKE pg_read_all_stats, pg_read_all_settings FROM {ROLE}")
    yield
    make_role(world)


@contextmanager
def database_dropped(world: World) -> Iterator[None]:
    """The database that the exporter connects to is gone; at the end there is a new one."""
    world.execute(f"DROP DATABASE {DATABASE} WITH (FORCE)", dbname="postgres")
    yield
    world.execute(f"CREATE DATABASE {DATABASE}", dbname="postgres")
    make_role(world)


@contextmanager
def other_database_dropped(world: World) -> Iterator[None]:
    """A database whose tables are looked at is gone."""
    world.execute("DROP DATABASE second WITH (FORCE)", dbname="postgres")
    yield
    world.execute("CREATE DATABASE second", dbname="postgres")


@contextmanager
def connections_closed(world: World) -> Iterator[None]:
    """The database takes no connections."""
    world.execute(f"ALTER DATABASE {DATABASE} ALLOW_CONNECTIONS false", dbname="postgres")
    world.end_sessions()
    yield
    world.execute(f"ALTER DATABASE {DATABASE} ALLOW_CONNECTIONS true", dbname="postgres")


@contextmanager
def connections_used_up(world: World) -> Iterator[None]:
    """Others hold every slot that is not the superuser's, and the exporter's own sessions have ended."""
    proxy = world.proxies["database"]
    with contextlib.ExitStack() as held:
        world.execute("CREATE ROLE greedy LOGIN PASSWORD 'greedy'")
        dsn = world.postgres.dsn(user="greedy", password="greedy")
        _take_all_slots(dsn, held)
        proxy.switch(MODES["refused"])  # or the exporter would be back before the others are
        servers.wait_until(lambda: world.server_connections()["database"] == 0, 10, "its sessions have ended")
        _take_all_slots(dsn, held)
        proxy.switch(HEALTHY)
        yield
    servers.wait_until(lambda: _drop_role(world), 10, "the greedy sessions have ended")


def _take_all_slots(dsn: str, held: contextlib.ExitStack) -> None:
    with contextlib.suppress(psycopg.OperationalError):  # none is left
        while True:
            held.enter_context(contextlib.closing(psycopg.connect(dsn, connect_timeout=5)))


def _drop_role(world: World) -> bool:
    with contextlib.suppress(psycopg.Error):
        world.execute("DROP ROLE greedy")
        return True
    return False


@contextmanager
def catalog_locked(world: World) -> Iterator[None]:
    """A transaction holds pg_database: statistics by database wait, and new sessions."""
    with psycopg.connect(world.postgres.dsn(), connect_timeout=5) as connection:
        connection.execute("LOCK TABLE pg_database IN ACCESS EXCLUSIVE MODE")
        yield
        connection.rollback()


@contextmanager
def rules(world: World, first: str) -> Iterator[None]:
    """A line before all others in pg_hba.conf."""
    file = world.postgres.data / "pg_hba.conf"
    text = file.read_text()
    file.write_text(f"{first}\n{text}")
    world.execute("SELECT pg_reload_conf()")
    world.end_sessions()
    yield
    file.write_text(text)
    world.execute("SELECT pg_reload_conf()")
