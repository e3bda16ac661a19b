"""`python -m demo.seed`: prepares the demo's database, once."""

from __future__ import annotations

import argparse
import sys
import time
from datetime import datetime
from pathlib import Path

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from demo.environment import ConfigurationError, Environment, current
from demo.seed import load, roles

WAIT_SECONDS = 60.0


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m demo.seed", description="Fill the demo's database, once.")
    parser.add_argument("--scale", type=float, default=1.0, help="size of the data; 1.0 is the full size")
    scale = parser.parse_args(arguments).scale
    try:
        print(seed(current(), scale))
    except ConfigurationError as error:
        print(f"demo.seed: {error}", file=sys.stderr)
        return 2
    except psycopg.OperationalError as error:
        print(f"demo.seed: the database does not answer ({type(error).__name__})", file=sys.stderr)
        return 1
    return 0


def seed(environment: Environment, scale: float) -> str:
    """Create data, roles and extension where missing; returns one line that says what was done."""
    started = time.monotonic()
    now = datetime.now().astimezone()
    with wait_for(environment.secret("admin_dsn")) as connection:
        made = load.load(connection, scale, now)
        roles.application(connection, environment.secret("app_dsn"))
        _statement_statistics(connection)
        _monitoring(connection, environment)
    what = "database filled" if made else "database was already filled"
    return f"demo.seed: {what}, {time.monotonic() - started:.1f} s"


def wait_for(dsn: str) -> psycopg.Connection:
    """A connection as soon as the server accepts one, to a database that is created if missing."""
    deadline = time.monotonic() + WAIT_SECONDS
    while True:
        try:
            return psycopg.connect(dsn, autocommit=True, connect_timeout=5, application_name="demo-seed")
        except psycopg.OperationalError as error:
            if _missing_database(error):
                _create_database(dsn)
            elif time.monotonic() > deadline:
                raise
            time.sleep(0.3)


def _missing_database(error: psycopg.OperationalError) -> bool:
    # The driver gives no SQLSTATE for refused connections, so only the text is left (not translated; in any locale it
    # has the quoted name).
    return 'database "' in str(error) and "does not exist" in str(error)


def _create_database(dsn: str) -> None:
    name = str(conninfo_to_dict(dsn)["dbname"])
    with psycopg.connect(make_conninfo(dsn, dbname="postgres"), autocommit=True, connect_timeout=5) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))


def _statement_statistics(connection: psycopg.Connection) -> None:
    """Create the extension if its library is preloaded; otherwise its view would only raise errors."""
    row = connection.execute("SELECT current_setting('shared_preload_libraries')").fetchone()
    if row is not None and "pg_stat_statements" in row[0]:
        connection.execute("CREATE EXTENSION IF NOT EXISTS pg_stat_statements")


def _monitoring(connection: psycopg.Connection, environment: Environment) -> None:
    monitor_dsn = environment.optional_secret("monitor_dsn")
    if monitor_dsn is not None:
        roles.monitoring(connection, monitor_dsn, Path(environment.required("DEMO_MONITOR_SQL")))


if __name__ == "__main__":
    sys.exit(main())
