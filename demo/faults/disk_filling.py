"""A small file system of its own fills up and is not emptied: the disks of the machine stay as they are."""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path

from demo.environment import Environment
from demo.faults.fault import FaultError, Tick

_SIZE = 32 * 2**20
# From 38 % left, just below the limit of CrmHostDiskFillingUp, to 3 % in less than six minutes: at 15 times the speed
# its hour of waiting is over before CrmHostDiskNearlyFull, the same but worse, has its 5 %.
_USED, _USED_PER_SECOND, _MOST_USED = 0.62, 0.001, 0.97


def can_mount() -> bool:
    """Whether this user may mount a file system: tried in a namespace of its own, where nothing of it stays."""
    command = ["unshare", "--mount", "mount", "-t", "tmpfs", "none", "/tmp"]  # noqa: S108 - seen by no other process
    return os.geteuid() == 0 and subprocess.run(command, capture_output=True, check=False).returncode == 0


def enter(environment: Environment) -> Tick:
    """Mount it where the host exporter of this machine sees it."""
    undo(environment)
    folder, begin = _folder(environment), time.monotonic()
    folder.mkdir(mode=0o700)
    _run("mount", "-t", "tmpfs", "-o", f"size={_SIZE},mode=0700", "demo-fault-disk-filling", str(folder))

    def fill() -> None:
        used = min(_USED + _USED_PER_SECOND * (time.monotonic() - begin), _MOST_USED)
        with (folder / "grows").open("ab") as file:
            file.write(bytes(max(0, int(used * _SIZE) - file.tell())))

    fill()
    return fill


def undo(environment: Environment) -> None:
    folder = _folder(environment)
    if folder.is_mount():
        # Lazy: whoever looks at it at this moment does not keep it.
        _run("umount", "--lazy", str(folder))
    if folder.is_dir():
        folder.rmdir()


def _folder(environment: Environment) -> Path:
    return environment.state / "small-disk"


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise FaultError(f"only a user who may mount file systems can do this: {done.stderr.strip()}")
