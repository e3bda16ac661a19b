"""Names of TLS servers."""

from __future__ import annotations

HUNG_UP = "the server hung up on the TLS handshake"


def server_name(host: str) -> str:
    """Return the name for SNI and for verifying the certificate, from the host that the server is reached at.

    RFC 6066 allows no final dot, and certificates have none; the zone of an IPv6 address is only meaningful locally.
    """
    return host.partition("%")[0].removesuffix(".")


def is_server_name(name: str) -> bool:
    """Return whether a name or an address can be sent as SNI or verified."""
    try:
        encoded = name.encode("idna")
    except UnicodeError:
        return False
    return name.isprintable() and not (encoded.startswith((b".", b"-")) or b" " in encoded or not encoded)
