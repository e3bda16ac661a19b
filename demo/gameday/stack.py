"""The stack of a game day: its own state directory and ports, started and stopped by it."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import psutil

from pantrywatch.native.addresses import Addresses
from pantrywatch.native.console import UP_MESSAGE
from pantrywatch.native.state_dir import ROOT, State
from pantrywatch.web.client import session

_START_SECONDS = 200.0
_STOP_SECONDS = 90.0
# The stack's share of a machine that does other work too: alerts about late rules must not come from that work.
_NICE = -10
# Several times the usual traffic, for windows that hold enough by night; faults as long as the slowest alert needs.
_DEMO = {"DEMO_RATE": "30", "DEMO_FAULT_MINUTES": "120"}

# An alert that is resolved, in a message of a webhook; and of mail or chat.
_RESOLVED = re.compile(r"^resolved since |, resolved \w")


class GameDayError(Exception):
    """The game day could not continue; the message says why."""


@dataclass(frozen=True, slots=True)
class FiredAlert:
    """One alert as in the inbox or in Prometheus."""

    alert: str
    severity: str

    def __str__(self) -> str:
        return f"{self.alert} {self.severity}"


@dataclass(frozen=True, slots=True)
class Arrival:
    """A message in the inbox."""

    at: float
    firing: frozenset[FiredAlert]
    resolved: frozenset[FiredAlert]
    to: str


def read_arrival(message: Mapping[str, Any]) -> Arrival:
    """Return a message of the inbox's API. One that says what fires may say what is resolved too."""
    named, severity = message["alerts"], message["severity"]
    firing: set[str] = set()
    if message["status"] == "firing":
        parts = message["text"].split("\n\n" if message["channel"] == "webhook" else "\n")
        rest = " ".join(part for part in parts if not _RESOLVED.search(part))
        firing = {name for name in named if re.search(rf"\b{name}\b", rest)}
    return Arrival(
        message["received_at"],
        frozenset(FiredAlert(name, severity) for name in named if name in firing),
        frozenset(FiredAlert(name, severity) for name in named if name not in firing),
        message["to"],
    )


@dataclass(slots=True)
class Digest:
    """Alerts of severity low, which wait for the digest: as messages that tell when they began and ended."""

    firing: frozenset[FiredAlert] = frozenset()
    arrivals: list[Arrival] = field(default_factory=list)

    def look(self, now: frozenset[FiredAlert], at: float) -> None:
        """Note what has begun or ended since the last look."""
        if now != self.firing:
            self.arrivals.append(Arrival(at, now - self.firing, self.firing - now, "digest"))
            self.firing = now


@dataclass(frozen=True, slots=True)
class Stack:
    """A running stack."""

    state: Path
    addresses: Addresses
    halt: threading.Event
    digest: Digest = field(default_factory=Digest)

    def pause(self, seconds: float) -> None:
        """Wait. Raises GameDayError if the day is stopped in the meantime."""
        if self.halt.wait(seconds):
            raise GameDayError("stopped")

    def arrivals(self, since: float) -> list[Arrival]:
        """Return the messages in the inbox since a Unix time, oldest first, then what the digest will say."""
        messages = self._get("inbox", "/api/messages")["messages"]
        told = [read_arrival(message) for message in messages if message["received_at"] >= since]
        self.digest.look(self._low(), time.time())
        return told + [arrival for arrival in self.digest.arrivals if arrival.at >= since]

    def query(self, expression: str) -> list[tuple[dict[str, str], float]]:
        """Return the series that Prometheus has for an expression now: labels without the name, and value."""
        found = self._get("prometheus", f"/api/v1/query?{urlencode({'query': expression})}")["data"]["result"]
        return [
            ({name: text for name, text in one["metric"].items() if name != "__name__"}, float(one["value"][1]))
            for one in found
        ]

    def _low(self) -> frozenset[FiredAlert]:
        """What Alertmanager keeps for the digest."""
        query = {"active": "true", "inhibited": "false", "silenced": "false", "filter": 'severity="low"'}
        alerts = self._get("alertmanager", f"/api/v2/alerts?{urlencode(query)}")
        return frozenset(FiredAlert(alert["labels"]["alertname"], "low") for alert in alerts)

    def fault(self, *arguments: str) -> str:
        """Run the demo's CLI. Raises GameDayError with its last output if it fails."""
        environment = {
            "PANTRYWATCH_STATE": str(self.state),
            "DEMO_FAULT_DIR": str(self.state / "faults"),
            "DEMO_SECRETS": str(self.state / "secrets"),
        }
        done = subprocess.run(
            [sys.executable, "-m", "demo.faults", *arguments], capture_output=True, text=True, check=False, timeout=120,
            cwd=ROOT, env={**os.environ, **environment},
        )  # fmt: skip
        if done.returncode:
            raise GameDayError(f"fault {' '.join(arguments)}: {(done.stderr or done.stdout).strip()[-300:]}")
        return done.stdout

    def _get(self, component: str, path: str) -> Any:
        """Prometheus may be slow during a fault that burns every core."""
        state = State(self.state)
        url = state.addresses().url(component) + path
        try:
            with session(state.web()) as ours:
                return ours.get(url, timeout=20).json()
        except (OSError, ValueError) as error:
            raise GameDayError(f"{url} does not answer ({type(error).__name__})") from error


@contextmanager
def running(state: Path, addresses: Addresses, speed: int, halt: threading.Event) -> Iterator[Stack]:
    """Run a stack until the block ends. Raises GameDayError with its last lines if it does not come up."""
    state.parent.mkdir(parents=True, exist_ok=True)
    output = state.with_name(f"{state.name}.log")
    command = [sys.executable, "-m", "pantrywatch", "--state", str(state), "up"]
    command += ["--port-offset", str(addresses.offset), "--speed", str(speed)]
    with output.open("wb") as log:
        environment = {**os.environ, **_DEMO, "PANTRYWATCH_STATE": str(state), "PYTHONPATH": str(ROOT)}
        process = subprocess.Popen(command, stdout=log, stderr=log, cwd=ROOT, env=environment, start_new_session=True)
    with suppress(PermissionError):  # not root: the machine should have no other work then
        os.setpriority(os.PRIO_PROCESS, process.pid, _NICE)  # before it starts the others, which inherit it
    try:
        stack = Stack(state, addresses, halt)
        _wait_until_up(stack, process, output)
        _prefer(process.pid)
        yield stack
    finally:
        stop(process, _STOP_SECONDS)


def _prefer(pid: int) -> None:
    """Where Linux shares processors among sessions (sched_autogroup), a priority counts within each: set theirs too."""
    up = psutil.Process(pid)
    for one in (up, *up.children(recursive=True)):
        with suppress(OSError):  # not root, gone, or a kernel that does not
            Path(f"/proc/{one.pid}/autogroup").write_text(str(_NICE), encoding="ascii")


def _wait_until_up(stack: Stack, process: subprocess.Popen[bytes], output: Path) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while UP_MESSAGE not in (text := output.read_text(encoding="utf-8", errors="replace")):
        if process.poll() is not None or time.monotonic() > deadline:
            raise GameDayError(f"the stack did not come up:\n{text[-2000:]}")
        stack.pause(0.5)


def stop(process: subprocess.Popen[bytes], seconds: float) -> None:
    """End `up` as Ctrl-C does, by force after so many seconds."""
    if process.poll() is None:
        process.send_signal(signal.SIGINT)
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
