"""Every process of the server is suspended: connections stay open, nothing is answered."""

from __future__ import annotations

import signal
from contextlib import suppress

import psutil

from demo.environment import Environment
from demo.faults.fault import FaultError, Tick, nothing


def enter(environment: Environment) -> Tick:
    processes = _processes(environment)
    if not processes:
        raise FaultError("the database is not running")
    _signal(processes, signal.SIGSTOP)
    return nothing


def undo(environment: Environment) -> None:
    _signal(_processes(environment), signal.SIGCONT)


def _processes(environment: Environment) -> list[psutil.Process]:
    """The postmaster, then its children; none if the pid file is missing or names another program's process."""
    try:
        first_line = (environment.state / "postgres" / "postmaster.pid").read_text(encoding="ascii").split("\n")[0]
        postmaster = psutil.Process(int(first_line))
        if not postmaster.name().startswith("postgres"):
            return []
        return [postmaster, *postmaster.children(recursive=True)]
    except (OSError, ValueError, psutil.Error):
        return []


def _signal(processes: list[psutil.Process], number: signal.Signals) -> None:
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            process.send_signal(number)
