"""Where to connect, and as which user: libpq's connection string, split into one per address.

libpq would resolve names while holding the interpreter lock, so a slow resolver would block every exporter in the
process; and its non-blocking calls never give up on an address that does not answer.
"""

from __future__ import annotations

import contextlib
import ipaddress
import random
import socket
import time
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import psycopg
from psycopg import pq
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from exporters.core.errors import CollectError, ConfigError, ConfigProblem, ErrorClass
from exporters.core.settings import Secret

# Defaults that a DSN may override. Keepalives detect a link that died while idle.
_DEFAULTS = {
    "application_name": "pantrywatch",
    "client_encoding": "UTF8",
    "keepalives_idle": "30",
    "keepalives_interval": "10",
    "keepalives_count": "3",
}
_SILENT_SECONDS = 60.0  # an address that did not answer is tried last for this long


class Endpoint(NamedTuple):
    """One address of a server, as libpq's host, hostaddr and port; all empty for libpq's own default."""

    host: str = ""
    address: str = ""
    port: str = ""

    def parameters(self) -> dict[str, str]:
        """Return the parameters in a connection string.

        libpq only verifies the host and sends it as SNI: for both the final dot is not part of the name.
        """
        host = self.host.removesuffix(".") if self.address else self.host
        return {"host": host, "hostaddr": self.address, "port": self.port} if self.port else {}


class Dsn:
    """A URL or key=value DSN; read again for each connection, so that a changed secret file needs no restart."""

    def __init__(self, dsn: Secret, entry: str, file: str, application_name: str = "pantrywatch") -> None:
        """Parse the DSN. Raises ConfigError, which never contains the DSN."""
        self._defaults = {**_DEFAULTS, "application_name": application_name}
        self._dsn = dsn
        try:
            self._parameters = self._parse()
        except psycopg.ProgrammingError:
            expected = "expected a DSN: postgresql://user@host:5432/database or host=… dbname=…"
            raise ConfigError([ConfigProblem(file, entry, expected)]) from None
        self._silent: dict[Endpoint, float] = {}

    @property
    def label(self) -> str:
        """Return host:port, the value of postgres_exporter's label `server`."""
        host = self._parameters.get("host") or self._parameters.get("hostaddr") or "localhost"
        return f"{host}:{self._parameters.get('port') or 5432}"

    def connection_strings(self, database: bytes | None = None) -> list[tuple[Endpoint, bytes]]:
        """Return the addresses in the order to try, each with its libpq parameters.

        `database` replaces that of the DSN. Raises CollectError (dns) if no name resolves.
        """
        parameters = dict(self._parameters)
        with contextlib.suppress(psycopg.ProgrammingError):  # its file has changed and is no longer a DSN
            parameters = self._parse()
        told = parameters if "host" in parameters or "hostaddr" in parameters else _with_service(parameters)
        endpoints = self._ordered(_endpoints(told), told)
        suffix = b" dbname='" + _escaped(database) + b"'" if database is not None else b""
        return [
            (endpoint, make_conninfo(**parameters | endpoint.parameters() | attributes).encode() + suffix)
            for attributes in _passes(told.get("target_session_attrs", ""))
            for endpoint in endpoints
        ]

    def note_silent(self, endpoint: Endpoint) -> None:
        """Remember that an address did not answer."""
        self._silent[endpoint] = time.monotonic() + _SILENT_SECONDS

    def _ordered(self, endpoints: list[Endpoint], parameters: dict[str, str]) -> list[Endpoint]:
        if parameters.get("load_balance_hosts") == "random":
            random.shuffle(endpoints)
        now = time.monotonic()
        return sorted(endpoints, key=lambda endpoint: self._silent.get(endpoint, 0.0) > now)

    def _parse(self) -> dict[str, str]:
        given = conninfo_to_dict(self._dsn.reveal()).items()
        return self._defaults | {key: str(value) for key, value in given if value is not None}


def _with_service(parameters: dict[str, str]) -> dict[str, str]:
    """Return the parameters, including those that libpq takes from a service file or from the environment.

    libpq reports them for a connection that has started. One with an invalid sslmode fails before it asks the network
    or a resolver for anything.
    """
    begun = pq.PGconn.connect_start(make_conninfo(**parameters | {"sslmode": "unknown"}).encode())
    try:
        found = {option.keyword.decode(): option.val.decode() for option in begun.info if option.val}
    finally:
        begun.finish()
    return {**found, **parameters}


def _passes(attributes: str) -> list[dict[str, str]]:
    """Return what to ask of a server, in turn: `prefer-standby` means any, once no standby was found."""
    if attributes == "prefer-standby":
        return [{"target_session_attrs": "standby"}, {"target_session_attrs": "any"}]
    return [{}]


def _endpoints(parameters: dict[str, str]) -> list[Endpoint]:
    """Return one endpoint per address. Raises CollectError (dns) if no name resolves."""
    hosts, given = parameters.get("host", "").split(","), parameters.get("hostaddr", "").split(",")
    ports = parameters.get("port", "5432").split(",")
    count = max(len(hosts), len(given))
    if not any(hosts) and not any(given):
        return [Endpoint()]  # libpq's default: a Unix socket
    if any(len(values) not in {1, count} for values in (hosts, given, ports)):
        return [Endpoint()]  # libpq reports what is wrong with it
    rows = zip(_repeated(hosts, count), _repeated(given, count), _repeated(ports, count), strict=True)
    found: list[Endpoint] = []
    failure: CollectError | None = None
    for host, address, port in rows:
        try:
            addresses = [address] if address else list(_addresses(host))
            found += [Endpoint(host, resolved, port or "5432") for resolved in addresses]
        except (OSError, UnicodeError) as error:
            failure = CollectError(ErrorClass.DNS, f"the name of the server does not resolve ({type(error).__name__})")
    if failure and not found:
        raise failure
    return found


def _repeated(values: Sequence[str], count: int) -> list[str]:
    return [*values] if len(values) == count else [*values] * count


def _addresses(host: str) -> Iterator[str]:
    if not host or host.startswith(("/", "@")):  # a Unix socket
        yield ""
        return
    try:
        yield str(ipaddress.ip_address(host))
    except ValueError:
        rows = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
        yield from dict.fromkeys(str(row[4][0]) for row in rows)


def _escaped(value: bytes) -> bytes:
    return value.replace(b"\\", b"\\\\").replace(b"'", b"\\'")
