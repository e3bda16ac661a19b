"""`./run up` as a user runs it, in a temporary state directory on ports of its own."""

from __future__ import annotations

import os
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import requests

from demo.gameday.stack import stop
from pantrywatch.native.addresses import Addresses
from pantrywatch.native.console import UP_MESSAGE
from tests.support.exporter import ROOT, Page, fetch

START_SECONDS = 150.0
STOP_SECONDS = 80.0
_COMPONENTS = (
    "postgres", "redis", "third-party", "crm", "crm-tls", "rum", "exporters", "prometheus", "alertmanager", "inbox",
    "inbox-smtp", "heartbeat", "scheduler", "boards", "grafana", "supervisor",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Stack:
    """A running `./run up`."""

    state: Path
    addresses: Addresses
    process: subprocess.Popen[bytes]
    output: Path
    environment: Mapping[str, str]

    def run(self, *arguments: str, timeout: float = 90.0) -> subprocess.CompletedProcess[str]:
        """Call `./run` for this stack."""
        return run(arguments, self.environment, timeout)

    def scrape(self, exporter: str) -> Page:
        """Return an exporter's page, asked for directly."""
        return fetch(f"{self.addresses.url('exporters')}/metrics/{exporter}", 10.0)

    def crm(self) -> Page:
        """Return the CRM's own metrics."""
        return fetch(f"{self.addresses.url('crm')}/metrics", 10.0)

    def query(self, expression: str) -> list[dict[str, Any]]:
        """Return the result vector of a PromQL expression."""
        url = f"{self.addresses.url('prometheus')}/api/v1/query"
        answer = requests.get(url, params={"query": expression}, timeout=10)
        result: list[dict[str, Any]] = answer.json()["data"]["result"]
        return result

    def text(self) -> str:
        """Return all that `up` has printed."""
        return self.output.read_text()


def run(
    arguments: Sequence[str], environment: Mapping[str, str], timeout: float = 90.0
) -> subprocess.CompletedProcess[str]:
    """Call `./run` and return what it printed and its exit code."""
    return subprocess.run(
        [str(ROOT / "run"), *arguments],
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
        env={**os.environ, **environment},
    )


def free_offset() -> int:
    """Return an offset under which all ports of a stack are free."""
    # Workers that look at the same moment would find the same one.
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    for offset in range(1000 + 5000 * worker, 40000, 250):
        if all(_free(Addresses(offset).port(component)) for component in _COMPONENTS):
            return offset
    raise AssertionError("no free range of ports")


@contextmanager
def started(state: Path, offset: int, *arguments: str, environment: Mapping[str, str] | None = None) -> Iterator[Stack]:
    """Run `./run up` until the block ends; does not wait for it to be up."""
    # More traffic than at night by itself: a fault that only users can see is seen sooner.
    environment = {"PANTRYWATCH_STATE": str(state), "DEMO_RATE": "30", **(environment or {})}
    output = state.parent / f"{state.name}-up.log"
    with output.open("wb") as out:
        process = subprocess.Popen(
            [str(ROOT / "run"), "up", "--port-offset", str(offset), *arguments],
            stdout=out,
            stderr=out,
            env={**os.environ, **environment},
        )
    try:
        yield Stack(state, Addresses(offset), process, output, environment)
    finally:
        stop(process, STOP_SECONDS)


def wait_until_up(stack: Stack) -> None:
    """Return when `up` has printed its table; AssertionError with its output at the deadline."""
    deadline = time.monotonic() + START_SECONDS
    while UP_MESSAGE not in stack.text():
        assert stack.process.poll() is None, f"up ended:\n{stack.text()}"
        assert time.monotonic() < deadline, f"not up in {START_SECONDS} s:\n{stack.text()}"
        time.sleep(0.2)


def processes_of(state: Path) -> list[str]:
    """Return the command lines of all processes that work in a state directory."""
    found = []
    for process in psutil.process_iter():
        try:
            line = " ".join(process.cmdline())
            here = str(state) in line or process.environ().get("PANTRYWATCH_STATE") == str(state)
        except psutil.Error:
            continue
        if here and process.pid != os.getpid():
            found.append(line)
    return found


def _free(port: int) -> bool:
    try:
        with socket.create_server(("127.0.0.1", port)):
            return True
    except OSError:
        return False
