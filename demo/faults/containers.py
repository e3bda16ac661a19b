"""The holders of faults when each part of the demo is a container: sibling processes of the caller."""

from __future__ import annotations

import signal
import subprocess
import sys
from contextlib import suppress

import psutil

from demo.faults.fault import FaultError

_PREFIX = "fault-"
_STOP_SECONDS = 20.0


class Containers:
    """Starts and stops holders; both are done when the call returns."""

    def start(self, program: str) -> None:
        """Start the fault's holder unless it runs."""
        if not self.running(program):
            command = [sys.executable, "-m", "demo.faults", "hold", program.removeprefix(_PREFIX)]
            subprocess.Popen(command, start_new_session=True)

    def stop(self, program: str) -> None:
        """Stop the fault's holder unless it is stopped."""
        holders = _holders(program.removeprefix(_PREFIX))
        for holder in holders:
            with suppress(psutil.NoSuchProcess):
                holder.send_signal(signal.SIGTERM)
        if psutil.wait_procs(holders, timeout=_STOP_SECONDS)[1]:
            raise FaultError("the fault's holder did not end")

    def running(self, program: str) -> bool:
        return bool(_holders(program.removeprefix(_PREFIX)))


def _holders(name: str) -> list[psutil.Process]:
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if process.cmdline()[-4:] == ["-m", "demo.faults", "hold", name] and process.status() != "zombie":
                found.append(process)
    return found
