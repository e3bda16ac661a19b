"""The demo's database roles: the application's role, and the password of the monitoring role."""

from __future__ import annotations

from pathlib import Path

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict


def application(connection: psycopg.Connection, app_dsn: str) -> None:
    """Create or update the role of `app_dsn`: it may read and write rows, and owns nothing."""
    role = sql.Identifier(user_of(app_dsn))
    if not _exists(connection, user_of(app_dsn)):
        connection.execute(sql.SQL("CREATE ROLE {} LOGIN").format(role))
    connection.execute(sql.SQL("ALTER ROLE {} NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS").format(role))
    connection.execute(sql.SQL("GRANT USAGE ON SCHEMA public TO {}").format(role))
    grant = "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {}"
    connection.execute(sql.SQL(grant).format(role))
    set_password(connection, app_dsn)


def monitoring(connection: psycopg.Connection, monitor_dsn: str, script: Path) -> None:
    """Run the monitoring role's set-up script, open some columns to it, and set the password of `monitor_dsn`."""
    connection.execute(script.read_bytes())
    connection.execute(Path(__file__).with_name("monitoring.sql").read_bytes())
    set_password(connection, monitor_dsn)


def set_password(connection: psycopg.Connection, dsn: str) -> None:
    """Give the user of `dsn` the password of `dsn`, if it has one."""
    password = conninfo_to_dict(dsn).get("password")
    if password is None:
        return
    # Hashed here: a statement with the password itself would stay readable in pg_stat_statements.
    verifier = connection.pgconn.encrypt_password(
        str(password).encode(), user_of(dsn).encode(), b"scram-sha-256"
    ).decode()
    connection.execute(sql.SQL("ALTER ROLE {} PASSWORD {}").format(sql.Identifier(user_of(dsn)), sql.Literal(verifier)))


def user_of(dsn: str) -> str:
    return str(conninfo_to_dict(dsn).get("user", ""))


def _exists(connection: psycopg.Connection, role: str) -> bool:
    return connection.execute("SELECT FROM pg_roles WHERE rolname = %s", (role,)).fetchone() is not None
