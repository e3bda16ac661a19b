"""Faults of a real Redis: each is there until its block ends."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager

import redis

from tests.soak.world import ROLE, UP, World
from tests.support import servers


@contextmanager
def stopped(world: World) -> Iterator[None]:
    """Killed; started again at the end."""
    world.redis.process.kill()
    world.redis.process.wait(10)
    yield
    world.restart_redis()


@contextmanager
def frozen(world: World) -> Iterator[None]:
    """Stopped with SIGSTOP."""
    os.kill(world.redis.process.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(world.redis.process.pid, signal.SIGCONT)


@contextmanager
def password_rotated(world: World) -> Iterator[None]:
    """A new password at the server; at the end it is in the exporter's file, and holds without a restart."""
    world.command("ACL", "SETUSER", ROLE, "resetpass", ">new")
    world.end_clients()
    yield
    world.write_secret("cache", "new")
    servers.wait_until(lambda: _is_up(world), 30, "the new password holds")
    world.command("ACL", "SETUSER", ROLE, f">{servers.PASSWORD}")
    world.write_secret("cache")


def _is_up(world: World) -> bool:
    return world.exporter.scrape("/metrics/cache", 10).value(UP["cache"]) == 1


@contextmanager
def user_altered(world: World, change: str, back: str) -> Iterator[None]:
    """The user's rules are altered and its connections end."""
    world.command("ACL", "SETUSER", ROLE, *change.split())
    world.end_clients()
    yield
    world.command("ACL", "SETUSER", ROLE, *back.split())


@contextmanager
def user_dropped(world: World) -> Iterator[None]:
    """The user is gone, and Redis ends its connections itself."""
    world.command("ACL", "DELUSER", ROLE)
    yield
    world.command("ACL", "SETUSER", ROLE, "on", f">{servers.PASSWORD}", "+@all", "~*", "&*")


@contextmanager
def script_busy(world: World) -> Iterator[None]:
    """A script runs and runs: everybody else is answered BUSY."""
    with socket.create_connection(("127.0.0.1", world.redis.port), timeout=5) as client:
        client.sendall(f"AUTH {servers.PASSWORD}\r\nEVAL 'while true do end' 0\r\n".encode())
        servers.wait_until(lambda: _is_busy(world), 10, "the script runs")
        yield
        world.command("SCRIPT", "KILL")


def _is_busy(world: World) -> bool:
    try:
        world.command("DBSIZE")
    except redis.exceptions.RedisError as error:
        return "BUSY" in str(error)
    return False


@contextmanager
def paused(world: World) -> Iterator[None]:
    """All commands of clients wait for 20 s, CLIENT UNPAUSE among them."""
    world.command("CLIENT", "PAUSE", "20000", "ALL")
    yield


@contextmanager
def clients_used_up(world: World) -> Iterator[None]:
    """Others hold every connection that maxclients allows."""
    with contextlib.ExitStack() as held:
        admin = held.enter_context(world.redis.client())
        admin.ping()
        before = admin.config_get("maxclients")["maxclients"]
        held.callback(admin.config_set, "maxclients", before)
        admin.client_kill_filter(user=ROLE)
        admin.config_set("maxclients", "1")
        yield


@contextmanager
def configured(world: World, name: str, value: str) -> Iterator[None]:
    """A setting has another value."""
    with world.redis.client() as client:
        before = client.config_get(name)[name]
        client.config_set(name, value)
    yield
    with world.redis.client() as client:
        client.config_set(name, before)


@contextmanager
def replica_of_nobody_there(world: World) -> Iterator[None]:
    """It follows a primary that does not answer."""
    world.command("REPLICAOF", "127.0.0.1", str(servers.free_port()))
    yield
    world.command("REPLICAOF", "NO", "ONE")
