"""The name of a TLS server."""

from __future__ import annotations


def server_name(host: str) -> str:
    """Return the name to ask a server for and to look for in its certificate, from the host that it is reached at.

    RFC 6066 has no final dot in it, and no certificate has one; the zone of an IPv6 address is this machine's own.
    """
    return host.partition("%")[0].removesuffix(".")


def is_server_name(name: str) -> bool:
    """Return whether a name or an address can be asked for."""
    try:
        encoded = name.encode("idna")
    except UnicodeError:
        return False
    return name.isprintable() and not (encoded.startswith((b".", b"-")) or b" " in encoded or not encoded)
