"""Lines of text by a pattern of the settings, through RE2: linear in the line, whatever the pattern."""

from __future__ import annotations

from exporters.access_log.formats import UNITS, PatternFormat, compiled
from exporters.access_log.requests import Parse, Parsed, Request, request_line, size_of, time_behind, time_of
from exporters.core.followed_logs.records import why_not


def pattern_lines(layout: PatternFormat) -> Parse:
    """Return the parser of a pattern."""
    pattern, unit = compiled(layout.pattern), UNITS[layout.unit]
    numbers = {name.decode(): number for name, number in pattern.groupindex.items()}

    def request_of(line: bytes) -> tuple[Request, int] | str:
        match = pattern.match(line)
        if match is None:
            return why_not(line, otherwise="syntax")
        groups = {name: match.group(number) for name, number in numbers.items()}
        try:
            return _request(groups, unit)
        except ValueError:
            return why_not(line, otherwise="time")

    def parse(block: bytes) -> Parsed:
        found: list[Request] = []
        failed: dict[str, int] = {}
        retries = 0
        for line in block.split(b"\n"):
            one = request_of(line) if line else None
            if isinstance(one, str):
                failed[one] = failed.get(one, 0) + 1
            elif one:
                found.append(one[0])
                retries += one[1]
        return Parsed(found, failed, retries)

    return parse


def _request(groups: dict[str, bytes | None], unit: float) -> tuple[Request, int]:
    """Return a request and its retries; ValueError for a time that is none."""
    method, path = groups.get("method") or b"", groups.get("path") or b""
    if "request" in groups:
        method, path = request_line((groups["request"] or b"").split(b" "))
    duration, upstream = groups.get("duration"), groups.get("upstream")
    seconds = None if duration in {None, b"", b"-"} else time_of(float(duration or b"") * unit)
    behind, tried = time_behind(upstream, unit) if upstream else (None, 0)
    size = size_of(groups.get("bytes") or b"-")
    return (method, path, groups.get("status") or b"-", size, seconds, behind), tried
