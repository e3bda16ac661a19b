"""When a certificate ends, read from its DER encoding.

The standard library decodes only certificates it has verified, and the expiry of one that fails verification is what an
operator needs most. RFC 5280, section 4.1: Certificate ::= { tbsCertificate { [0] version, serialNumber, signature,
issuer, validity { notBefore, notAfter }, … }, … }.
"""

from __future__ import annotations

from datetime import UTC, datetime

_CONTEXT_0, _UTC_TIME = 0xA0, 0x17


def not_after(der: bytes) -> float:
    """Return the end of validity as a Unix timestamp. Raises ValueError where this is no certificate."""
    try:
        body = _content(der, _content(der, 0)[0])[0]
        tag = der[body]
        skipped = 4 if tag == _CONTEXT_0 else 3  # version where given, serial number, signature algorithm, issuer
        for _ in range(skipped):
            body = _content(der, body)[1]
        start = _content(der, _content(der, body)[0])[1]
        first, end = _content(der, start)
        return _timestamp(der[start], der[first:end].decode("ascii"))
    except IndexError:
        raise ValueError("a certificate that ends too early") from None


def _content(der: bytes, at: int) -> tuple[int, int]:
    """Return where the content of the element at this place begins and ends."""
    length, begin = der[at + 1], at + 2
    if length & 0x80:  # the long form: the low bits say how many bytes hold the length
        size = length & 0x7F
        length, begin = int.from_bytes(der[begin : begin + size], "big"), begin + size
    return begin, begin + length


def _timestamp(tag: int, text: str) -> float:
    if tag == _UTC_TIME:  # two digits of the year: 50 to 99 are of the last century
        text = ("19" if text >= "50" else "20") + text
    return datetime.strptime(text, "%Y%m%d%H%M%SZ").replace(tzinfo=UTC).timestamp()
