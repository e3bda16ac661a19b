"""Stopped programs of the stack."""

from __future__ import annotations

from collections.abc import Callable

from demo.environment import Environment
from demo.faults import supervisor
from demo.faults.fault import Fault, Tick, nothing


def stopped(name: str, program: str, does: str, seen_in: str) -> Fault:
    """The fault of a stopped supervisor program."""
    instead = f"docker compose stop {program.removeprefix('demo-')}"
    return Fault(name, does, seen_in, _enter(program), _undo(program), in_containers=instead)


def _enter(program: str) -> Callable[[Environment], Tick]:
    def enter(environment: Environment) -> Tick:
        supervisor.connect(environment).stop(program)
        return nothing

    return enter


def _undo(program: str) -> Callable[[Environment], None]:
    def undo(environment: Environment) -> None:
        supervisor.connect(environment).start(program)

    return undo
