"""A TLS handshake: is the certificate valid, and until when?"""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Literal

from exporters.core.checks.check import Entry, Observation, Probe
from exporters.core.deadline import Deadline
from exporters.core.field_checks import expect, expect_address, host_and_port, optional
from exporters.core.server_name import is_server_name
from exporters.synthetic.dependency import ConnectingCheck
from exporters.synthetic.sockets import connect
from exporters.synthetic.tls import client_context, handshake


def _expect_server_name(name: str) -> None:
    expect(is_server_name(name), "a host name", name)


@dataclass(frozen=True, slots=True, kw_only=True)
class TlsCheck(ConnectingCheck):
    """Passes if the certificate is trusted, currently valid, and for `server_name` (default: the host of the address).

    The remaining time is a metric, `probe_ssl_last_chain_expiry_timestamp_seconds`: early warning is left to the alert
    rules.
    """

    kind: Annotated[Literal["tls"], "The certificate of a server."]
    address: Annotated[str, "`host:port` to connect to.", expect_address]
    server_name: Annotated[
        str | None,
        "The expected name in the certificate; default: the host of `address`.",
        optional(_expect_server_name),
    ] = None
    ca_file: Annotated[str | None, "The CA that signed the certificate (PEM); default: the system's CAs."] = None


def prepare(settings: TlsCheck, entry: Entry) -> Probe:
    """Return the check, with its CAs loaded. Raises ConfigError."""
    address = host_and_port(settings.address)
    context = client_context(entry, settings.ca_file, verify=True)
    return partial(_check, address, settings.server_name or address[0], context)


def _check(
    address: tuple[str, int], server_name: str, context: ssl.SSLContext, observation: Observation, deadline: Deadline
) -> None:
    handshake(connect(*address, observation, deadline), context, server_name, observation, deadline).close()
