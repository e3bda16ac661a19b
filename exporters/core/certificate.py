"""Reads when a certificate expires from its DER encoding.

The standard library decodes only certificates that it has verified, but an operator needs the expiry most when
verification fails. RFC 5280, section 4.1: Certificate ::= { tbsCertificate { [0] version, serialNumber, signature,
issuer, validity { notBefore, notAfter }, … }, … }.
"""

from __future__ import annotations

from datetime import UTC, datetime

_CONTEXT_0, _UTC_TIME = 0xA0, 0x17


def not_after(der: bytes) -> float:
    """Return the end of validity as a Unix timestamp. Raises ValueError if this is not a certificate."""
    try:
        body = _content(der, _content(der, 0)[0])[0]
        tag = der[body]
        skipped = 4 if tag == _CONTEXT_0 else 3  # version if present, serial number, signature algorithm, issuer
        for _ in range(skipped):
            body = _content(der, body)[1]
        start = _content(der, _content(der, body)[0])[1]
        first, end = _content(der, start)
        return _timestamp(der[start], der[first:end].decode("ascii"))
    except IndexError:
        raise ValueError("truncated certificate") from None


def _content(der: bytes, at: int) -> tuple[int, int]:
    """Return where the content of the element at this offset starts and ends."""
    length, begin = der[at + 1], at + 2
    if length & 0x80:  # long form: the low bits give the number of length bytes
        size = length & 0x7F
        length, begin = int.from_bytes(der[begin : begin + size], "big"), begin + size
    return begin, begin + length


def _timestamp(tag: int, text: str) -> float:
    if tag == _UTC_TIME:  # two-digit year: 50 to 99 are 1950 to 1999
        text = ("19" if text >= "50" else "20") + text
    return datetime.strptime(text, "%Y%m%d%H%M%SZ").replace(tzinfo=UTC).timestamp()
