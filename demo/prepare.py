"""`python -m demo.prepare`: what the demo's PostgreSQL and Redis need before `./run up` starts them."""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
from pathlib import Path
from urllib.parse import quote

from exporters.core.errors import ConfigError, ConfigProblem
from exporters.core.exit_codes import run_command
from pantrywatch.native.addresses import Addresses
from pantrywatch.native.state_dir import State, as_postgres


def main() -> int:
    """Prepare; returns the exit code: 0, or 2 after naming what is wrong."""
    parser = argparse.ArgumentParser(prog="python -m demo.prepare", description=__doc__)
    parser.add_argument("--state", type=Path, required=True, metavar="DIR")
    parser.add_argument("--port-offset", type=int, default=0, metavar="N")
    parser.add_argument("--postgres-bin", type=Path, required=True, metavar="DIR")
    options = parser.parse_args()

    def action() -> int:
        prepare_demo(State(options.state), Addresses(options.port_offset), options.postgres_bin)
        return 0

    return run_command(action)


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
        f'bind 127.0.0.1\nport {redis_port}\nrequirepass {redis_password}\ndir "{state.file("redis")}"\n'
        f'pidfile "{state.file("redis")}/redis.pid"\n'
        "maxmemory 64mb\nmaxmemory-policy allkeys-lfu\nsave 300 1\nlatency-monitor-threshold 100\n",
    )
    if not state.file("postgres/PG_VERSION").exists():
        _initialise_postgres(state, postgres_bin)


def _initialise_postgres(state: State, postgres_bin: Path) -> None:
    """Make the data directory elsewhere and rename it once it is whole: what has the name is never half of one."""
    data, part = state.file("postgres"), state.file("postgres.initdb")
    if data.exists() and any(data.iterdir()):
        expected = "expected PostgreSQL's data, its file PG_VERSION is missing: restore it, or move the folder away"
        raise ConfigError([ConfigProblem(str(data), "data directory", expected)])
    if part.exists():
        shutil.rmtree(part)  # what an interrupted first start left
    part.mkdir(mode=0o700)
    if os.geteuid() == 0:
        shutil.chown(part, "postgres", "postgres")
    command = [
        *as_postgres(), str(postgres_bin / "initdb"), "-D", str(part), "-U", "postgres", "-A", "scram-sha-256",
        "-E", "UTF8", "--locale=C.UTF-8", "--pwfile=/dev/stdin",
    ]  # fmt: skip
    password = state.secret("postgres_password") + "\n"
    done = subprocess.run(command, input=password, capture_output=True, text=True, check=False)
    if done.returncode:
        last = (done.stderr or done.stdout).strip().splitlines()[-1:]
        problem = ConfigProblem(str(data), "initdb", f"expected PostgreSQL's initdb to work: {' '.join(last)}")
        raise ConfigError([problem])
    part.rename(data)


if __name__ == "__main__":
    sys.exit(main())
