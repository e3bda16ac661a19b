"""A headless Chromium for one run: fresh profile, own process group, and nothing left of either afterwards.

It is controlled over two pipes, not a port: nobody else on the machine can connect, and it ends on its own when the
exporter does.
"""

from __future__ import annotations

import atexit
import contextlib
import logging
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from exporters.browser.authorities import trust
from exporters.core.deadline import Deadline
from exporters.core.errors import CollectError, ErrorClass

logger = logging.getLogger(__name__)

_PREFIX = "pantrywatch-browser-"
# Chromium makes no connections of its own, shows no prompts, stores nothing.
_ARGUMENTS = (
    "--headless", "--remote-debugging-pipe", "--no-first-run", "--no-default-browser-check", "--no-proxy-server",
    "--disable-background-networking", "--disable-component-update", "--disable-default-apps", "--disable-sync",
    "--disable-extensions", "--disable-breakpad", "--disable-quic", "--disable-gpu", "--disable-dev-shm-usage",
    "--disable-client-side-phishing-detection", "--disable-features=MediaRouter,OptimizationHints,Translate",
    "--metrics-recording-only", "--mute-audio", "--password-store=basic", "--window-size=1350,940",
)  # fmt: skip
# The pipes arrive as standard input and output and are moved to where Chromium expects them: 3 and 4.
_SHELL = 'exec "$0" "$@" 3<&0 4>&1 0</dev/null 1>/dev/null'
_KILL_SECONDS = 2.0
_STDERR_BYTES = 4096
_LONGEST_FOLDER = 60  # it contains a socket, and the path of a socket has at most 107 bytes


@dataclass(frozen=True, slots=True)
class Chromium:
    """A running browser: its input and output pipes, and its folder."""

    process: subprocess.Popen[bytes]
    commands: int
    messages: int
    folder: Path

    def memory_bytes(self) -> int:
        """Return the private memory of its processes: shared memory is not counted."""
        total = 0
        for process in _group(self.process.pid):
            with contextlib.suppress(OSError):
                total += _anonymous_bytes(process)
        return total

    def last_words(self) -> str:
        """Return the last line it wrote before it ended, for a person at a terminal."""
        with contextlib.suppress(OSError), (self.folder / "stderr").open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - _STDERR_BYTES))
            lines = file.read().decode("utf-8", "replace").splitlines()
            return "".join([line for line in lines if line.strip() and "crashpad" not in line][-1:])
        return ""


@contextmanager
def chromium(binary: str, authorities: Sequence[bytes] = (), user_agent: str = "") -> Iterator[Chromium]:
    """Run a browser until the block ends; then all of its processes are dead and its folder is gone.

    It trusts these CAs, certificates in DER form, besides the usual ones. With another user agent than its own it is
    that of every request: what a page sends while it is left has none that was set over DevTools.

    Raises CollectError (internal) if it cannot be started or does not die.
    """
    _sweep()
    folder = Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-"))
    try:
        if len(str(folder)) > _LONGEST_FOLDER:
            raise CollectError(ErrorClass.INTERNAL, f"{folder} is too long a path for a browser: set TMPDIR")
        trust(folder, authorities)
        running = _start(binary, folder, [f"--user-agent={user_agent}"] if user_agent else [])
        atexit.register(_abandon, running)  # threads of checks end with the process, without cleanup
        try:
            yield running
        finally:
            _end(running)
            atexit.unregister(_abandon)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _start(binary: str, folder: Path, more: Sequence[str]) -> Chromium:
    to_it, commands = os.pipe()
    messages, from_it = os.pipe()
    try:
        with (folder / "stderr").open("wb") as errors:
            process = subprocess.Popen(
                ["/bin/sh", "-c", _SHELL, binary, *more, *_arguments(folder)],
                stdin=to_it, stdout=from_it, stderr=errors, cwd=folder, env=_environment(folder),
                start_new_session=True,
            )  # fmt: skip
    except OSError as error:
        os.close(commands)
        os.close(messages)
        raise CollectError(ErrorClass.INTERNAL, f"the browser cannot be started: {error.strerror}") from None
    finally:
        os.close(to_it)
        os.close(from_it)
    os.set_blocking(commands, False)
    os.set_blocking(messages, False)
    return Chromium(process, commands, messages, folder)


def _arguments(folder: Path) -> list[str]:
    # Its sandbox needs user namespaces, which are useless for root and not allowed in many containers: docs/deploy.md.
    sandbox = [] if os.getuid() and may_make_namespaces() else ["--no-sandbox"]
    return [*_ARGUMENTS, *sandbox, f"--user-data-dir={folder / 'profile'}", "about:blank"]


def may_make_namespaces() -> bool:
    """Return whether this process may create a user namespace, which Chromium's sandbox is built on."""
    command = ["unshare", "--user", "--pid", "--fork", "true"]
    try:
        return subprocess.run(command, capture_output=True, timeout=5, check=False).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


def _environment(folder: Path) -> dict[str, str]:
    """Return its environment: no secrets, no proxy; everything it writes goes to its folder."""
    return {
        "PATH": os.environ.get("PATH", "/usr/bin:/bin"),
        "HOME": str(folder),
        "TMPDIR": str(folder),
        "XDG_CONFIG_HOME": str(folder),
        "XDG_CACHE_HOME": str(folder),
        "LANG": "C.UTF-8",
    }


def _end(running: Chromium) -> None:
    os.close(running.commands)
    os.close(running.messages)
    with contextlib.suppress(ProcessLookupError):  # the leader has not been reaped yet: the number is still ours
        os.killpg(running.process.pid, signal.SIGKILL)
    deadline = Deadline.after(_KILL_SECONDS)
    with contextlib.suppress(subprocess.TimeoutExpired):
        running.process.wait(deadline.remaining())
    while left := [running.process] if running.process.poll() is None else _outside_the_group(running.folder):
        for process in left:
            with contextlib.suppress(psutil.Error):
                process.kill()
        if deadline.passed():
            logger.error("pid=%s error=the browser does not die", running.process.pid)
            raise CollectError(ErrorClass.INTERNAL, "the browser does not die")
        time.sleep(0.02)


def _abandon(running: Chromium) -> None:
    """Kill the browser and remove its folder: the process that used it is ending."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(running.process.pid, signal.SIGKILL)
    for process in _outside_the_group(running.folder):
        with contextlib.suppress(psutil.Error):
            process.kill()
    shutil.rmtree(running.folder, ignore_errors=True)


def _outside_the_group(folder: Path) -> list[psutil.Process]:
    """Return processes in groups of their own, like Chromium's crash handler: found by the folder they were given."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if process.name().startswith("chrom") and any(str(folder) in word for word in process.cmdline()):
                found.append(process)
    return found


def _group(leader: int) -> Iterator[int]:
    for pid in psutil.pids():
        with contextlib.suppress(OSError):
            if os.getpgid(pid) == leader:
                yield pid


def _anonymous_bytes(pid: int) -> int:
    for line in Path(f"/proc/{pid}/status").read_text(encoding="ascii", errors="replace").splitlines():
        if line.startswith("RssAnon:"):
            return int(line.split()[1]) * 1024
    return 0


def _sweep() -> None:
    """Remove what a killed exporter left behind: folders of a process that is gone, or of our own PID."""
    for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        owner = folder.name.removeprefix(_PREFIX).partition("-")[0]
        # One browser at a time: any folder with our PID belongs to a process that had it before.
        if owner.isdecimal() and (int(owner) == os.getpid() or not psutil.pid_exists(int(owner))):
            shutil.rmtree(folder, ignore_errors=True)
