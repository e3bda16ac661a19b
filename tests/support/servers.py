"""Real servers for tests: each on a free loopback port, in a temporary directory, stopped by its own process id."""

from __future__ import annotations

import atexit
import os
import random
import shutil
import signal
import socket
import subprocess
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psycopg
import redis

PASSWORD = "s3cr3t-p@ss/word"
_PASSWORD_IN_URL = "s3cr3t-p%40ss%2Fword"
PATIENCE_SECONDS = 60.0  # a deadline ends what hangs; a shorter one would only fail where the machine is busy
PORTS = range(10_000, 19_000)  # below those of whole stacks, and of outgoing connections, which take one at any time
_given: set[int] = set()
_reserved: deque[socket.socket] = deque(maxlen=100)  # the newest, each until it is left out or the process ends
_random = random.SystemRandom()  # its own, since tests that run at the same time may have one seed
RUN_AS_POSTGRES = (
    "setpriv", "--reuid", "postgres", "--regid", "postgres", "--init-groups",
    # The temporary directory's parents may be closed to others; the bit makes access(2) respect the capability too.
    "--securebits", "+no_setuid_fixup", "--inh-caps", "+dac_read_search", "--ambient-caps", "+dac_read_search",
)  # fmt: skip


@atexit.register
def _leave_ports() -> None:
    for reserved in _reserved:
        reserved.close()


def free_port() -> int:
    """Return a free loopback port, never the same twice in a process, that no outgoing connection is given."""
    while True:
        port = _random.choice(PORTS)
        if port in _given:
            continue
        # Between this look and the server's start no other test process is given it.
        reserved = socket.socket(socket.AF_UNIX)
        with suppress(OSError):
            reserved.bind(f"\0pantrywatch-test-port-{port}")
            with socket.create_server(("127.0.0.1", port)):
                _given.add(port)
                if len(_reserved) == _reserved.maxlen:
                    _reserved.popleft().close()
                _reserved.append(reserved)
                return port
        reserved.close()


def wait_until(condition: Callable[[], bool], seconds: float, what: str) -> None:
    """Return when the condition holds; AssertionError naming `what` at the deadline, at least a minute ahead."""
    seconds = max(seconds, PATIENCE_SECONDS)
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not within {seconds} s: {what}"
        time.sleep(0.05)


@contextmanager
def process(
    command: Sequence[str],
    log: Path,
    *,
    environment: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    stop_signal: int = signal.SIGTERM,
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a command until the block ends; its output goes to `log`."""
    with log.open("ab") as output:
        child = subprocess.Popen(
            command, stdout=output, stderr=output, env={**os.environ, **(environment or {})}, cwd=cwd
        )
    try:
        yield child
    finally:
        stop(child, stop_signal)


def stop(child: subprocess.Popen[bytes], stop_signal: int = signal.SIGTERM) -> None:
    """Stop a process that this test started; SIGKILL if it does not exit within 10 s."""
    if child.poll() is None:
        child.send_signal(signal.SIGCONT)
        child.send_signal(stop_signal)
        try:
            child.wait(10)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait(10)


@dataclass(frozen=True, slots=True)
class Postgres:
    """A running PostgreSQL; the superuser is `postgres`."""

    port: int
    data: Path
    process: subprocess.Popen[bytes]

    def dsn(self, dbname: str = "postgres", user: str = "postgres", password: str = _PASSWORD_IN_URL) -> str:
        """Return a URL; `password` is already percent-encoded."""
        return f"postgresql://{user}:{password}@127.0.0.1:{self.port}/{dbname}"

    def execute(self, *statements: str, dbname: str = "postgres") -> None:
        """Run statements as superuser, each in its own transaction."""
        with psycopg.connect(self.dsn(dbname), autocommit=True, connect_timeout=5) as connection:
            for statement in statements:
                connection.execute(statement)

    def value(self, query: str, dbname: str = "postgres") -> object:
        """Return the first column of the first row."""
        with psycopg.connect(self.dsn(dbname), autocommit=True, connect_timeout=5) as connection:
            row = connection.execute(query).fetchone()
            assert row is not None
            return row[0]

    def freeze(self) -> None:
        """Stop the postmaster and every backend with SIGSTOP."""
        self._signal_all(signal.SIGSTOP)

    def thaw(self) -> None:
        """Undo `freeze`."""
        self._signal_all(signal.SIGCONT)

    def _signal_all(self, number: int) -> None:
        children = subprocess.run(
            ["ps", "-o", "pid=", "--ppid", str(self.process.pid)], capture_output=True, text=True, check=False
        )
        os.kill(self.process.pid, number)
        for pid in map(int, children.stdout.split()):
            with suppress(ProcessLookupError):  # a backend that has exited
                os.kill(pid, number)


def postgres_bin() -> Path:
    """Return the directory of the newest PostgreSQL from Debian's packages."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda path: float(path.parts[-3]))
    assert found, "PostgreSQL is not installed: apt-get install postgresql"
    return found[-1].parent


@contextmanager
def postgres(
    directory: Path,
    binaries: Path | None = None,
    options: Mapping[str, str] | None = None,
    environment: Mapping[str, str] | None = None,
) -> Iterator[Postgres]:
    """Run a new PostgreSQL with `options` as settings (e.g. {"max_connections": "20"}) until the block ends."""
    binaries = binaries or postgres_bin()
    data, port = directory / "postgres", free_port()
    data.mkdir(parents=True)
    password_file = directory / "superuser-password"
    password_file.write_text(PASSWORD)
    as_postgres: tuple[str, ...] = ()
    if os.geteuid() == 0:
        as_postgres = RUN_AS_POSTGRES
        shutil.chown(data, "postgres", "postgres")
        shutil.chown(password_file, "postgres", "postgres")
    log = directory / "postgres.log"
    with log.open("ab") as output:
        subprocess.run(
            [*as_postgres, str(binaries / "initdb"), "-D", str(data), "-U", "postgres", "-A", "scram-sha-256",
             f"--pwfile={password_file}", "--no-sync", "-E", "UTF8", "--locale=C"],
            check=True, stdout=output, stderr=output, env={**os.environ, **(environment or {})},
        )  # fmt: skip
    settings = {
        "port": str(port),
        "listen_addresses": "127.0.0.1",
        "unix_socket_directories": "",
        "fsync": "off",
        "shared_buffers": "16MB",
        **(options or {}),
    }
    arguments = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
    command = [*as_postgres, str(binaries / "postgres"), "-D", str(data), *arguments]
    with process(command, log, environment=environment, stop_signal=signal.SIGINT) as child:
        server = Postgres(port, data, child)
        wait_until(lambda: _answers(server, log), 30, "PostgreSQL answers")
        yield server


def _answers(server: Postgres, log: Path) -> bool:
    assert server.process.poll() is None, f"PostgreSQL ended:\n{log.read_text()[-2000:]}"
    try:
        psycopg.connect(server.dsn(), connect_timeout=2).close()
    except psycopg.OperationalError:
        return False
    return True


@dataclass(frozen=True, slots=True)
class Redis:
    """A running Redis with a password for the default user."""

    port: int
    process: subprocess.Popen[bytes]

    @property
    def url(self) -> str:
        """Return the URL with the password of the default user."""
        return f"redis://:{_PASSWORD_IN_URL}@127.0.0.1:{self.port}/0"

    def client(self) -> redis.Redis:
        """Return a client of the default user."""
        return redis.Redis.from_url(self.url, socket_timeout=5, socket_connect_timeout=5)


@contextmanager
def redis_server(directory: Path, *options: str, program: str | Path = "redis-server") -> Iterator[Redis]:
    """Run a new Redis with more command-line options (e.g. "--maxmemory", "10mb") until the block ends."""
    directory.mkdir(parents=True, exist_ok=True)
    port, log = free_port(), directory / "redis.log"
    command = [
        str(program), "--port", str(port), "--bind", "127.0.0.1", "--dir", str(directory), "--save", "",
        "--requirepass", PASSWORD, *options,
    ]  # fmt: skip
    with process(command, log) as child:
        server = Redis(port, child)
        wait_until(lambda: _pings(server, log), 30, "Redis answers")
        yield server


def _pings(server: Redis, log: Path) -> bool:
    assert server.process.poll() is None, f"Redis ended:\n{log.read_text()[-2000:]}"
    try:
        with server.client() as client:
            return bool(client.ping())
    except (redis.ConnectionError, redis.TimeoutError):
        return False
