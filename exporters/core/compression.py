"""gzip for clients that accept it.

Measured on a host's page of 44 kB: level 1 takes 0.29 ms, Prometheus 0.12 ms to undo it, and 8 kB go over the network;
level 6 takes 0.97 ms for 7 kB. A scrape of that page takes 7 ms: worth it wherever there is a network in between.
"""

from __future__ import annotations

import gzip
from collections.abc import Sequence

_LEVEL = 1
_WORTH_BYTES = 1024  # less fits into one packet anyway


def compressed(body: bytes, headers: Sequence[tuple[bytes, bytes]]) -> bytes | None:
    """Return the body for a client that accepts gzip and gains from it, None for one that is to have it as it is."""
    if len(body) < _WORTH_BYTES or not _accepts_gzip(headers):
        return None
    return gzip.compress(body, _LEVEL, mtime=0)


def _accepts_gzip(headers: Sequence[tuple[bytes, bytes]]) -> bool:
    """Return whether Accept-Encoding names gzip, or all there are, with a weight above 0 (RFC 9110, 12.5.3)."""
    text = b",".join(value for name, value in headers if name == b"accept-encoding").decode("latin-1").lower()
    weights: dict[str, float] = {}
    for part in text.split(","):
        coding, _, parameter = part.partition(";")
        weights[coding.strip()] = _weight(parameter)
    return weights.get("gzip", weights.get("x-gzip", weights.get("*", 0.0))) > 0


def _weight(parameter: str) -> float:
    name, _, value = parameter.partition("=")
    if name.strip() != "q":
        return 1.0
    try:
        return float(value)
    except ValueError:
        return 0.0
