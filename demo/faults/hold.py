"""Holds a fault: starts it, keeps it active, and undoes it whatever happens."""

from __future__ import annotations

import signal
import threading
import time
from types import FrameType

from demo.environment import Environment
from demo.faults.fault import Fault
from demo.flags import Flags

_TOUCH_SECONDS = 2.0


def hold(fault: Fault, environment: Environment, stop: threading.Event) -> None:
    """Hold it until `stop` is set or its longest time is up. If the undo fails, the flag stays for `off` to retry.

    Raises ConfigurationError: the environment's longest time is none.
    """
    until = time.monotonic() + environment.longest_fault_seconds
    flags = Flags(environment.fault_directory)
    flags.raise_(fault.name, in_force=False)
    try:
        tick = fault.enter(environment)
        flags.raise_(fault.name, in_force=True)
        while not stop.wait(min(fault.every_seconds, _TOUCH_SECONDS)) and time.monotonic() < until:
            tick()
            flags.touch(fault.name)
    finally:
        fault.undo(environment)
        flags.lower(fault.name)


def stop_on_signals() -> threading.Event:
    """An event set by SIGTERM and SIGINT."""
    stop = threading.Event()

    def set_it(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    signal.signal(signal.SIGTERM, set_it)
    signal.signal(signal.SIGINT, set_it)
    return stop
