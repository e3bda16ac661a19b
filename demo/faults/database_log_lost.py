"""The folder of PostgreSQL's log has another name: the server goes on writing, and nobody finds the file."""

from __future__ import annotations

import shutil
from contextlib import suppress
from pathlib import Path

from demo.environment import Environment
from demo.faults.administration import administrator
from demo.faults.fault import FaultError, Tick, nothing


def enter(environment: Environment) -> Tick:
    folder, lost = _folders(environment)
    if not folder.is_dir():
        raise FaultError("PostgreSQL writes no log of its own here")
    folder.rename(lost)
    return nothing


def undo(environment: Environment) -> None:
    folder, lost = _folders(environment)
    if not lost.is_dir():
        return
    if folder.is_dir():  # by a server that was started meanwhile
        shutil.rmtree(lost)
        return
    lost.rename(folder)
    # A rotation that found no folder was the server's last until it is asked again.
    with suppress(FaultError), administrator(environment) as connection:
        connection.execute("SELECT pg_reload_conf()")


def _folders(environment: Environment) -> tuple[Path, Path]:
    data = environment.state / "postgres"
    return data / "log", data / "log.lost"
