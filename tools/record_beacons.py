"""`python -m tools.record_beacons`, after `./run up`: records what the demo's traffic replays.

A Chromium visits the demo's page with each equipment, as it is and under each of its faults, from an API of its own
whose receiver is here. The beacons of the page's agent become demo/traffic/recorded.json, one visit a line.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import requests

from exporters.browser.settings import find_chromium
from exporters.core.deadline import Deadline
from exporters.core.errors import ConfigError, ConfigProblem
from exporters.core.exit_codes import run_command
from exporters.core.files import write_atomically
from pantrywatch.native.configuration import Options, component_environment
from pantrywatch.native.state_dir import ROOT, State

RECORDED = ROOT / "demo/traffic/recorded.json"
EQUIPMENT = ("office", "notebook", "tablet", "phone")
# Of the page, with how many visits are recorded of each equipment.
FAULTS = {"": 3, "script-errors": 1, "layout-shift": 1, "slow-page": 1, "long-task": 1, "heavy-bundle": 1}
_PORT = 19099
_START_SECONDS = 30.0
_SENT_SECONDS = 1.0  # a beacon leaves after its page


class _Receiver(BaseHTTPRequestHandler):
    def __init__(self, bodies: list[bytes], *parts: Any) -> None:
        self._bodies = bodies
        super().__init__(*parts)

    def do_POST(self) -> None:
        self._bodies.append(self.rfile.read(int(self.headers["content-length"])))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *parts: Any) -> None:
        """Say nothing."""


def compact(body: bytes) -> dict[str, Any]:
    """Return a beacon without its id, and without what is 0 or empty except vitals; to a tenth of a millisecond."""
    beacon = json.loads(body)
    small: dict[str, Any] = {
        name: _small(value, zeros=name == "vitals")
        for name, value in beacon.items()
        if value and name not in {"id", "sample"}
    }
    return small


def _small(value: Any, *, zeros: bool = False) -> Any:
    if isinstance(value, dict):
        return {name: _small(one) for name, one in value.items() if one or zeros}
    if isinstance(value, list):
        return [_small(one) for one in value]
    return round(value, 4 if value < 1 else 1) if isinstance(value, float) else value


@contextmanager
def _receiver(bodies: list[bytes]) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Receiver, bodies))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/rum"
    finally:
        server.shutdown()
        server.server_close()


@contextmanager
def _api(environment: dict[str, str]) -> Iterator[None]:
    url = environment["DEMO_URL"]
    command = [sys.executable, "-m", "demo.api", "--listen", url.removeprefix("http://")]
    with subprocess.Popen(command, env=environment, cwd=ROOT) as api:
        try:
            deadline = Deadline.after(_START_SECONDS)
            while not _answers(url):
                if api.poll() is not None or deadline.passed():
                    expected = "expected an API on the database of a running ./run up"
                    raise ConfigError([ConfigProblem(url, "demo.api", expected)])
                time.sleep(0.2)
            yield
        finally:
            api.terminate()


def _answers(url: str) -> bool:
    try:
        return requests.get(f"{url}/metrics", timeout=2).ok
    except requests.RequestException:
        return False


def _visits(environment: dict[str, str], bodies: list[bytes]) -> Iterator[dict[str, Any]]:
    for fault, number in FAULTS.items():
        flag = Path(environment["DEMO_FAULT_DIR"]) / (fault or "none")
        flag.touch()
        for equipment in EQUIPMENT * number:
            os.utime(flag, times=(time.time() + 3600,) * 2)  # a flag is on while it is young
            bodies.clear()
            command = [sys.executable, "-m", "demo.traffic.visits", "--once", equipment]
            subprocess.run(command, env=environment, cwd=ROOT, check=True, timeout=120)
            time.sleep(_SENT_SECONDS)
            yield {"fault": fault, "equipment": equipment, "beacons": [compact(body) for body in bodies]}
        flag.unlink()


def record(state: State) -> int:
    """Record every visit and write the file; returns 0. Raises ConfigError without Chromium or a running demo."""
    binary = find_chromium()
    if binary is None:
        raise ConfigError([ConfigProblem("PATH", "chromium", "expected a Chromium")])
    version = subprocess.run([binary, "--version"], capture_output=True, text=True, check=True).stdout
    bodies: list[bytes] = []
    with _receiver(bodies) as beacons_url, tempfile.TemporaryDirectory() as faults:
        environment = os.environ | component_environment(Options(state, state.addresses()), None)
        environment |= {
            "DEMO_URL": f"http://127.0.0.1:{_PORT}",
            "DEMO_BEACONS_URL": beacons_url,
            "DEMO_FAULT_DIR": faults,
            "DEMO_ACCESS_LOG": "",
        }
        with _api(environment):
            visits = list(_visits(environment, bodies))
    head = {"browser": " ".join(version.split()[:2]), "recorded": f"{datetime.now(UTC):%Y-%m-%d}"}
    lines = ",\n".join(json.dumps(one, separators=(",", ":")) for one in visits)
    write_atomically(RECORDED, f'{json.dumps(head)[:-1]}, "visits": [\n{lines}\n]}}\n')
    return 0


if __name__ == "__main__":
    folder = Path(os.environ.get("PANTRYWATCH_STATE", ROOT / ".pantrywatch"))
    sys.exit(run_command(lambda: record(State(folder.resolve()))))
