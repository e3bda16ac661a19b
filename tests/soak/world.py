"""What the chaos happens to: PostgreSQL and Redis behind proxies, one exporter that watches both."""

from __future__ import annotations

import contextlib
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import quote

import psutil
import psycopg
import redis

from tests.soak.proxy import Proxy, proxy
from tests.support import servers
from tests.support.exporter import ROOT, Exporter, exporter
from tests.support.peers import Certificates, make_certificate

ROLE = "pantrywatch"
DATABASE = "crm"
PATHS = {"database": "/metrics/database", "cache": "/metrics/cache"}
UP = {"database": "pg_up", "cache": "redis_up"}
_ROLE_SCRIPT = ROOT / "provisioning/database/monitor-role.sql"
_SETTINGS = """\
environment: test
database: [{name: main, dsn_file: dsn}]
cache: [{name: main, url_file: url}]
"""


@dataclass(slots=True)
class World:
    """The servers, the proxies in front of them, the exporter, and what to end with them."""

    directory: Path
    postgres: servers.Postgres
    redis: servers.Redis
    proxies: dict[str, Proxy]
    exporter: Exporter
    ends: contextlib.ExitStack

    def execute(self, *statements: str, dbname: str = DATABASE) -> None:
        """Run statements as superuser, past the proxy."""
        self.postgres.execute(*statements, dbname=dbname)

    def end_sessions(self) -> None:
        """End the exporter's sessions: what changed at the role holds from the next one."""
        query = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'pantrywatch'"
        self.execute(query, dbname="postgres")

    def command(self, *words: str) -> None:
        """Run a Redis command as administrator, past the proxy."""
        with self.redis.client() as client:
            client.execute_command(*words)

    def end_clients(self) -> None:
        """End the exporter's connections to Redis."""
        with self.redis.client() as client:
            client.client_kill_filter(user=ROLE)

    def write_secret(self, side: str, password: str = servers.PASSWORD, host: str = "127.0.0.1") -> None:
        """Write the address, with its password, of one server into the file that the exporter reads."""
        at = f"{ROLE}:{quote(password, safe='')}@{host}:{self.proxies[side].port}"
        _replace_file(self.secret_file(side), _address(side, at))

    def secret_file(self, side: str) -> Path:
        """Return the file with the address of one server."""
        return self.directory / ("dsn" if side == "database" else "url")

    def restart_postgres(self) -> None:
        """Start PostgreSQL again on its data and port; it has ended."""
        child = self.ends.enter_context(_again(self.postgres.process.args, self.directory, signal.SIGINT))
        self.postgres = replace(self.postgres, process=child)
        servers.wait_until(self._postgres_answers, 30, "PostgreSQL answers again")

    def restart_redis(self) -> None:
        """Start Redis again on its port; it has ended."""
        child = self.ends.enter_context(_again(self.redis.process.args, self.directory, signal.SIGTERM))
        self.redis = replace(self.redis, process=child)
        servers.wait_until(self._redis_answers, 30, "Redis answers again")

    def server_connections(self) -> dict[str, int]:
        """Return how many connections of the exporter each server sees."""
        sessions = self.postgres.value("SELECT count(*) FROM pg_stat_activity WHERE usename = 'pantrywatch'")
        with self.redis.client() as client:
            clients = [one for one in client.client_list() if one["user"] == ROLE]
        return {"database": int(str(sessions)), "cache": len(clients)}

    def _postgres_answers(self) -> bool:
        with contextlib.suppress(psycopg.OperationalError):
            return self.postgres.value("SELECT 1") == 1
        return False

    def _redis_answers(self) -> bool:
        with contextlib.suppress(redis.ConnectionError), self.redis.client() as client:
            return bool(client.ping())
        return False


def _again(
    command: object, directory: Path, stop_signal: int
) -> contextlib.AbstractContextManager[subprocess.Popen[bytes]]:
    assert isinstance(command, Sequence)
    return servers.process([str(word) for word in command], directory / "again.log", stop_signal=stop_signal)


def _address(side: str, at: str) -> str:
    # In plain text, for the proxy to see what it spoils.
    return f"postgresql://{at}/{DATABASE}?sslmode=disable" if side == "database" else f"redis://{at}/0"


def _replace_file(file: Path, text: str) -> None:
    new = file.with_suffix(".new")
    new.write_text(text)
    new.replace(file)


@contextlib.contextmanager
def world(directory: Path) -> Iterator[World]:
    """Run the servers, the proxies and the exporter until the block ends."""
    options = {"shared_preload_libraries": "pg_stat_statements", "max_connections": "20"}
    user = ("--user", ROLE, "on", f">{servers.PASSWORD}", "+@all", "~*", "&*")
    with contextlib.ExitStack() as ends:
        postgres = ends.enter_context(servers.postgres(directory, options=options))
        redis = ends.enter_context(servers.redis_server(directory / "redis", *user, "--busy-reply-threshold", "100"))
        proxies = {side: ends.enter_context(proxy(port)) for side, port in _ports(postgres, redis).items()}
        running = Exporter(0, psutil.Process(), directory)
        made = World(directory, postgres, redis, proxies, running, ends)
        _speak_tls(postgres, directory)
        postgres.execute(f"CREATE DATABASE {DATABASE}", "CREATE DATABASE second")
        make_role(made)
        for side in PATHS:
            made.write_secret(side)
        made.exporter = ends.enter_context(exporter(directory, _SETTINGS, ["database", "cache"]))
        yield made


def _ports(postgres: servers.Postgres, redis: servers.Redis) -> dict[str, int]:
    return {"database": postgres.port, "cache": redis.port}


def make_role(world: World) -> None:
    """Make the role and what it needs in the watched database."""
    world.execute(
        _ROLE_SCRIPT.read_text(),
        f"ALTER ROLE {ROLE} PASSWORD '{servers.PASSWORD}'",
        "CREATE EXTENSION IF NOT EXISTS pg_stat_statements",
        "CREATE TABLE IF NOT EXISTS orders (id serial PRIMARY KEY)",
    )


def _speak_tls(postgres: servers.Postgres, directory: Path) -> None:
    made = Certificates(directory)
    make_certificate(made, "server", 2, "subjectAltName=IP:127.0.0.1")
    for source, name in (("server.pem", "server.crt"), ("server.key", "server.key")):
        target = postgres.data / name
        shutil.copyfile(directory / source, target)
        target.chmod(0o600)
        shutil.chown(target, postgres.data.owner(), postgres.data.group())
    postgres.execute("ALTER SYSTEM SET ssl = on", "SELECT pg_reload_conf()")


Apply = Callable[[World], contextlib.AbstractContextManager[None]]
