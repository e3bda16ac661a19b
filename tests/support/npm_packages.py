"""Packages of npm for tests, installed below `.pantrywatch/` from a committed lock file."""

from __future__ import annotations

import fcntl
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

_STAMP = "installed-package-lock.json"


def install(lock: Path, into: Path, finish: Callable[[], None] | None = None) -> None:
    """Install what the lock file in the folder `lock` pins, unless it is installed; one process at a time.

    `finish` is called after an installation. The packages' own install scripts do not run.
    """
    into.mkdir(parents=True, exist_ok=True)
    with (into / "lock").open("w") as one_at_a_time:
        fcntl.flock(one_at_a_time, fcntl.LOCK_EX)
        wanted, stamp = lock / "package-lock.json", into / _STAMP
        if stamp.exists() and stamp.read_bytes() == wanted.read_bytes():
            return
        for name in ("package.json", "package-lock.json"):
            shutil.copyfile(lock / name, into / name)
        command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
        subprocess.run(command, cwd=into, check=True)
        if finish is not None:
            finish()
        shutil.copyfile(wanted, stamp)
