"""HTTP URLs: validation, same origin, and the target of a redirect."""

from __future__ import annotations

import ipaddress
import re
from contextlib import suppress
from urllib.parse import SplitResult, quote, unquote, urljoin, urlsplit

_UNSAFE = re.compile(r"[^\x21-\x7e]")
_PORTS = {"http": 80, "https": 443}


def parse_url(url: str) -> SplitResult:
    """Return the parts of a URL, its host in ASCII. Raises ValueError, whose text does not show the URL."""
    # The query may contain a token.
    error = ValueError("expected an address like https://host/path, without credentials")
    try:
        parts = _with_ascii_host(urlsplit(url))
        usable = parts.scheme in _PORTS and parts.hostname and "@" not in parts.netloc and parts.port != 0
    except ValueError:
        raise error from None
    # urlsplit drops line ends and tabs, so the original text is checked as well.
    if not usable or _UNSAFE.search(parts.geturl()) or re.search(r"[\x00-\x20\x7f]", url):
        raise error
    return parts


def host_of(url: SplitResult) -> str:
    """Return the host to connect to, in lower case, with its final dot if it has one."""
    return unquote(url.hostname or "")  # the zone of an IPv6 address is written as %25eth0


def port_of(url: SplitResult) -> int:
    """Return the port, or the scheme's default."""
    return url.port or _PORTS[url.scheme]


def host_header(url: SplitResult) -> str:
    """Return the value of the header Host: host and port as written, without the zone of an IPv6 address."""
    return re.sub(r"%[^\]]*\]", "]", url.netloc)


def same_origin(one: SplitResult, other: SplitResult) -> bool:
    """Return whether two URLs have the same scheme, host and port, regardless of how these are written."""
    return _origin(one) == _origin(other)


def redirect_target(url: SplitResult, location: str) -> SplitResult:
    """Return where a Location, read as Latin-1, leads from a URL. Raises ValueError."""
    target = urlsplit(urljoin(url.geturl(), location.strip(" \t")))
    # Non-ASCII bytes in a header are UTF-8 today: a host is decoded as such, the rest keeps its bytes.
    target = _with_ascii_host(target._replace(netloc=target.netloc.encode("latin-1").decode()))
    return parse_url(_UNSAFE.sub(lambda match: quote(match[0].encode("latin-1")), target.geturl()))


def plain_host(host: str) -> str:
    """Return a host spelled in one way: in lower case and ASCII, without a final dot, IPv6 in its short form.

    Raises ValueError: it is not a name.
    """
    host = host.lower().removesuffix(".")
    with suppress(ValueError):  # a host name
        return str(ipaddress.ip_address(host))  # IPv6 addresses have many spellings
    return host if host.isascii() else host.encode("idna").decode("ascii")


def _origin(url: SplitResult) -> tuple[str, str, int]:
    return url.scheme, plain_host(host_of(url)), port_of(url)


def _with_ascii_host(url: SplitResult) -> SplitResult:
    """Return the URL with its host as DNS has it: IDNA, as the standard library resolves it. Raises ValueError."""
    if url.netloc.isascii():
        return url
    host, colon, port = url.netloc.partition(":")
    return url._replace(netloc=host.encode("idna").decode("ascii") + colon + port)
