"""`./run`, the shell script, where no environment is there yet."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import psutil

from tests.support.servers import wait_until

ROOT = Path(__file__).parents[2]
# Takes five minutes to make an environment.
_SLOW = """#!/bin/sh
case "$1" in
-m) echo $$ >"$PID_FILE"; exec sleep 300 ;;
*) exec "$REAL" "$@" ;;
esac
"""


def test_ctrl_c_ends_the_making_of_the_environment(tmp_path: Path) -> None:
    """Ctrl-C while .venv is made: exit code 130, a sentence and no traceback, and no process is left behind."""
    checkout, pid_file = tmp_path / "checkout", tmp_path / "pid"
    checkout.mkdir()
    for name in ("run", "requirements.lock"):
        shutil.copy(ROOT / name, checkout)
    slow = tmp_path / "python3.11"
    slow.write_text(_SLOW)
    slow.chmod(0o755)
    environment = {"PATH": f"{tmp_path}:{os.environ['PATH']}", "PID_FILE": str(pid_file), "REAL": sys.executable}
    started = subprocess.Popen(
        # What a shell runs in the background ignores SIGINT, and no shell below it can trap it.
        ["env", "--default-signal=INT", str(checkout / "run"), "status"],
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    wait_until(lambda: pid_file.exists() and pid_file.read_text().endswith("\n"), 60, "the environment is being made")
    os.killpg(started.pid, signal.SIGINT)
    said, _ = started.communicate(timeout=60)
    assert started.returncode == 130, said
    assert said.endswith("interrupted; the next start makes the environment again\n")
    wait_until(lambda: not psutil.pid_exists(int(pid_file.read_text())), 60, "nothing is left")
