"""Runs the components under supervisord and queries their state over XML-RPC."""

from __future__ import annotations

import contextlib
import glob
import os
import re
import secrets
import subprocess
import sys
import threading
import xmlrpc.client
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pantrywatch.native.addresses import Addresses
from pantrywatch.native.state_dir import State

_LAST_LINES = 12
_CONFIGURATION = """\
[supervisord]
nodaemon=true
user={user}
logfile={state}/log/supervisor.log
logfile_maxbytes=1MB
logfile_backups=1
pidfile={state}/run/supervisord.pid
childlogdir={state}/log

[inet_http_server]
port={address}
username=pantrywatch
password={password}

[rpcinterface:supervisor]
supervisor.rpcinterface_factory = supervisor.rpcinterface:make_main_rpcinterface

[include]
files = {include}
"""


@dataclass(frozen=True, slots=True)
class Component:
    """The state of one supervised program."""

    name: str
    state: str
    description: str
    pid: int
    started_at: float

    @property
    def running(self) -> bool:
        """Return whether it is up and past the startup seconds."""
        return self.state == "RUNNING"

    @property
    def given_up(self) -> bool:
        """Return whether supervisor stopped trying to restart it."""
        return self.state == "FATAL"


class Supervisor:
    """A running supervisord of a state directory."""

    def __init__(self, state: State) -> None:
        """Take the state directory; the first call shows whether a supervisor responds there."""
        self._state = state

    def components(self) -> list[Component]:
        """Return all programs in start order, without faults that are off. Empty if no supervisor runs."""
        try:
            with self._proxy() as proxy:
                answer = proxy.supervisor.getAllProcessInfo()
        except (OSError, xmlrpc.client.Error):
            return []
        rows: Sequence[Mapping[str, object]] = answer  # type: ignore[assignment]
        return [
            Component(
                str(row["name"]), str(row["statename"]), str(row["description"]), int(str(row["pid"])),
                float(str(row["start"])),
            )
            for row in rows
            if not (str(row["name"]).startswith("fault-") and row["statename"] in {"STOPPED", "EXITED"})
        ]  # fmt: skip

    def responds(self) -> bool:
        """Return whether supervisord answers: with no components then, none was started."""
        try:
            with self._proxy() as proxy:
                return bool(proxy.supervisor.getState())
        except (OSError, xmlrpc.client.Error):
            return False

    def start(self, component: str) -> None:
        """Ask to start a component once more."""
        with self._proxy() as proxy:
            proxy.supervisor.startProcess(component, False)

    def reload(self, component: str) -> None:
        """Ask a component to read its configuration again, if it runs."""
        with contextlib.suppress(OSError, xmlrpc.client.Error), self._proxy() as proxy:
            proxy.supervisor.signalProcess(component, "HUP")

    def drop_idle(self) -> None:
        """Remove programs that do not run (faults that are off): supervisord spends a second on each when it exits."""
        with contextlib.suppress(OSError, xmlrpc.client.Error), self._proxy() as connected:
            proxy = connected.supervisor
            rows: Sequence[Mapping[str, object]] = proxy.getAllProcessInfo()  # type: ignore[assignment]
            for row in rows:
                if row["statename"] in {"STOPPED", "EXITED"}:
                    proxy.removeProcessGroup(str(row["group"]))

    def shut_down(self) -> bool:
        """Ask supervisord to stop everything and exit; returns whether one was running."""
        try:
            with self._proxy() as proxy:
                proxy.supervisor.shutdown()
        except (OSError, xmlrpc.client.Error):
            return False
        return True

    def last_lines(self, component: str) -> list[str]:
        """Return the last lines of a component's log."""
        name = "faults" if component.startswith("fault-") else component
        log = self._state.file(f"log/{name}.log")
        if not log.exists():
            return []
        return log.read_text(encoding="utf-8", errors="replace").splitlines()[-_LAST_LINES:]

    def _proxy(self) -> xmlrpc.client.ServerProxy:
        file = self._state.file("run/supervisor.url")
        url = file.read_text(encoding="utf-8").strip() if file.exists() else "http://127.0.0.1:9/RPC2"
        return xmlrpc.client.ServerProxy(url, transport=_Transport())


class _Transport(xmlrpc.client.Transport):
    """HTTP with a timeout: a supervisor that hangs must not hang the command."""

    def make_connection(self, host: xmlrpc.client._HostType) -> object:  # type: ignore[override]
        """Return a connection that gives up after 10 s."""
        connection = super().make_connection(host)
        connection.timeout = 10
        return connection


class Daemon:
    """supervisord as a child process, which ends with this process, however that ends.

    Its output goes through a pipe, not to a file: on a full disk it would exit, and stop everything.
    """

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process
        self._words: deque[str] = deque(maxlen=_LAST_LINES)
        threading.Thread(target=self._listen, name="supervisord-output", daemon=True).start()

    def code(self) -> int | None:
        """Return its exit code, or None while it runs."""
        return self._process.poll()

    def last_words(self) -> list[str]:
        """Return the last lines of its output."""
        return list(self._words)

    def stop(self, seconds: float = 60.0) -> None:
        """Stop it and with it every component; kill it after the timeout."""
        if self._process.poll() is None:
            self._process.terminate()
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _listen(self) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as lines:
            for line in lines:
                self._words.append(line.decode("utf-8", "replace").rstrip())


def start_supervisor(
    state: State, addresses: Addresses, programs: Sequence[Path], environment: Mapping[str, str]
) -> Daemon:
    """Start supervisord with the given program files."""
    password = secrets.token_urlsafe(24)
    address = addresses.address("supervisor")
    state.write_private("run/supervisor.url", f"http://pantrywatch:{password}@{address}/RPC2")
    # A list of patterns, separated by blanks.
    include = " ".join(re.sub(r"\s", "?", glob.escape(str(file))) for file in programs)
    user = "root" if os.geteuid() == 0 else os.environ.get("USER", str(os.geteuid()))
    state.write_private(
        "run/supervisord.conf",
        _CONFIGURATION.format(state=state.path, address=address, password=password, include=include, user=user),
    )
    command = ["setpriv", "--pdeathsig", "TERM", sys.executable, "-m", "supervisor.supervisord"]
    process = subprocess.Popen(
        [*command, "-c", str(state.file("run/supervisord.conf"))],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL,
        env={**os.environ, **environment},
        start_new_session=True,  # Ctrl-C is for this process, which stops it in order
    )
    return Daemon(process)
