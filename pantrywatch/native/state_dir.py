"""The state directory of the native stack: data, logs, secrets, and the configuration made for this run."""

from __future__ import annotations

import fcntl
import json
import os
import secrets
import shutil
import subprocess
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any
from urllib.parse import quote

from exporters.core.access import WebSettings
from exporters.core.errors import ConfigError, ConfigProblem
from exporters.core.settings import load
from pantrywatch.native.addresses import Addresses

ROOT = Path(__file__).resolve().parents[2]

_FOLDERS = (
    "run",
    "log",
    "faults",
    "secrets",
    "redis",
    "prometheus/targets",
    "prometheus/data",
    "alertmanager",
    "inbox",
    "heartbeat",
    "grafana",
)

# `setpriv`: PostgreSQL refuses to run as root, and user postgres may not see the folders above the checkout; the bit
# makes access(2) see the capability too.
AS_POSTGRES = (
    "setpriv", "--reuid", "postgres", "--regid", "postgres", "--init-groups",
    "--securebits", "+no_setuid_fixup", "--inh-caps", "+dac_read_search", "--ambient-caps", "+dac_read_search",
    "--pdeathsig", "INT",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class State:
    """One state directory."""

    path: Path

    def file(self, name: str) -> Path:
        """Return the path of a file or folder inside."""
        return self.path / name

    def has_history(self) -> bool:
        """Return whether Prometheus has run here before: later starts are over before its first scrape, 5 s later."""
        return self.file("prometheus/data/wal").exists()

    def remember(self, addresses: Addresses, web: WebSettings) -> None:
        """Note for other commands where the stack that runs here listens, and how one gets in; no secret is in it."""
        self.file("run/port-offset").write_text(str(addresses.offset), encoding="utf-8")
        self.write_json("run/web.yaml", asdict(web))

    def addresses(self) -> Addresses:
        """Return the addresses of the stack that ran here last, the usual ones where none did."""
        file = self.file("run/port-offset")
        return Addresses(int(file.read_text(encoding="utf-8")) if file.exists() else 0, self.web().tls)

    def web(self) -> WebSettings:
        """Return how one gets into the stack that ran here last."""
        file = self.file("run/web.yaml")
        return load(file, WebSettings) if file.exists() else WebSettings()

    def prepare(self) -> None:
        """Make the folders. Raises ConfigError where that is not possible."""
        try:
            for folder in _FOLDERS:
                self.file(folder).mkdir(parents=True, exist_ok=True)
            self.file("secrets").chmod(0o700)
            probe = self.file("run/writable")
            probe.write_text("")
            probe.unlink()
        except OSError as error:
            expected = f"expected a directory this user can write to: {error.strerror}"
            raise ConfigError([ConfigProblem(str(self.path), "state directory", expected)]) from error

    def lock(self) -> IO[str]:
        """Return the held lock of this directory; it ends with the process. Raises ConfigError if another holds it."""
        lock = self.file("run/lock").open("a+")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            owner = lock.read().strip() or "unknown"
            expected = f"expected no stack running here, process {owner} runs one: see `./run status`, `./run down`"
            raise ConfigError([ConfigProblem(str(self.path), "state directory", expected)]) from None
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        return lock

    def secret(self, name: str) -> str:
        """Return a random password, made at first use and kept in a file only its owner can read."""
        file = self.file(f"secrets/{name}")
        if not file.exists():
            self.write_private(f"secrets/{name}", secrets.token_urlsafe(24))
        return file.read_text(encoding="utf-8")

    def write_private(self, name: str, text: str) -> None:
        """Write a file that only its owner can read, at no moment readable by others."""
        file = self.file(name)
        file.unlink(missing_ok=True)
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as out:
            out.write(text)

    def write_json(self, name: str, document: Any) -> None:
        """Write a JSON file at once, so that a reader never sees half of it."""
        part = self.file(f"{name}.part")
        part.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
        part.rename(self.file(name))


def prepare_demo(state: State, addresses: Addresses, postgres_bin: Path) -> None:
    """Make secrets, the PostgreSQL data directory and Redis' configuration, each only where missing or derived."""
    server = f"127.0.0.1:{addresses.port('postgres')}/crm"
    for file, user in (("admin_dsn", "postgres"), ("app_dsn", "crm"), ("monitor_dsn", "pantrywatch")):
        password = quote(state.secret(f"{user}_password"), safe="")
        state.write_private(f"secrets/{file}", f"postgresql://{user}:{password}@{server}")
    redis_password = state.secret("redis_password")
    redis_port = addresses.port("redis")
    state.write_private("secrets/cache_url", f"redis://:{quote(redis_password, safe='')}@127.0.0.1:{redis_port}/0")
    state.write_private(
        "redis/redis.conf",
        f"bind 127.0.0.1\nport {redis_port}\nrequirepass {redis_password}\ndir {state.file('redis')}\n"
        "maxmemory 64mb\nmaxmemory-policy allkeys-lru\nsave 300 1\nlatency-monitor-threshold 100\n",
    )
    if not state.file("postgres/PG_VERSION").exists():
        _initialise_postgres(state, postgres_bin)


def _initialise_postgres(state: State, postgres_bin: Path) -> None:
    data = state.file("postgres")
    shutil.rmtree(data, ignore_errors=True)  # what an interrupted first start left
    data.mkdir(mode=0o700)
    if os.geteuid() == 0:
        shutil.chown(data, "postgres", "postgres")
    command = [
        *as_postgres(), str(postgres_bin / "initdb"), "-D", str(data), "-U", "postgres", "-A", "scram-sha-256",
        "-E", "UTF8", "--locale=C.UTF-8", "--no-sync", "--pwfile=/dev/stdin",
    ]  # fmt: skip
    password = state.secret("postgres_password") + "\n"
    done = subprocess.run(command, input=password, capture_output=True, text=True, check=False)
    if done.returncode:
        last = (done.stderr or done.stdout).strip().splitlines()[-1:]
        raise ConfigError(
            [ConfigProblem(str(data), "initdb", f"expected PostgreSQL's initdb to work: {' '.join(last)}")]
        )


def as_postgres() -> tuple[str, ...]:
    """Return the command prefix under which PostgreSQL runs: user postgres where we are root, else just ourselves."""
    return AS_POSTGRES if os.geteuid() == 0 else ("setpriv", "--pdeathsig", "INT")
