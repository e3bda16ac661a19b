"""Lines of text: cut at quotation marks and spaces, without regular expressions.

One loop a format, with nothing called per line: at 10 GB a day this is where the time goes (`./run bench access-log`).
"""

from __future__ import annotations

from exporters.access_log.formats import UNITS, QuotedFormat
from exporters.access_log.requests import Parse, Parsed, Request, is_time, upstream_seconds, why_not

_MOST_PIECES = 40
_MOST_SECONDS = 10.0 * 365 * 86_400
_HAPROXY_TIMES = 5  # of a line: TR/Tw/Tc/Tr/Ta


def quoted_lines(layout: QuotedFormat) -> Parse:  # noqa: C901 - one loop, nothing called per line
    """Return the parser of a format of quoted words."""
    expected, request_at, unit = layout.pieces, layout.request, UNITS[layout.unit]
    (answer_at, status_at), (_, bytes_at) = layout.status, layout.bytes
    times_at = layout.duration[0] if layout.duration else None
    has_upstream = layout.upstream

    def parse(block: bytes) -> Parsed:
        found: list[Request] = []
        failed: dict[str, int] = {}
        add, retries = found.append, 0
        for line in block.split(b"\n"):
            pieces = line.split(b'"', _MOST_PIECES)
            if len(pieces) != expected:
                pieces = _requoted(line, expected)
            try:
                answer = pieces[answer_at].split()
                status, size = answer[status_at], answer[bytes_at]
                request = pieces[request_at].split(b" ")
                method, path = (request[0], request[1]) if len(request) == 3 else (b"", b"")
                seconds = behind = None
                if times_at is not None:
                    times = pieces[times_at].split(None, 1)
                    if times[0] != b"-":
                        seconds = float(times[0]) * unit
                        if not 0.0 <= seconds <= _MOST_SECONDS:
                            raise ValueError  # noqa: TRY301 - counted below, as what is no number
                    if has_upstream and times[1][:1] != b"-":
                        try:
                            behind = float(times[1])
                        except ValueError:
                            behind, tried = upstream_seconds(times[1])
                            retries += tried
                add((method, path, status, 0 if size == b"-" else int(size), seconds, behind))
            except (IndexError, ValueError):
                if line:
                    reason = _reason(line, pieces, answer_at, status_at)
                    failed[reason] = failed.get(reason, 0) + 1
        return Parsed(found, failed, retries)

    return parse


def _requoted(line: bytes, expected: int) -> list[bytes]:
    r"""Return the pieces of a line with `\"` inside a quoted one, or with quotation marks in its last one."""
    pieces = line.replace(b"\\\\", b"").replace(b'\\"', b"'").split(b'"', _MOST_PIECES)
    if expected < len(pieces) <= _MOST_PIECES:
        pieces = [*pieces[: expected - 1], pieces[-1]]
    return pieces if len(pieces) == expected else []


def _reason(line: bytes, pieces: list[bytes], answer_at: int, status_at: int) -> str:
    words = pieces[answer_at].split() if pieces else []
    is_answer = len(words) == 2 and (words[status_at] == b"-" or words[status_at].isdigit())
    return why_not(line, otherwise="time" if is_answer and _is_number(words[1 - status_at]) else "syntax")


def _is_number(word: bytes) -> bool:
    return word == b"-" or word.isdigit()


def haproxy_lines(block: bytes) -> Parsed:
    """Parse lines of HAProxy: `… [date] frontend backend/server TR/Tw/Tc/Tr/Ta status bytes … "request"`."""
    found: list[Request] = []
    failed: dict[str, int] = {}
    for line in block.split(b"\n"):
        if not line:
            continue
        try:
            head, rest = line.split(b'"', 1)
            _, words = head.split(b"] ", 1) if b": " not in head[-2:] else (b"", head)
            _, _, times, status, size = words.split(b" ", 5)[:5]
            numbers = times.split(b"/")
            if len(numbers) != _HAPROXY_TIMES:
                raise ValueError  # noqa: TRY301 - counted below
            request = rest.rsplit(b'"', 1)[0].split(b" ")
            method, path = (request[0], request[1]) if len(request) == 3 else (b"", b"")
            seconds, behind = float(numbers[4]) / 1000, float(numbers[3]) / 1000
            if not is_time(seconds):
                raise ValueError  # noqa: TRY301 - counted below
            known = b"-" if status == b"-1" else status
            found.append((method, path, known, int(size), seconds, behind if is_time(behind) else None))
        except (IndexError, ValueError):
            reason = why_not(line, otherwise="syntax")
            failed[reason] = failed.get(reason, 0) + 1
    return Parsed(found, failed)
