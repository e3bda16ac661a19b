"""Which pages may send beacons: those of the receiver's own origin, and of the origins that the settings list."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

_DEFAULT_PORTS = {b"http": b":80", b"https": b":443"}


class Origins:
    """Tells the receiver's own origin, and listed ones, from all others."""

    def __init__(self, listed: Iterable[str]) -> None:
        """Take origins such as https://app.example."""
        self._listed = frozenset(_without_default_port(origin.lower().encode()) for origin in listed)

    def may_send(self, headers: Mapping[bytes, bytes], *, proxied: bool) -> bool:
        """Return whether a page may send; `proxied`: a trusted proxy sent the headers, which may say the scheme.

        The own origin has scheme http, or what a proxy says; any where it does not say.
        Browsers name the origin in every POST: as `null` where the page has the policy `no-referrer`, and then they
        say on their own whether it is the same (Sec-Fetch-Site, which no page can set).
        """
        origin = headers.get(b"origin", b"null").lower()
        if origin in self._listed:
            return True
        if origin == b"null":
            return headers.get(b"sec-fetch-site", b"") == b"same-origin"
        scheme, _, own = origin.partition(b"://")
        told = headers.get(b"x-forwarded-proto", b"").lower().strip() if proxied else b"http"
        if scheme not in _DEFAULT_PORTS or (told in _DEFAULT_PORTS and told != scheme):
            return False
        return bool(own) and own == headers.get(b"host", b"").lower().removesuffix(_DEFAULT_PORTS[scheme])

    def other(self, headers: Mapping[bytes, bytes]) -> bytes:
        """Return the listed origin that the page has, to be named in the answer, or nothing."""
        origin = headers.get(b"origin", b"").lower() if self._listed else b""
        return origin if origin in self._listed else b""


def _without_default_port(origin: bytes) -> bytes:
    return origin.removesuffix(_DEFAULT_PORTS.get(origin.partition(b"://")[0], b""))
