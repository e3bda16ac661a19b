"""The parts of a mail, found in one pass per level and within bounds for any input.

Python's email package compares each line with the boundaries of all parts around it, and some of its header
parsers are quadratic. Here a header is cut before it is parsed, and a part is found by its own boundary alone.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from email.errors import MessageError
from email.header import decode_header
from email.message import Message
from email.parser import BytesHeaderParser
from email.policy import compat32

from pantrywatch.inbox.charsets import decoded

_MOST_HEADER_BYTES = 64 * 1024
_MOST_SUBJECT_LENGTH = 4000
_MOST_VALUE_LENGTH = 1000  # of every other header
_MOST_PARTS = 200
_DEEPEST = 10
_END_OF_HEADER = re.compile(rb"^\r?\n", re.MULTILINE)
_WORD = r"=\?[^?\s]*\?[bq]\?[^?]*\?="
_WORDS = re.compile(rf"{_WORD}(?:\s*{_WORD})*", re.IGNORECASE)
_FOLD = re.compile(r"[\r\n]+[ \t]*")
_FIRST_HEADER = re.compile(rb"[!-9;-~]{1,100}:")
_NOT_BASE64 = bytes(set(range(256)) - set(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/="))


@dataclass(frozen=True, slots=True)
class Part:
    """A part or a whole mail: its headers, and the position of its body in `source`."""

    source: bytes
    headers: Mapping[str, str]
    start: int
    end: int
    default_type: str = "text/plain"

    @property
    def content_type(self) -> str:
        """Return the type; without a header, that of parts of such a whole."""
        return self._message("content-type").get_content_type()

    @property
    def attached(self) -> bool:
        """Return whether it is an attachment."""
        return self._message("content-disposition").get_content_disposition() == "attachment"

    def boundary(self) -> bytes:
        """Return the boundary of a multipart, or an empty one."""
        found = self._parameter("boundary")
        return found.encode("utf-8", "replace")

    def text(self, most_bytes: int) -> str:
        """Return the body as text, cut after that many bytes with a note saying so."""
        # No transfer encoding needs more than three bytes for one, plus some for line ends.
        body = self.source[self.start : min(self.end, self.start + 4 * most_bytes)]
        content = _transferred(
            body, _without_comments(self.headers.get("content-transfer-encoding", "")).strip().lower()
        )
        text = decoded(content[:most_bytes], self._parameter("charset"))
        return text if len(content) <= most_bytes else f"{text}\n[cut after {most_bytes} bytes]"

    def parts(self, depth: int = 0) -> Iterator[Part]:
        """Yield the parts without parts of their own, first to last, within the bounds."""
        boundary = self.boundary()
        if depth < _DEEPEST and self.content_type == "message/rfc822":
            yield from part_at(self.source, self.start, self.end).parts(depth + 1)
        elif depth < _DEEPEST and boundary and self.content_type.startswith("multipart/"):
            for inner in _between(self, boundary):
                yield from inner.parts(depth + 1)
        else:
            yield self

    def _parameter(self, name: str) -> str:
        try:
            found = self._message("content-type").get_param(name)
        except (LookupError, ValueError, MessageError):
            return ""
        # RFC 2231: charset, language, text.
        return found[2] if isinstance(found, tuple) else str(found or "")

    def _message(self, name: str) -> Message:
        message = Message(compat32)
        message.set_default_type(self.default_type)
        if name in self.headers:
            message[name] = _without_comments(self.headers[name]).strip()
        return message


def part_at(source: bytes, start: int, end: int, default_type: str = "text/plain") -> Part:
    """Return the part in this range: headers, an empty line, body. Without a header all of it is body."""
    if not _FIRST_HEADER.match(source, start, end):
        blank = _END_OF_HEADER.match(source, start, end)
        return Part(source, {}, blank.end() if blank else start, end, default_type)
    blank = _END_OF_HEADER.search(source, start, end)
    body = blank.end() if blank else end
    head = source[start : min(blank.start() if blank else end, start + _MOST_HEADER_BYTES)]
    return Part(source, _headers(head), body, end, default_type)


def subject_of(mail: Part) -> str:
    """Return the subject with its encoded words decoded; invalid ones stay as they are."""
    return _WORDS.sub(_decoded_words, mail.headers.get("subject", ""))


def _decoded_words(words: re.Match[str]) -> str:
    """Return the text of adjacent encoded words; decode_header would escape other text between them."""
    try:
        pieces = decode_header(words[0])
    except (LookupError, ValueError, MessageError):
        return words[0]
    return "".join(
        piece
        if isinstance(piece, str)
        else decoded(piece, (charset or "utf-8").partition("*")[0])  # RFC 2231: a language
        for piece, charset in pieces
    )


def _headers(head: bytes) -> dict[str, str]:
    """Return the first header of each lower-case name: unfolded, cut, with valid text only."""
    found: dict[str, str] = {}
    for name, value in BytesHeaderParser(policy=compat32).parsebytes(head).raw_items():
        most = _MOST_SUBJECT_LENGTH if name.lower() == "subject" else _MOST_VALUE_LENGTH
        text = value[:most].encode("utf-8", "surrogateescape").decode("utf-8", "replace")
        found.setdefault(name.lower(), _FOLD.sub(" ", text))
    return found


def _without_comments(value: str) -> str:
    """Return the value of a header without `(comments)` outside quotes; one without an end is kept."""
    kept, depth, quoted, escaped = [], 0, False, False
    for letter in value if "(" in value else "":
        at_top = depth == 0
        if escaped or letter == "\\":
            escaped = not escaped
        elif letter == '"' and at_top:
            quoted = not quoted
        elif letter in "()" and not quoted:
            depth = max(0, depth + (1 if letter == "(" else -1))
        if at_top and depth == 0:
            kept.append(letter)
    return "".join(kept) if "(" in value and not depth else value


def _between(mail: Part, boundary: bytes) -> Iterator[Part]:
    """Yield the ranges between the boundaries; the last part may be unterminated."""
    line = re.compile(rb"^--" + re.escape(boundary) + rb"(--)?[ \t]*\r?$", re.MULTILINE)
    start, default_type = None, "message/rfc822" if mail.content_type == "multipart/digest" else "text/plain"
    for number, found in enumerate(line.finditer(mail.source, mail.start, mail.end)):
        if start is not None:
            yield part_at(mail.source, start, max(start, found.start() - 1), default_type)
        start = min(found.end() + 1, mail.end)
        if found[1] or number >= _MOST_PARTS:
            return
    if start is not None:
        yield part_at(mail.source, start, mail.end, default_type)


def _transferred(body: bytes, encoding: str) -> bytes:
    if encoding == "base64":
        letters = body.translate(None, _NOT_BASE64).partition(b"=")[0]
        letters = letters[: len(letters) - 1] if len(letters) % 4 == 1 else letters
        return binascii.a2b_base64(letters + b"=" * (-len(letters) % 4))
    return binascii.a2b_qp(body) if encoding == "quoted-printable" else body
