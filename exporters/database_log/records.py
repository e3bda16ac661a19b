r"""The records of csvlog and jsonlog: what they say of severity and SQLSTATE, and nothing else of them.

csvlog (PostgreSQL 13: 24 columns, from 14: 26) quotes every text: a record may have many lines, and inside a text each
quotation mark is doubled. So a line with a time and then a single quotation mark before a character of a text can only
be where a record begins, whatever a statement holds: reading continues there after a crash in the middle of a record.
jsonlog (from 15) has a record a line, without `state_code` where nothing is wrong.
"""

from __future__ import annotations

import re

import msgspec

from exporters.core.followed_logs.records import BLOCK_BYTES, Taken, why_not
from exporters.database_log.errors import NOTICES, Errors, class_of

# Why a line is not a record. `partial`: the last line of a file that ended without a newline; `language`: a severity
# that is translated, which csvlog does where lc_messages is not English.
REASONS = ("syntax", "binary", "long", "partial", "language")

_TIME = rb"[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,6})? [^\",\n]{1,40},"
_QUOTED = rb'"(?:[^"]++|"")*+"'
_FIELD = rb"(?:" + _QUOTED + rb"|[^\",\n]*+)"
# user, database, process, client, session, line, command, start, virtual transaction, transaction
_HEAD = _TIME + rb"(?:" + _FIELD + rb",){10}([^\",\n]{1,40}),([0-9A-Z]{5}),"
_head = re.compile(_HEAD + rb'"').match
_record = re.compile(_HEAD + _QUOTED + rb"(?:," + _FIELD + rb"){9,20}\n").match
_timed = re.compile(_TIME).match
_CERTAIN = rb"^" + _TIME + rb"[^\"\n]*+\"(?=[^\",\n])"
_next_record = re.compile(_CERTAIN, re.MULTILINE).search
_resumes = re.compile(_CERTAIN + rb'|^\{"timestamp":"', re.MULTILINE).search
# The keys before it are those of PostgreSQL; inside their values every quotation mark has a backslash before it.
_json_head = re.compile(
    rb'\{"timestamp":".{0,2000}?,"error_severity":"([A-Z0-9]+)"(?:,"state_code":"([0-9A-Z]{5})")?'
).match

_BAD = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
_NO_ERROR = "00000"


class _JsonRecord(msgspec.Struct, gc=False):
    error_severity: str
    state_code: str = _NO_ERROR


_decode = msgspec.json.Decoder(_JsonRecord).decode


class DatabaseRecords:
    """Counts the errors of one log, in either format."""

    def __init__(self, errors: Errors) -> None:
        self.errors = errors

    def take(self, block: bytes) -> Taken:
        """Count the whole records."""
        failed: dict[str, int] = {}
        at = lines = 0
        while at < len(block):
            end, reason = self._json(block, at) if block.startswith(b"{", at) else self._csv(block, at)
            if not end:
                break  # not whole yet
            if reason:
                failed[reason] = failed.get(reason, 0) + 1
            at = end
            lines += 1
        return Taken(at, lines, failed)

    def take_long(self, block: bytes) -> dict[str, int]:
        """Count a record by its beginning: severity and SQLSTATE come before any text that may be long."""
        found = _json_head(block) or _head(block)
        reason = "long" if found is None else self._count(found[1], found[2])
        return {reason: 1} if reason else {}

    def resume(self, block: bytes) -> tuple[int, bool]:
        """Continue where a record certainly begins; the last line may be cut and is read again."""
        if found := _resumes(block):
            return found.start(), True
        is_full = len(block) >= BLOCK_BYTES
        return block.rfind(b"\n") + 1 or (len(block) if is_full else 0), False

    def _json(self, block: bytes, at: int) -> tuple[int, str]:
        """Count the record that begins there; return where it ends (0: it is not whole), and why it is none."""
        end = block.find(b"\n", at) + 1
        if not end:
            return 0, ""
        try:
            record = _decode(block[at:end])
        except _BAD:
            # Texts are in the encodings of their databases.
            found = _json_head(block, at, end) if block.endswith(b"}\n", at, end) else None
            return end, self._counted(block, at, end, found)
        return end, self._count(record.error_severity, record.state_code)

    def _csv(self, block: bytes, at: int) -> tuple[int, str]:
        """Return the same for a record of csvlog."""
        if found := _record(block, at):
            return found.end(), self._counted(block, at, found.end(), found)
        if not _timed(block, at):
            end = block.find(b"\n", at) + 1
            return end, self._counted(block, at, end, None) if end else ""
        following = _next_record(block, at + 1)
        if following is None:
            return 0, ""
        end = following.start()  # a crash has cut it off
        return end, self._counted(block, at, end, _head(block, at, end))

    def _counted(self, block: bytes, at: int, end: int, found: re.Match[bytes] | None) -> str:
        return why_not(block[at:end], otherwise="syntax") if found is None else self._count(found[1], found[2])

    def _count(self, severity: bytes | str, state: bytes | str | None) -> str:
        """Count a record, if it is an error; return the reason why nobody can know, or nothing."""
        name = _text(severity)
        classes = self.errors.get(name)
        if classes is None:
            return "" if name in NOTICES else "language"
        classes[class_of(name, _text(state or _NO_ERROR))] += 1
        return ""


def _text(value: bytes | str) -> str:
    return value.decode("ascii", "replace") if isinstance(value, bytes) else value
