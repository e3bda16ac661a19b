"""A fault of the demo in force, and what the application reads meanwhile, for tests."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import psutil
import psycopg

from demo.flags import Flags
from tests.integration.demo.installation import Installation
from tests.support import servers


@contextmanager
def held(installation: Installation, name: str) -> Iterator[psutil.Process]:
    """The fault in force, held by a process of its own; undone at the end, which is checked."""
    flags = Flags(installation.environment.fault_directory)
    command = [sys.executable, "-m", "demo.faults", "hold", name]
    log = installation.directory / f"fault-{name}.log"
    with servers.process(command, log, environment=installation.variables) as child:
        servers.wait_until(lambda: flags.in_force(name) or child.poll() is not None, 20, f"{name} is in force")
        assert child.poll() is None, log.read_text()
        yield psutil.Process(child.pid)
        child.terminate()
        assert child.wait(15) == 0, log.read_text()
    assert not flags.left(name)


def application_reads(installation: Installation) -> tuple[int, float]:
    """What the application's role counts in the organizations, and how long that took in seconds."""
    dsn = installation.secrets()["app_dsn"]
    with psycopg.connect(dsn, autocommit=True, connect_timeout=5) as connection:
        started = time.monotonic()
        row = connection.execute("SELECT count(*) FROM organizations").fetchone()
        assert row is not None
        return row[0], time.monotonic() - started
