"""HTTP addresses: validation, same origin, and the target of a redirect."""

from __future__ import annotations

import ipaddress
import re
from contextlib import suppress
from urllib.parse import SplitResult, quote, unquote, urljoin, urlsplit

_UNSAFE = re.compile(r"[^\x21-\x7e]")
_PORTS = {"http": 80, "https": 443}


def parse_url(url: str) -> SplitResult:
    """Return the parts of an address, its host in ASCII. Raises ValueError, whose text does not show the address."""
    # The query may hold a token.
    error = ValueError("expected an address like https://host/path, without credentials")
    try:
        parts = _with_ascii_host(urlsplit(url))
        usable = parts.scheme in _PORTS and parts.hostname and "@" not in parts.netloc and parts.port != 0
    except ValueError:
        raise error from None
    # urlsplit drops line ends and tabs, so the original text is checked too.
    if not usable or _UNSAFE.search(parts.geturl()) or re.search(r"[\x00-\x20\x7f]", url):
        raise error
    return parts


def host_of(url: SplitResult) -> str:
    """Return the host to connect to, in small letters, with its final dot if it has one."""
    return unquote(url.hostname or "")  # the zone of an IPv6 address is written as %25eth0


def port_of(url: SplitResult) -> int:
    """Return the port, the scheme's own where none is written."""
    return url.port or _PORTS[url.scheme]


def host_header(url: SplitResult) -> str:
    """Return the value of the header Host: host and port as they are written, but for the zone of an IPv6 address."""
    return re.sub(r"%[^\]]*\]", "]", url.netloc)


def same_origin(one: SplitResult, other: SplitResult) -> bool:
    """Return whether two addresses have the same scheme, host and port, however these are written."""
    return _origin(one) == _origin(other)


def redirect_target(url: SplitResult, location: str) -> SplitResult:
    """Return where a Location, read as Latin-1, leads from an address. Raises ValueError."""
    target = urlsplit(urljoin(url.geturl(), location.strip(" \t")))
    # What is not ASCII in a header is UTF-8 today: a host is read as such, the rest keeps its bytes.
    target = _with_ascii_host(target._replace(netloc=target.netloc.encode("latin-1").decode()))
    return parse_url(_UNSAFE.sub(lambda match: quote(match[0].encode("latin-1")), target.geturl()))


def _origin(url: SplitResult) -> tuple[str, str, int]:
    host = host_of(url).removesuffix(".")
    with suppress(ValueError):  # a name
        host = str(ipaddress.ip_address(host))  # IPv6 can be written in many ways
    return url.scheme, host, port_of(url)


def _with_ascii_host(url: SplitResult) -> SplitResult:
    """Return the address with its host as DNS has it: IDNA, as the standard library resolves it. Raises ValueError."""
    if url.netloc.isascii():
        return url
    host, colon, port = url.netloc.partition(":")
    return url._replace(netloc=host.encode("idna").decode("ascii") + colon + port)
