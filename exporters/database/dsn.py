"""The server's address: libpq's connection string, its name resolved where the interpreter can go on meanwhile."""

from __future__ import annotations

import contextlib
import ipaddress
import socket

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from exporters.core.errors import CollectError, ConfigError, ConfigProblem, ErrorClass
from exporters.core.settings import Secret

# What a DSN may override. Keepalives find a link that died while nobody talked on it.
_DEFAULTS = {
    "application_name": "pantrywatch",
    "client_encoding": "UTF8",
    "keepalives_idle": "30",
    "keepalives_interval": "10",
    "keepalives_count": "3",
}


class Address:
    """Where and as whom to connect."""

    def __init__(self, dsn: Secret, entry: str, file: str) -> None:
        """Parse a URL or key=value DSN. Raises ConfigError, without the DSN's text."""
        try:
            self._parameters = _parameters(dsn)
        except psycopg.ProgrammingError:
            expected = "expected a DSN: postgresql://user@host:5432/database or host=… dbname=…"
            raise ConfigError([ConfigProblem(file, entry, expected)]) from None
        self._dsn = dsn

    @property
    def label(self) -> str:
        """Return host:port, the value of postgres_exporter's label `server`."""
        host = self._parameters.get("host") or self._parameters.get("hostaddr") or "localhost"
        return f"{host}:{self._parameters.get('port') or 5432}"

    def connection_string(self, database: str | None = None) -> bytes:
        """Return what libpq connects with, to another database of the server if one is named.

        libpq would resolve the name holding the interpreter's lock: a slow resolver would stop every exporter in the
        process. Raises CollectError with the class dns.
        """
        parameters = dict(self._parameters)
        with contextlib.suppress(psycopg.ProgrammingError):  # its file holds something else by now
            parameters = _parameters(self._dsn)
        if database is not None:
            parameters["dbname"] = database
        if "host" in parameters and "hostaddr" not in parameters:
            parameters |= _resolved(parameters["host"].split(","), parameters.get("port", "5432").split(","))
        return make_conninfo(**parameters).encode()


def _parameters(dsn: Secret) -> dict[str, str]:
    return _DEFAULTS | {key: str(value) for key, value in conninfo_to_dict(dsn.reveal()).items() if value is not None}


def _resolved(hosts: list[str], ports: list[str]) -> dict[str, str]:
    """Return the lists host, hostaddr and port of libpq, one position an address."""
    found: list[tuple[str, str, str]] = []
    failure: CollectError | None = None
    for position, host in enumerate(hosts):
        port = ports[position] if len(ports) > 1 else ports[0]
        try:
            found += [(host, address, port) for address in _addresses(host)]
        except (OSError, UnicodeError) as error:
            failure = CollectError(ErrorClass.DNS, f"the name of the server does not resolve ({type(error).__name__})")
    if failure and not found:
        raise failure
    names, addresses, numbers = zip(*found, strict=True)
    return {"host": ",".join(names), "hostaddr": ",".join(addresses), "port": ",".join(numbers)}


def _addresses(host: str) -> list[str]:
    if not host or host.startswith(("/", "@")):  # a Unix socket
        return [""]
    try:
        return [str(ipaddress.ip_address(host))]
    except ValueError:
        rows = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
        return list(dict.fromkeys(str(row[4][0]) for row in rows))
