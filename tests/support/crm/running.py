"""A CRM that is not ours: its own schema, an Express and a FastAPI application with their libraries, nginx in front.

It is set up and watched word for word as docs/your-application.md says; only the addresses are replaced.
"""

from __future__ import annotations

import re
import socket
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import requests

from tests.support.exporter import ROOT
from tests.support.instrumented import INSTALLED, install, snippets
from tests.support.servers import Postgres, Redis, free_port, postgres, process, redis_server, wait_until

_HERE = Path(__file__).parent
_START_SECONDS = 90
_ACL = re.compile(r"^ACL (SETUSER pantrywatch on >PASSWORD .+)$", re.MULTILINE)
_SECRETS = {
    "dsn": "postgresql://pantrywatch:a-password@10.0.0.7:5432/crm",
    "cache_url": "redis://pantrywatch:a-password@10.0.0.8:6379",
}
_OPTIONS = {"shared_preload_libraries": "pg_stat_statements", "track_io_timing": "on"}


@dataclass(frozen=True, slots=True)
class Crm:
    """The running CRM. `addresses`: each address of the page → the one here."""

    postgres: Postgres
    redis: Redis
    front: str
    addresses: Mapping[str, str]

    def use(self) -> None:
        """Do what users do, each thing once, through nginx."""
        for path in ("/", "/api/contacts", "/api/contacts/7", "/api/search?q=first", "/api/reports/pipeline"):
            requests.get(self.front + path, timeout=20).raise_for_status()
        requests.post(f"{self.front}/api/deals/8/won", timeout=20).raise_for_status()
        requests.post(f"{self.front}/api/auth/login", json={"email": "ADA@example.com"}, timeout=20).raise_for_status()
        with self.redis.client() as client:
            client.set("session:1", "x")
            client.get("session:1")

    def grant(self) -> None:
        """Create the roles that the page asks for."""
        run_sql(self.postgres, "crm", snippets()["database"])
        (rule,) = _ACL.findall((ROOT / "provisioning/cache/README.md").read_text())
        with self.redis.client() as client:
            client.execute_command("ACL", *rule.replace("PASSWORD", "a-password").split())

    def write_settings(self, folder: Path) -> Path:
        """Write the files of the page into a new folder, and return the settings."""
        (folder / "secrets").mkdir(parents=True)
        for name, text in _SECRETS.items():
            (folder / "secrets" / name).write_text(self._here(text))
        (folder / "business.yaml").write_text(snippets()["business"])
        file = folder / "my.yaml"
        file.write_text(self._here(snippets()["settings"]))
        return file

    def _here(self, text: str) -> str:
        for address, here in self.addresses.items():
            text = text.replace(address, here)
        return text


def run_sql(server: Postgres, database: str, text: str) -> None:
    """Run a script with psql, as superuser, in the repository's folder; AssertionError with what it says."""
    command = ["psql", "-q", "-X", "-v", "ON_ERROR_STOP=1", "-d", server.dsn(database)]
    done = subprocess.run(command, input=text, capture_output=True, text=True, cwd=ROOT, check=False)
    assert done.returncode == 0, done.stderr


@contextmanager
def running_crm(folder: Path) -> Iterator[Crm]:
    """Run all of it until the block ends."""
    install()
    port = {name: free_port() for name in ("front", "crm", "reports")}
    with ExitStack() as stack:
        server = stack.enter_context(postgres(folder, options=_OPTIONS))
        run_sql(server, "postgres", "CREATE DATABASE crm")
        run_sql(server, "crm", (_HERE / "schema.sql").read_text())
        cache = stack.enter_context(redis_server(folder / "redis"))
        mail = stack.enter_context(socket.create_server(("127.0.0.1", 0)))  # its backlog is enough for a check
        stack.enter_context(_express(server, port["crm"], folder))
        stack.enter_context(_fastapi(port["reports"], folder))
        stack.enter_context(_nginx(port, folder))
        ports = {
            "10.0.0.4:80": port["front"], "10.0.0.5:3000": port["crm"], "10.0.0.6:8000": port["reports"],
            "10.0.0.7:5432": server.port, "10.0.0.8:6379": cache.port, "10.0.0.9:25": mail.getsockname()[1],
        }  # fmt: skip
        crm = Crm(server, cache, f"http://127.0.0.1:{port['front']}", {a: f"127.0.0.1:{p}" for a, p in ports.items()})
        wait_until(lambda: _works(crm), _START_SECONDS, f"the CRM works: see {folder}")
        yield crm


def _works(crm: Crm) -> bool:
    try:
        crm.use()
    except requests.RequestException:
        return False
    return True


def _express(server: Postgres, port: int, folder: Path) -> AbstractContextManager[object]:
    source = (_HERE / "server.cjs").read_text()
    for mark, name in (("// @SNIPPET@", "express-prom-client"), ("// @STATEMENTS@", "express-statements")):
        source = source.replace(mark, snippets()[name])
    file = INSTALLED / "crm.cjs"
    file.write_text(source)
    environment = {"DATABASE_URL": server.dsn("crm", "crm_app", "app-secret")}
    return process(["node", str(file), str(port)], folder / "express.log", environment=environment)


def _fastapi(port: int, folder: Path) -> AbstractContextManager[object]:
    file = folder / "reports.py"
    file.write_text((_HERE / "reports.py.in").read_text().replace("# @SNIPPET@", snippets()["fastapi-opentelemetry"]))
    return process([str(INSTALLED / "py/bin/python"), str(file), str(port)], folder / "fastapi.log")


def _nginx(port: Mapping[str, int], folder: Path) -> AbstractContextManager[object]:
    root = folder / "nginx"
    root.mkdir()
    root.chmod(0o755)
    (root / "index.html").write_text("<!doctype html><title>CRM</title>")
    text = (_HERE / "nginx.conf").read_text().replace("@ROOT@", str(root))
    for name, number in port.items():
        text = text.replace(f"@{name.upper()}@", str(number))
    (root / "nginx.conf").write_text(text)
    command = ["/usr/sbin/nginx", "-p", f"{root}/", "-c", str(root / "nginx.conf"), "-e", str(root / "error.log")]
    return process(command, folder / "nginx.log")
