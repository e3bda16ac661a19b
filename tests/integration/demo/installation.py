"""A demo installation: servers, secrets, addresses, and the programs on them."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import requests

from demo.environment import Environment
from demo.passwords import DEMO_PASSWORD
from tests.support import servers

APP_PASSWORD = "app%40word"
SCALE = "0.02"


@dataclass(frozen=True, slots=True)
class Installation:
    """Servers, secrets and addresses of one demo."""

    directory: Path
    postgres: servers.Postgres
    redis: servers.Redis
    variables: Mapping[str, str]

    @property
    def environment(self) -> Environment:
        return Environment(self.variables)

    @property
    def url(self) -> str:
        return self.variables["DEMO_URL"]

    @property
    def access_log(self) -> Path:
        return Path(self.variables["DEMO_ACCESS_LOG"])

    def with_secrets(self, name: str, **changed: str) -> dict[str, str]:
        """The variables of an installation that differs in some secrets and listens elsewhere."""
        directory = write_secrets(self.directory / name, {**self.secrets(), **changed})
        url = f"http://127.0.0.1:{servers.free_port()}"
        log = str(self.directory / f"{name}-access.log")
        return {**self.variables, "DEMO_SECRETS": str(directory), "DEMO_URL": url, "DEMO_ACCESS_LOG": log}

    def secrets(self) -> dict[str, str]:
        return {path.name: path.read_text() for path in Path(self.variables["DEMO_SECRETS"]).iterdir()}


def write_secrets(directory: Path, secrets: Mapping[str, str]) -> Path:
    directory.mkdir()
    for name, value in secrets.items():
        (directory / name).write_text(value)
    return directory


def run(variables: Mapping[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run `python -m …` to its end."""
    return subprocess.run(
        [sys.executable, "-m", *arguments],
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@contextmanager
def api(variables: Mapping[str, str], log: Path) -> Iterator[str]:
    """Run the API; gives its address when it answers."""
    url = variables["DEMO_URL"]
    command = [sys.executable, "-m", "demo.api", "--listen", url.removeprefix("http://")]
    with servers.process(command, log, environment=variables) as child:
        servers.wait_until(lambda: answers(url), 20, "the API answers")
        yield url
        child.terminate()
        assert child.wait(20) == 0, log.read_text()


def answers(url: str) -> bool:
    try:
        return requests.get(url + "/metrics", timeout=2).ok
    except requests.ConnectionError:
        return False


def log_in(url: str, email: str = "rep01@pantry.example") -> requests.Session:
    """A session with its token."""
    body = {"email": email, "password": DEMO_PASSWORD}
    answer = requests.post(f"{url}/api/v1/auth/login", json=body, timeout=5)
    assert answer.status_code == 200, answer.text
    session = requests.Session()
    session.headers["Authorization"] = f"Bearer {answer.json()['token']}"
    return session


def install(directory: Path, postgres: servers.Postgres, redis: servers.Redis) -> Installation:
    secrets = {
        "admin_dsn": postgres.dsn("crm"),
        "app_dsn": postgres.dsn("crm", "crm_app", APP_PASSWORD),
        "cache_url": redis.url,
    }
    state = directory / "state"
    state.mkdir()
    (state / "postgres").symlink_to(postgres.data)
    variables = {
        "DEMO_SECRETS": str(write_secrets(directory / "secrets", secrets)),
        "DEMO_URL": f"http://127.0.0.1:{servers.free_port()}",
        "DEMO_THIRD_PARTY_URL": f"http://127.0.0.1:{servers.free_port()}",
        "DEMO_BEACONS_URL": f"http://127.0.0.1:{servers.free_port()}/rum",
        "DEMO_ACCESS_LOG": str(directory / "access.log"),
        "DEMO_FAULT_DIR": str(directory / "faults"),
        "PANTRYWATCH_STATE": str(state),
    }
    return Installation(directory, postgres, redis, variables)


@contextmanager
def running(directory: Path, postgres: servers.Postgres, redis: servers.Redis) -> Iterator[Installation]:
    """A small seeded demo with its API and its third party."""
    installation = install(directory, postgres, redis)
    done = run(installation.variables, "demo.seed", "--scale", SCALE)
    assert done.returncode == 0, done.stderr
    partner = installation.variables["DEMO_THIRD_PARTY_URL"].removeprefix("http://")
    command = [sys.executable, "-m", "demo.third_party", "--listen", partner]
    with servers.process(command, directory / "third-party.log"), api(installation.variables, directory / "api.log"):
        yield installation
