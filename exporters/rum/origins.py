"""Which pages may send beacons: those of the receiver's own origin, and of the origins that the settings list."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from exporters.rum.remembered import Remembered

_DEFAULT_PORTS = {b"http": b":80", b"https": b":443"}


class Origins:
    """Tells the receiver's own origin, and listed ones, from all others."""

    def __init__(self, listed: Iterable[str]) -> None:
        """Take origins such as https://app.example."""
        self._listed = frozenset(_without_default_port(origin.lower().encode()) for origin in listed)
        self._decided: Remembered[bool] = Remembered()

    def may_send(self, headers: Mapping[bytes, bytes], *, proxied: bool) -> bool:
        """Return whether a page may send; `proxied`: a trusted proxy sent the headers, which may say the scheme.

        The own origin has scheme http, or what a proxy says; any where it does not say.
        Browsers name the origin in every POST: as `null` where the page has the policy `no-referrer`, and then they
        say on their own whether it is the same (Sec-Fetch-Site, which no page can set).
        """
        given = headers.get
        scheme = given(b"x-forwarded-proto", b"") if proxied else b"http"
        asked = given(b"origin", b"null"), given(b"host", b""), given(b"sec-fetch-site", b""), scheme
        key = hash(asked)
        decided = self._decided.get(key)
        return self._decided.keep(key, self._decide(*asked)) if decided is None else decided

    def _decide(self, origin: bytes, host: bytes, site: bytes, own_scheme: bytes) -> bool:
        origin, own_scheme = origin.lower(), own_scheme.lower().strip()
        if origin in self._listed:
            return True
        if origin == b"null":
            return site == b"same-origin"
        scheme, _, own = origin.partition(b"://")
        if scheme not in _DEFAULT_PORTS or (own_scheme in _DEFAULT_PORTS and own_scheme != scheme):
            return False
        return bool(own) and own == host.lower().removesuffix(_DEFAULT_PORTS[scheme])

    def other(self, headers: Mapping[bytes, bytes]) -> bytes:
        """Return the listed origin that the page has, to be named in the answer, or nothing."""
        if not self._listed:
            return b""
        origin = headers.get(b"origin", b"").lower()
        return origin if origin in self._listed else b""


def _without_default_port(origin: bytes) -> bytes:
    return origin.removesuffix(_DEFAULT_PORTS.get(origin.partition(b"://")[0], b""))
