"""The compose stack of a clone on an engine of its own, and what is asked of it."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from tests.compose.engine import Engine, run
from tests.support.servers import wait_until

ROOT = Path(__file__).parents[2]
PROJECT = "pantrywatch"
_UP_SECONDS = 600.0


@dataclass(frozen=True, slots=True)
class Stack:
    """A clone with its compose project; `login` and `ca` are what its Prometheus and Alertmanager ask for."""

    engine: Engine
    clone: Path

    def compose(self, *arguments: str, timeout: float = _UP_SECONDS, check: bool = True) -> str:
        """Call docker-compose for all profiles that the project has running; return what it printed."""
        environment = {**self.engine.environment(), "COMPOSE_HTTP_TIMEOUT": "300"}
        command = ["docker-compose", "--project-name", PROJECT, *arguments]
        done = run(command, environment, timeout=timeout, check=False, cwd=self.clone)
        if "has active endpoints" in done.stderr:
            self._disconnect_all()
            done = run(command, environment, timeout=timeout, check=False, cwd=self.clone)
        assert not check or done.returncode == 0, f"{' '.join(command)}:\n{done.stdout[-3000:]}{done.stderr[-3000:]}"
        return done.stdout + done.stderr

    def _disconnect_all(self) -> None:
        """Let go of what dockerd 20.10 may keep of a container that was killed and is gone."""
        networks = self.engine.docker("network", "ls", "--filter", f"name={PROJECT}_", "--format", "{{.Name}}").split()
        for network in networks:
            for endpoint in json.loads(self.engine.docker("network", "inspect", network))[0]["Containers"].values():
                self.engine.docker("network", "disconnect", "--force", network, endpoint["Name"], check=False)

    def demo(self, *arguments: str, check: bool = True) -> str:
        """Call docker-compose with the demo profile on."""
        return self.compose("--profile", "demo", *arguments, check=check)

    def inspect(self) -> dict[str, dict[str, Any]]:
        """Return service → what the engine knows of its container."""
        label = f"label=com.docker.compose.project={PROJECT}"
        ids = self.engine.docker("ps", "--all", "--quiet", "--filter", label).split()
        found = json.loads(self.engine.docker("inspect", *ids)) if ids else []
        return {one["Config"]["Labels"]["com.docker.compose.service"]: one for one in found}

    def unhealthy(self) -> dict[str, str]:
        """Return service → state of those that are not as they should be: healthy, or done for the first one."""
        states = {name: _state(one["State"]) for name, one in self.inspect().items()}
        return {name: state for name, state in states.items() if state != ("done" if name == "init" else "healthy")}

    def wait_until_healthy(self, what: str) -> None:
        """Return when every container is; AssertionError with the logs of the others at the deadline."""
        try:
            wait_until(lambda: not self.unhealthy(), _UP_SECONDS, f"{what}: every container healthy")
        except AssertionError as error:
            logs = [self.compose("logs", "--tail", "15", name, check=False) for name in self.unhealthy()]
            raise AssertionError(f"{error}: {self.unhealthy()}\n{''.join(logs)}") from None

    def query(self, expression: str, login: str = "", ca: str = "") -> dict[str, float]:
        """Return instance → value of a PromQL expression."""
        scheme = "https" if ca else "http"
        url = f"{scheme}://localhost:19090/api/v1/query?query={quote(expression)}"
        result = json.loads(self.engine.fetch(url, login=login, ca=ca))["data"]["result"]
        return {one["metric"].get("instance", ""): float(one["value"][1]) for one in result}

    def targets(self, login: str = "", ca: str = "") -> dict[str, str]:
        """Return job/instance → health of what Prometheus scrapes."""
        scheme = "https" if ca else "http"
        url = f"{scheme}://localhost:19090/api/v1/targets?state=active"
        active = json.loads(self.engine.fetch(url, login=login, ca=ca))["data"]["activeTargets"]
        return {f"{t['labels']['job']}/{t['labels']['instance']}": t["health"] for t in active}

    def messages(self) -> list[dict[str, Any]]:
        """Return what is in the inbox."""
        found: list[dict[str, Any]] = json.loads(self.engine.fetch("http://127.0.0.1:19094/api/messages"))["messages"]
        return found

    def grafana(self) -> dict[str, Any]:
        """Return what the stand-in for Grafana says of itself."""
        found: dict[str, Any] = json.loads(self.engine.fetch("http://127.0.0.1:19300/stand-in"))
        return found

    def silences(self) -> list[str]:
        """Return the comments of Alertmanager's silences."""
        found = json.loads(self.engine.fetch("http://127.0.0.1:19093/api/v2/silences"))
        return [silence["comment"] for silence in found]

    def python(self, service: str, code: str) -> str:
        """Run Python in a service's container and return what it printed."""
        return self.demo("exec", "-T", service, "python", "-c", code)


def clone_into(folder: Path) -> Path:
    """Copy what git knows of this repository, or would after `git add`: a clean clone of what is under test."""
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    for name in filter(None, listed.stdout.split("\0")):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)
    return folder


def kill(containers: Iterable[dict[str, Any]]) -> None:
    """Kill the first process of each from outside: an end that nobody asked the engine for."""
    pids = [str(one["State"]["Pid"]) for one in containers]
    run(["kill", "-KILL", *pids], {"PATH": "/usr/bin:/bin"}, timeout=30)


def _state(state: dict[str, Any]) -> str:
    if state["Status"] == "exited" and state["ExitCode"] == 0:
        return "done"
    return str(state.get("Health", {}).get("Status", state["Status"]))
