"""The body of an HTTP answer: decoded, and as text."""

from __future__ import annotations

import codecs
import re
import zlib
from collections.abc import Sequence
from dataclasses import dataclass

from exporters.core.errors import CollectError, ErrorClass
from exporters.synthetic.http_answer import MAXIMUM_BODY_BYTES

_MAXIMUM_CODINGS = 5  # nested, as in curl
_PIECE_BYTES = 16 * 1024  # a decoder's input at a time, so that its unused rest is cheap to copy
_GZIP, _ZLIB, _RAW = 31, 15, -15  # zlib's numbers for the formats
_FORMATS = {"gzip": (_GZIP,), "x-gzip": (_GZIP,), "deflate": (_ZLIB, _RAW)}  # deflate: servers send both
_KNOWN = frozenset({"br", "zstd", "compress", "x-compress", "dcb", "dcz"})
_CHARSET = re.compile(r";\s*charset\s*=\s*\"?([A-Za-z0-9:_.-]{1,40})", re.IGNORECASE)
# Python has more codecs, but some are not for text, and some are not linear.
_TEXT = re.compile(
    r"utf-?8|utf-?(16|32)(-?[bl]e)?|(us-)?ascii|latin-?\d{1,2}|iso-?8859-\d{1,2}|(windows-|cp)\d{3,4}|koi8-[ru]|gbk|gb2312|gb18030"
    r"|big5(-hkscs)?|shift[_-]jis|euc-(jp|kr)|iso-2022-jp|tis-620",
    re.IGNORECASE,
)
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # starts like UTF-16
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


class UnknownCodingError(CollectError):
    """A body in a content coding that is not decoded here, although other clients may."""


@dataclass(frozen=True, slots=True)
class Body:
    """The body as sent, cut after 1 MiB (`complete` is false then); `codings` in the order they were applied."""

    sent: bytes
    complete: bool
    codings: Sequence[str]
    content_type: str

    def content(self) -> bytes:
        """Return the decoded body, cut after 1 MiB. Raises CollectError, of which UnknownCodingError is one."""
        content, complete = self.sent, self.complete
        codings = [coding for coding in self.codings if coding != "identity"]
        if not _KNOWN.union(_FORMATS).issuperset(codings):
            return content  # as in browsers: `utf-8`, `none` or `aws-chunked` is a mistake in the header
        if len(codings) > _MAXIMUM_CODINGS:
            raise CollectError(ErrorClass.PROTOCOL, f"the body has more than {_MAXIMUM_CODINGS} content codings")
        for coding in reversed(codings):
            if content:  # an empty body stays empty, whatever the header says
                content, complete = _decoded(content, coding, complete=complete)
        return content


def text_of(content: bytes, content_type: str, errors: str = "replace") -> str:
    """Return the text: by its byte order mark, by the charset of the Content-Type, else as UTF-8."""
    for mark, encoding in _MARKS:
        if content.startswith(mark):
            return content[len(mark) :].decode(encoding, errors)
    return content.decode(_charset(content_type), errors)


def _charset(content_type: str) -> str:
    match = _CHARSET.search(content_type)
    if not match or not _TEXT.fullmatch(match[1]):
        return "utf-8"
    try:
        name = codecs.lookup(match[1]).name
    except LookupError:
        return "utf-8"
    # As in browsers: the first two are read as Windows-1252, which extends them; UTF-16 is little-endian.
    return {"iso8859-1": "cp1252", "ascii": "cp1252", "utf-16": "utf-16-le", "utf-32": "utf-32-le"}.get(name, name)


def _decoded(content: bytes, coding: str, *, complete: bool) -> tuple[bytes, bool]:
    formats = _FORMATS.get(coding)
    if formats is None:
        text = f"the body has the content coding {coding}, which cannot be decoded here"
        raise UnknownCodingError(ErrorClass.PROTOCOL, text)
    for number in formats:
        try:
            decoded, ended = _inflated(content, number)
        except zlib.error:
            continue
        if complete and not ended and len(decoded) < MAXIMUM_BODY_BYTES:
            raise CollectError(ErrorClass.PROTOCOL, f"the body ends before its {coding} data does")
        return decoded, ended and complete
    raise CollectError(ErrorClass.PROTOCOL, f"the body is not {coding}, though Content-Encoding says so")


def _inflated(content: bytes, number: int) -> tuple[bytes, bool]:
    """Return the content up to the maximum, and whether its end was reached. Raises zlib.error.

    Gzip may have several members; other bytes after the last one are ignored, as browsers do.
    """
    result, stream, ended = bytearray(), zlib.decompressobj(number), False
    for start in range(0, len(content), _PIECE_BYTES):
        piece = content[start : start + _PIECE_BYTES]
        while piece:
            if len(result) >= MAXIMUM_BODY_BYTES:
                return bytes(result), False
            if ended:
                if number != _GZIP or not piece.startswith(b"\x1f"):
                    return bytes(result), True
                stream, ended = zlib.decompressobj(number), False
            result += stream.decompress(piece, MAXIMUM_BODY_BYTES - len(result))
            ended = stream.eof
            piece = stream.unused_data if ended else stream.unconsumed_tail
    return bytes(result), ended
