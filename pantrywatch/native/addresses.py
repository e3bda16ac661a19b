"""The address of each component of the native stack: one table, one offset for all of it."""

from __future__ import annotations

import socket
from collections.abc import Collection
from dataclasses import dataclass

import psutil

from exporters.core.errors import ConfigError, ConfigProblem

HOST = "127.0.0.1"

# Components for which the `web` section of the settings turns on TLS.
_SECURED = frozenset(
    {
        "exporters",
        "prometheus",
        "prometheus-b",
        "alertmanager",
        "alertmanager-b",
        "inbox",
        "heartbeat",
        "scheduler",
        "boards",
    }
)

# Deliberately not the usual ports: a server that already runs on 9090 or 5432 is never touched.
_PORTS = {
    "postgres": 19432,
    "redis": 19379,
    "third-party": 19081,
    "crm": 19080,
    "crm-tls": 19083,
    "rum": 19082,
    "exporters": 19100,
    "prometheus": 19090,
    "prometheus-b": 19091,
    "alertmanager": 19093,
    "alertmanager-b": 19097,
    "mesh": 19098,
    "mesh-b": 19099,
    "store": 19428,
    "inbox": 19094,
    "inbox-smtp": 19025,
    "heartbeat": 19095,
    "scheduler": 19096,
    "boards": 19200,
    "grafana": 19300,
    "supervisor": 19001,
}


@dataclass(frozen=True, slots=True)
class Addresses:
    """The ports of one stack; `offset` moves all of them, for a second stack on the same machine.

    `secure`: pantrywatch's own servers use TLS.
    """

    offset: int = 0
    secure: bool = False

    def has(self, component: str) -> bool:
        """Return whether the component has a port."""
        return component in _PORTS

    def port(self, component: str) -> int:
        """Return the component's TCP port on loopback."""
        return _PORTS[component] + self.offset

    def address(self, component: str) -> str:
        """Return `host:port`."""
        return f"{HOST}:{self.port(component)}"

    def url(self, component: str) -> str:
        """Return the component's base URL."""
        scheme = "https" if self.secure and component in _SECURED else "http"
        return f"{scheme}://{self.address(component)}"


def require_free(addresses: Addresses, components: Collection[str]) -> None:
    """Raise ConfigError naming each taken port with the process that holds it."""
    faults = [
        ConfigProblem(
            "addresses", component, f"expected port {addresses.port(component)} to be free, {holder(port)} holds it"
        )
        for component in components
        if _taken(port := addresses.port(component))
    ]
    if faults:
        raise ConfigError(
            [*faults, ConfigProblem("addresses", "all", f"{_free_offset(components)} moves every port of this stack")]
        )


def require_valid_offset(offset: int) -> None:
    """Raise ConfigError for an offset under which some port is not one."""
    lowest, highest = 1 - min(_PORTS.values()), 65535 - max(_PORTS.values())
    if not lowest <= offset <= highest:
        expected = f"expected a number from {lowest} to {highest}, got {offset}"
        raise ConfigError([ConfigProblem("command line", "--port-offset", expected)])


def _free_offset(components: Collection[str]) -> str:
    """Return the option with which all these ports are free."""
    offsets = range(0, 65536 - max(_PORTS.values()), 1000)
    for addresses in map(Addresses, offsets):
        if not any(_taken(addresses.port(component)) for component in components):
            return f"`--port-offset {addresses.offset}`"
    return "`--port-offset N`"


def holder(port: int) -> str:
    """Return name and id of the process that listens on a port, if this user may see it."""
    for connection in psutil.net_connections("tcp"):
        if connection.status == psutil.CONN_LISTEN and connection.laddr[1:] == (port,) and connection.pid:
            try:
                return f"{psutil.Process(connection.pid).name()} (process {connection.pid})"
            except psutil.Error:
                break
    return "another user's process"


def _taken(port: int) -> bool:
    try:
        with socket.create_server((HOST, port)):
            return False
    except OSError:
        return True
