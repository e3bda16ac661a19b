"""Switching faults on and off in the running stack."""

from __future__ import annotations

import time

from demo.environment import Environment
from demo.faults import supervisor
from demo.faults.containers import Containers
from demo.faults.fault import Fault, FaultError
from demo.faults.registry import FAULTS
from demo.flags import Flags

_ENTER_SECONDS = 30.0
_LOOK_SECONDS = 0.2


def listing(environment: Environment) -> str:
    """Name, state, effect and visibility of each fault."""
    flags = Flags(environment.fault_directory)
    return "\n".join(_lines(fault, on=flags.in_force(fault.name)) for fault in FAULTS.values())


def _lines(fault: Fault, *, on: bool) -> str:
    return f"{fault.name:<20} {'on' if on else 'off':<4} {fault.does}\n{'':<25} seen in {fault.seen_in}"


def on(fault: Fault, environment: Environment) -> str:
    """Start the fault's holder; returns when the fault is active."""
    flags = Flags(environment.fault_directory)
    if flags.in_force(fault.name):
        return f"{fault.name} is on already"
    manager = supervisor.connect(environment)
    if fault.in_containers and isinstance(manager, Containers):
        raise FaultError(f"{fault.name} is not for this container; call {fault.in_containers}")
    manager.start(program_of(fault))
    deadline = time.monotonic() + _ENTER_SECONDS
    time.sleep(_LOOK_SECONDS)  # a process that was just started has no command line to be known by yet
    while not flags.in_force(fault.name):
        if not manager.running(program_of(fault)) or time.monotonic() > deadline:
            raise FaultError(f"{fault.name} could not be switched on; its log says why")
        time.sleep(_LOOK_SECONDS)
    return f"{fault.name} is on: {fault.does}"


def off(fault: Fault, environment: Environment) -> str:
    """Stop the fault's holder, and undo the fault if the holder could not."""
    flags = Flags(environment.fault_directory)
    supervisor.connect(environment).stop(program_of(fault))
    if flags.left(fault.name):
        fault.undo(environment)
        flags.lower(fault.name)
    return f"{fault.name} is off"


def all_off(environment: Environment) -> str:
    """Switch off every fault that is on or left something behind; a failure does not stop the rest."""
    flags = Flags(environment.fault_directory)
    problems = []
    for fault in FAULTS.values():
        if flags.left(fault.name):
            try:
                off(fault, environment)
            except FaultError as error:
                problems.append(f"{fault.name}: {error}")
    if problems:
        raise FaultError("; ".join(problems))
    return "all faults are off"


def program_of(fault: Fault) -> str:
    """The supervisor's name for the fault's holder."""
    return f"fault-{fault.name}"
