"""TLS for checks: contexts, a handshake with its deadline, and the expiry of the certificates."""

from __future__ import annotations

import contextlib
import socket
import ssl
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

from exporters.core.certificate import not_after
from exporters.core.checks.check import Entry, Observation
from exporters.core.deadline import Deadline
from exporters.core.errors import CollectError, ErrorClass
from exporters.core.server_name import HUNG_UP, server_name
from exporters.synthetic.sockets import connect, time_left

_FIRST_END = "probe_ssl_earliest_cert_expiry"
_CHAIN_END = "probe_ssl_last_chain_expiry_timestamp_seconds"


@cache
def _context(ca_file: Path | None, verify: bool) -> ssl.SSLContext:  # noqa: FBT001 - a cached key takes no keywords
    """Return a context, shared by all checks with the same trust because the system's certificates take megabytes."""
    if not verify:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        return context
    return ssl.create_default_context(cafile=ca_file)


def client_context(entry: Entry, ca_file: str | None, *, verify: bool) -> ssl.SSLContext:
    """Return the context for a check; with `ca_file` only that CA is trusted. Raises ConfigError."""
    path = entry.file("ca_file", ca_file) if ca_file else None
    try:
        return _context(path, verify)
    except (ssl.SSLError, OSError):
        raise entry.error("ca_file", f"expected certificates in PEM form in {path}") from None


def handshake(
    sock: socket.socket, context: ssl.SSLContext, host: str, observation: Observation, deadline: Deadline
) -> ssl.SSLSocket:
    """Return the socket with TLS on it; the plain one is closed on failure.

    Raises CollectError (tls) if the server hangs up, ssl.SSLError or OSError.

    `host` is the host of the address, or the name expected in the certificate. If a certificate is refused, a second
    connection without verification notes its expiry.
    """
    peer, name = sock.getpeername(), server_name(host)
    observation.forget(_FIRST_END, _CHAIN_END)  # from an earlier server: a redirect or a previous step
    try:
        with observation.phase("tls"):
            wrapped = context.wrap_socket(sock, server_hostname=name, do_handshake_on_connect=False)
            try:
                wrapped.settimeout(time_left(deadline))
                wrapped.do_handshake()
            except ConnectionError:
                wrapped.close()
                raise CollectError(ErrorClass.TLS, HUNG_UP) from None
            except BaseException:
                wrapped.close()
                raise
    except ssl.SSLCertVerificationError:
        with contextlib.suppress(OSError):
            _note_refused((str(peer[0]), peer[1]), name, observation, deadline)
        raise
    _note(wrapped, observation)
    return wrapped


def _note_refused(address: tuple[str, int], name: str, observation: Observation, deadline: Deadline) -> None:
    with connect(*address, Observation(), deadline) as plain:
        plain.settimeout(time_left(deadline))
        with _context(None, False).wrap_socket(plain, server_hostname=name) as wrapped:
            _note(wrapped, observation)


def _note(wrapped: ssl.SSLSocket, observation: Observation) -> None:
    observation.set("probe_tls_version_info", 1, (wrapped.version() or "unknown").replace("TLSv1.", "TLS 1."))
    with contextlib.suppress(ValueError):  # a date that cannot be read has no sample
        expiry = min(map(not_after, _chain(wrapped, "get_unverified_chain")))
        observation.set(_FIRST_END, expiry)
        if wrapped.context.verify_mode == ssl.CERT_REQUIRED:
            expiry = min(map(not_after, _chain(wrapped, "get_verified_chain")))
            observation.set(_CHAIN_END, expiry)


def _chain(wrapped: ssl.SSLSocket, method: str) -> Iterable[bytes]:
    """Return the certificates of a chain in DER form: public since Python 3.13, hidden in 3.11 and 3.12."""
    if hasattr(wrapped, method):
        return list(getattr(wrapped, method)())
    inner: Any = wrapped._sslobj  # type: ignore[attr-defined]  # noqa: SLF001 - see above
    der_encoding = 2  # _ssl.ENCODING_DER
    return [certificate.public_bytes(der_encoding) for certificate in getattr(inner, method)()]
