"""Lines of text: cut at quotation marks and spaces, without regular expressions.

One loop a format, with nothing called per line that is as most lines are: at 10 GB a day this is where the time goes
(`./run bench access-log`).
"""

from __future__ import annotations

from exporters.access_log.formats import UNITS, QuotedFormat
from exporters.access_log.requests import Parse, Parsed, Request, Times, request_line, size_of, time_behind, time_of
from exporters.core.followed_logs.records import why_not

_MOST_PIECES = 40
_SPACE, _DASH = b" -"
_HAPROXY_TIMES = 5  # of a line: TR/Tw/Tc/Tr/Ta


def quoted_lines(layout: QuotedFormat) -> Parse:
    """Return the parser of a format of quoted words."""
    expected, request_at, answer_at, times_at = layout.pieces, layout.request, layout.answer, layout.times
    has_upstream, is_timed, unit = layout.upstream, layout.duration, UNITS[layout.unit]
    times = Times(unit)
    known, read = times.known.get, times.read

    def parse(block: bytes) -> Parsed:
        found: list[Request] = []
        failed: dict[str, int] = {}
        add, retries = found.append, 0
        seconds = behind = None
        for line in block.split(b"\n"):
            try:
                pieces = line.split(b'"', _MOST_PIECES)
                method, path, _ = pieces[request_at].split(b" ")
                answer = pieces[answer_at]
                size = answer[5:]
                if len(pieces) != expected or answer[4] != _SPACE:
                    raise ValueError  # noqa: TRY301 - the slow way may find more in it
                if has_upstream:
                    word, word_behind = pieces[times_at].split()
                    seconds, behind = known(word) or read(word), known(word_behind) or read(word_behind)
                elif is_timed:
                    word = pieces[times_at].strip()
                    seconds = known(word) or read(word)
                add((method, path, answer[1:4], 0 if size[0] == _DASH else int(size), seconds, behind))
            except (IndexError, ValueError):
                one = _unusual(line, layout, unit)
                if isinstance(one, str):
                    failed[one] = failed.get(one, 0) + 1
                elif one:
                    add(one[0])
                    retries += one[1]
        return Parsed(found, failed, retries)

    return parse


def _unusual(line: bytes, layout: QuotedFormat, unit: float) -> tuple[Request, int] | str | None:
    """Return the request and its retries in a line that is not as most are, or the reason why it holds none."""
    if not line:
        return None
    pieces = line.split(b'"', _MOST_PIECES)
    if len(pieces) != layout.pieces:
        pieces = _requoted(line, layout.pieces)
    answer = pieces[layout.answer].split() if pieces else []
    if len(answer) != 2 or not all(word == b"-" or word.isdigit() for word in answer):
        return why_not(line, otherwise="syntax")
    status, size = answer
    method, path = request_line(pieces[layout.request].split(b" "))
    seconds = behind = None
    retries = 0
    try:
        if layout.duration:
            times = pieces[layout.times].split(None, 1)
            seconds = None if times[0] == b"-" else time_of(float(times[0]) * unit)
            if layout.upstream:
                behind, retries = time_behind(times[1], unit)
    except (IndexError, ValueError):
        return why_not(line, otherwise="time")
    return (method, path, status, 0 if size == b"-" else size_of(size), seconds, behind), retries


def _requoted(line: bytes, expected: int) -> list[bytes]:
    r"""Return the pieces of a line with `\"` inside a quoted one, or with quotation marks in its last one."""
    pieces = line.replace(b"\\\\", b"").replace(b'\\"', b"'").split(b'"', _MOST_PIECES)
    if expected < len(pieces) <= _MOST_PIECES:
        pieces = [*pieces[: expected - 1], pieces[-1]]
    return pieces if len(pieces) == expected else []


def haproxy_lines(block: bytes) -> Parsed:
    """Parse lines of HAProxy: `… [date] frontend backend/server TR/Tw/Tc/Tr/Ta status bytes … "request"`."""
    found: list[Request] = []
    failed: dict[str, int] = {}
    for line in block.split(b"\n"):
        if not line:
            continue
        reason = "syntax"
        try:
            head, rest = line.split(b'"', 1)
            _, words = head.split(b"] ", 1) if b": " not in head[-2:] else (b"", head)
            _, _, times, status, size = words.split(b" ", 5)[:5]
            numbers = times.split(b"/")
            if len(numbers) != _HAPROXY_TIMES:
                raise ValueError  # noqa: TRY301 - counted below
            method, path = request_line(rest.rsplit(b'"', 1)[0].split(b" "))
            known, sent = b"-" if status == b"-1" else status, int(size)
            reason = "time"
            seconds, behind = time_of(float(numbers[4]) / 1000), float(numbers[3]) / 1000
            found.append((method, path, known, sent, seconds, time_of(behind) if behind >= 0 else None))
        except (IndexError, ValueError):
            reason = why_not(line, otherwise=reason)
            failed[reason] = failed.get(reason, 0) + 1
    return Parsed(found, failed)
