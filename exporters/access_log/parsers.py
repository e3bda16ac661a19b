"""Format → its parser, in one table."""

from __future__ import annotations

from exporters.access_log.formats import AnyFormat, HaproxyFormat, JsonFormat, PatternFormat
from exporters.access_log.json_lines import json_lines
from exporters.access_log.pattern_lines import pattern_lines
from exporters.access_log.requests import Parse
from exporters.access_log.text_lines import haproxy_lines, quoted_lines


def parser(layout: AnyFormat) -> Parse:
    """Return the function that parses a block of whole lines, without the newline of its last one."""
    if isinstance(layout, HaproxyFormat):
        return haproxy_lines
    if isinstance(layout, JsonFormat):
        return json_lines(layout)
    if isinstance(layout, PatternFormat):
        return pattern_lines(layout)
    return quoted_lines(layout)
