"""Every core is busy and has a queue, at a low priority: the rest gets slower, not stuck."""

from __future__ import annotations

import os
import subprocess
import sys
import time

from demo.environment import Environment
from demo.faults.fault import Tick, nothing

_NICE = 10
_ROUND_SECONDS = 0.05


def enter(_environment: Environment) -> Tick:
    """The burners watch for the end of this process, so nothing has to be undone when it is killed."""
    # Two for a core: with one, a core is busy but nothing waits for it.
    for _ in range(2 * len(os.sched_getaffinity(0))):
        subprocess.Popen([sys.executable, "-m", "demo.faults.cpu_burn", str(os.getpid())])
    return nothing


def burn(parent: int) -> None:
    """Compute until the parent is gone."""
    os.nice(_NICE)
    while os.getppid() == parent:
        until = time.monotonic() + _ROUND_SECONDS
        while time.monotonic() < until:
            pass


if __name__ == "__main__":
    burn(int(sys.argv[1]))
