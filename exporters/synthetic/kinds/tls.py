"""A TLS handshake: is the certificate good, and until when?"""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from functools import partial
from typing import Literal

from exporters.core.checks.check import CheckSettings, Entry, Observation, Probe, expect, host_and_port
from exporters.core.deadline import Deadline
from exporters.core.server_name import is_server_name
from exporters.synthetic.sockets import connect
from exporters.synthetic.tls import client_context, handshake


@dataclass(frozen=True, slots=True, kw_only=True)
class TlsCheck(CheckSettings):
    """Passes when the certificate is trusted, valid today and for `server_name` (default: the host of the address).

    How many days are left is a metric, `probe_ssl_last_chain_expiry_timestamp_seconds`: warning early is left to the
    alert rules.
    """

    kind: Literal["tls"]
    address: str
    server_name: str | None = None
    ca_file: str | None = None

    def __post_init__(self) -> None:
        CheckSettings.__post_init__(self)
        host_and_port(self.address)
        expect(self.server_name is None or is_server_name(self.server_name), "a host name", self.server_name)


def prepare(settings: TlsCheck, entry: Entry) -> Probe:
    """Return the check, its trust loaded. Raises ConfigError."""
    address = host_and_port(settings.address)
    context = client_context(entry, settings.ca_file, verify=True)
    return partial(_check, address, settings.server_name or address[0], context)


def _check(
    address: tuple[str, int], server_name: str, context: ssl.SSLContext, observation: Observation, deadline: Deadline
) -> None:
    handshake(connect(*address, observation, deadline), context, server_name, observation, deadline).close()
