"""Every process of a server is suspended: connections stay open, nothing is answered."""

from __future__ import annotations

import signal
from contextlib import suppress
from pathlib import Path

import psutil

from demo.environment import Environment
from demo.faults.fault import Fault, FaultError, Tick, nothing
from demo.faults.supervisor import Supervisor, connect


def frozen(name: str, server: str, pid_file: str, does: str, seen_in: str) -> Fault:
    """The fault of a suspended server: the process whose id is in `pid_file` of the state, and whose name begins so."""

    def enter(environment: Environment) -> Tick:
        processes = _processes(environment.state / pid_file, server)
        if not processes:
            raise FaultError(f"{server} is not running")
        _signal(processes, signal.SIGSTOP)
        return nothing

    def undo(environment: Environment) -> None:
        _signal(_processes(environment.state / pid_file, server), signal.SIGCONT)

    return Fault(name, does, seen_in, enter, undo, in_containers=f"docker compose pause {server}")


def frozen_program(name: str, program: str, does: str, seen_in: str) -> Fault:
    """The fault of a suspended supervisor program."""

    def enter(environment: Environment) -> Tick:
        processes = _of_program(environment, program)
        if not processes:
            raise FaultError(f"{program} is not running")
        _signal(processes, signal.SIGSTOP)
        return nothing

    def undo(environment: Environment) -> None:
        _signal(_of_program(environment, program), signal.SIGCONT)

    return Fault(
        name, does, seen_in, enter, undo, in_containers=f"docker compose pause {program.removeprefix('demo-')}"
    )


def _of_program(environment: Environment, program: str) -> list[psutil.Process]:
    """The program's process, then its children; none if it is not running, or the container engine runs it."""
    manager = connect(environment)
    number = manager.process_id(program) if isinstance(manager, Supervisor) else 0
    with suppress(psutil.NoSuchProcess):
        if number:
            process = psutil.Process(number)
            return [process, *process.children(recursive=True)]
    return []


def _processes(pid_file: Path, server: str) -> list[psutil.Process]:
    """The server, then its children; none if the pid file is missing or names another program's process."""
    try:
        first_line = pid_file.read_text(encoding="ascii").split("\n")[0]
        process = psutil.Process(int(first_line))
        return [process, *process.children(recursive=True)] if process.name().startswith(server) else []
    except (OSError, ValueError, psutil.Error):
        return []


def _signal(processes: list[psutil.Process], number: signal.Signals) -> None:
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            process.send_signal(number)
