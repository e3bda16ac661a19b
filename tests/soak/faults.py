"""The table of faults: what happens to which server, and what the exporter says of it meanwhile."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from tests.soak import cache_faults, database_faults
from tests.soak.database_faults import role_altered, rules
from tests.soak.proxy import HEALTHY, MODES
from tests.soak.world import ROLE, UP, Apply, World

DATABASE, CACHE, BOTH = ("database",), ("cache",), ("database", "cache")


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault at one server or both; `up` is what the page says of it meanwhile, None where both are right.

    `says` is the class of error of some collector, where only one is right.
    """

    name: str
    at: tuple[str, ...]
    up: int | None
    apply: Apply
    says: str | None = None


def _on_the_wire(name: str, *, drop: bool = True) -> Apply:
    """Spoil the connections to both servers; unless `drop`, those that are open go on and are spoiled in the middle."""

    @contextmanager
    def applied(world: World) -> Iterator[None]:
        for proxy in world.proxies.values():
            proxy.switch(MODES[name], drop=drop)
        try:
            yield
        finally:
            for proxy in world.proxies.values():
                proxy.switch(HEALTHY)

    return applied


@contextmanager
def _unknown_host(world: World) -> Iterator[None]:
    for side in UP:
        world.write_secret(side, host="no-such-host.invalid")
    for proxy in world.proxies.values():
        proxy.switch(HEALTHY)  # ends what is open
    yield
    for side in UP:
        world.write_secret(side)


@contextmanager
def _secret_file(world: World, text: str | None) -> Iterator[None]:
    """The files with the addresses are gone, or hold this, when a new connection is needed."""
    for side in UP:
        file = world.secret_file(side)
        file.unlink() if text is None else file.write_text(text)
    for proxy in world.proxies.values():
        proxy.switch(HEALTHY)
    yield
    for side in UP:
        world.write_secret(side)


def _role(change: str, back: str) -> Apply:
    return lambda world: role_altered(world, change, back)


def _user(change: str, back: str) -> Apply:
    return lambda world: cache_faults.user_altered(world, change, back)


def _setting(name: str, value: str) -> Apply:
    return lambda world: cache_faults.configured(world, name, value)


def _rules(first: str) -> Apply:
    return lambda world: rules(world, first)


_SAYS = {"refused": "refused", "one-way": "timeout", "endless reply": "protocol", "oversized reply": "protocol"}
FAULTS = (
    # On the wire.
    *(Fault(name, BOTH, None if name == "late" else 0, _on_the_wire(name), _SAYS.get(name)) for name in MODES),
    Fault("half-open in mid-session", BOTH, 0, _on_the_wire("half-open", drop=False)),
    Fault("garbage in mid-session", BOTH, 0, _on_the_wire("garbage", drop=False)),
    # The address and its file.
    Fault("name that does not resolve", BOTH, 0, _unknown_host, "dns"),
    Fault("secret file gone", BOTH, None, lambda world: _secret_file(world, None)),
    Fault("secret file empty", BOTH, None, lambda world: _secret_file(world, "")),
    # PostgreSQL.
    Fault("PostgreSQL stopped", DATABASE, 0, database_faults.stopped),
    Fault("PostgreSQL frozen", DATABASE, 0, database_faults.frozen),
    Fault("PostgreSQL crashed", DATABASE, None, database_faults.crashed),
    Fault("PostgreSQL password rotated", DATABASE, 0, database_faults.password_rotated, "auth"),
    Fault("role may not log in", DATABASE, 0, _role("NOLOGIN", "LOGIN")),
    Fault("role without connections", DATABASE, 0, _role("CONNECTION LIMIT 0", "CONNECTION LIMIT 5"), "exhausted"),
    Fault("role with a statement timeout of 1 ms", DATABASE, None,
          _role("SET statement_timeout = '1ms'", "SET statement_timeout = '30s'")),
    Fault("role with an idle timeout of 10 ms", DATABASE, None,
          _role("SET idle_session_timeout = '10ms'", "RESET idle_session_timeout")),
    Fault("role that may write", DATABASE, 1,
          _role("SET default_transaction_read_only = off", "SET default_transaction_read_only = on")),
    Fault("role with formats of its own", DATABASE, 1,
          _role("SET DateStyle = 'SQL, DMY'", "RESET DateStyle")),
    Fault("role dropped", DATABASE, 0, database_faults.role_dropped, "auth"),
    Fault("privileges revoked", DATABASE, 1, database_faults.privileges_revoked),
    Fault("extension dropped", DATABASE, 1, database_faults.extension_dropped),
    Fault("database dropped", DATABASE, 0, database_faults.database_dropped),
    Fault("another database dropped", DATABASE, 1, database_faults.other_database_dropped),
    Fault("database without connections", DATABASE, 0, database_faults.connections_closed),
    Fault("connections used up", DATABASE, 0, database_faults.connections_used_up, "exhausted"),
    Fault("catalog locked", DATABASE, None, database_faults.catalog_locked),
    Fault("TLS required", DATABASE, 0, _rules(f"hostssl all {ROLE} all scram-sha-256\nhost all {ROLE} all reject")),
    Fault("rejected by pg_hba.conf", DATABASE, 0, _rules(f"host all {ROLE} all reject")),
    # Redis.
    Fault("Redis killed", CACHE, 0, cache_faults.stopped),
    Fault("Redis frozen", CACHE, 0, cache_faults.frozen),
    Fault("Redis paused", CACHE, 0, cache_faults.paused),
    Fault("Redis password rotated", CACHE, 0, cache_faults.password_rotated, "auth"),
    Fault("user off", CACHE, 0, _user("off", "on")),
    Fault("user without commands", CACHE, 0, _user("-@all", "+@all")),
    Fault("user with INFO alone", CACHE, 1, _user("-@all +info +ping", "+@all")),
    Fault("user dropped", CACHE, 0, cache_faults.user_dropped),
    Fault("script busy", CACHE, 0, cache_faults.script_busy),
    Fault("maxclients reached", CACHE, 0, cache_faults.clients_used_up, "exhausted"),
    Fault("maxmemory reached", CACHE, 1, _setting("maxmemory", "1")),
    Fault("idle clients closed after a second", CACHE, 1, _setting("timeout", "1")),
    Fault("replica of a primary that is not there", CACHE, 1, cache_faults.replica_of_nobody_there),
)  # fmt: skip
