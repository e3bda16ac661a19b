"""A Docker Engine of the test's own, in network and mount namespaces of its own: what it makes ends with it.

Bridges, packet filters, published ports and mounts are seen in there only, so it disturbs no engine and no program of
this machine, and another stack on the same ports does not disturb it. It has no way out.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.support.servers import process, wait_until

_CONTROL_GROUPS = Path("/sys/fs/cgroup")
_FETCH = """
import base64, ssl, sys, urllib.request
url, body, login, ca = sys.argv[1:]
request = urllib.request.Request(url, data=body.encode() or None)
request.add_header("Content-Type", "application/json")
if login:
    request.add_header("Authorization", "Basic " + base64.b64encode(login.encode()).decode())
context = ssl.create_default_context(cafile=ca) if ca else None
sys.stdout.buffer.write(urllib.request.urlopen(request, timeout=10, context=context).read())
"""


@dataclass(frozen=True, slots=True)
class Engine:
    """A running dockerd; `pid` is its process, whose namespaces are where its containers' addresses mean something."""

    folder: Path
    pid: int

    def inside(self, *command: str) -> list[str]:
        """Return the command as one that runs in the engine's network."""
        return ["nsenter", "--target", str(self.pid), "--net", *command]

    def docker(self, *arguments: str, timeout: float = 300.0, check: bool = True) -> str:
        """Call docker and return what it printed."""
        return run(["docker", *arguments], self.environment(), timeout=timeout, check=check).stdout

    def environment(self) -> dict[str, str]:
        """Return the variables under which docker and docker-compose talk to this engine, with nobody's settings."""
        return {
            **os.environ,
            "DOCKER_HOST": f"unix://{self.folder}/docker.sock",
            "DOCKER_CONFIG": str(self.folder / "client"),
            "DOCKER_BUILDKIT": "0",
        }

    def fetch(self, url: str, body: str = "", login: str = "", ca: str = "") -> str:
        """Return what a URL answers in the engine's network, to a POST if there is a body. OSError if it fails."""
        done = run(
            self.inside(sys.executable, "-c", _FETCH, url, body, login, ca), dict(os.environ), timeout=30, check=False
        )
        if done.returncode:
            raise OSError(done.stderr.strip().splitlines()[-1])
        return done.stdout

    def leftovers(self) -> list[str]:
        """Return containers, networks and volumes that are there."""
        own = {"bridge", "host", "none"}
        networks = [name for name in self.docker("network", "ls", "--format", "{{.Name}}").split() if name not in own]
        return [*self.docker("ps", "-aq").split(), *networks, *self.docker("volume", "ls", "-q").split()]


def why_not() -> str:
    """Return why no engine can run here, nothing where one can."""
    if os.geteuid() != 0:
        return "a Docker Engine of the test's own needs root"
    missing = [name for name in ("dockerd", "docker", "docker-compose", "debootstrap") if not shutil.which(name)]
    if missing:
        return f"not installed: {', '.join(missing)}"
    probe = [
        "unshare",
        "--net",
        "--mount",
        "sh",
        "-c",
        "ip link set lo up && ip link add type bridge && mount --make-rshared /",
    ]
    done = subprocess.run(probe, capture_output=True, text=True, timeout=30, check=False)
    if done.returncode:
        return f"no bridge in a network namespace: {done.stderr.strip()}"
    # One tree for all (version 2), or one for each resource.
    tree = _CONTROL_GROUPS if (_CONTROL_GROUPS / "cgroup.controllers").exists() else _CONTROL_GROUPS / "memory"
    group = tree / f"pantrywatch-probe-{os.getpid()}"
    try:
        group.mkdir()
        group.rmdir()
    except OSError as error:
        return f"no control group can be made: {error}"
    return ""


@contextmanager
def engine(folder: Path) -> Iterator[Engine]:
    """Run dockerd until the block ends; its folder, control groups and containers go with it."""
    folder.mkdir(parents=True)
    group, log = f"pantrywatch-test-{os.getpid()}", folder / "dockerd.log"
    # Nothing mounted in there is seen outside. Shared inside, for the mount of the host's root into a container.
    script = 'mount --make-rprivate / && mount --make-rshared / && ip link set lo up && exec dockerd "$@"'
    command = [
        "unshare", "--net", "--mount", "sh", "-c", script, "sh",
        "--host", f"unix://{folder}/docker.sock", "--data-root", str(folder / "data"),
        "--exec-root", str(folder / "exec"), "--pidfile", str(folder / "pid"),
        "--cgroup-parent", f"/{group}", "--log-level", "warn",
    ]  # fmt: skip
    try:
        with process(command, log) as child:
            running = Engine(folder, child.pid)
            wait_until(lambda: _answers(running, child, log), 60, "dockerd answers")
            try:
                yield running
            finally:
                if containers := running.docker("ps", "-aq", check=False).split():
                    running.docker("rm", "--force", "--volumes", *containers, check=False)
                child.send_signal(signal.SIGTERM)
                child.wait(60)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        _remove_groups(group)


def run(
    command: list[str], environment: Mapping[str, str], *, timeout: float, check: bool = True, cwd: Path | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a command; AssertionError with its last words where it fails."""
    done = subprocess.run(
        command, env=environment, capture_output=True, text=True, timeout=timeout, check=False, cwd=cwd
    )
    assert not check or done.returncode == 0, f"{' '.join(command)}:\n{done.stdout[-3000:]}{done.stderr[-3000:]}"
    return done


def _answers(running: Engine, child: subprocess.Popen[bytes], log: Path) -> bool:
    assert child.poll() is None, f"dockerd ended:\n{log.read_text()[-3000:]}"
    return bool(running.docker("version", "--format", "{{.Server.Version}}", check=False).strip())


def _remove_groups(name: str) -> None:
    """Remove the engine's control groups, the innermost first; version 1 has a tree for each controller."""
    for top in [*_CONTROL_GROUPS.glob(f"*/{name}"), *_CONTROL_GROUPS.glob(name)]:
        for group in sorted((path for path in top.rglob("*") if path.is_dir()), reverse=True):
            group.rmdir()
        top.rmdir()
