"""The kinds of check. A new kind is one file, and its line in each of the two tables below."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any, get_args, get_type_hints

from exporters.core.checks.check import Entry, Probe
from exporters.synthetic.kinds import dns, http, journey, redis, sql, tcp, tls

AnyCheck = (
    http.HttpCheck | tcp.TcpCheck | tls.TlsCheck | dns.DnsCheck | sql.SqlCheck | redis.RedisCheck | journey.JourneyCheck
)

# What `kind:` says → what makes the check from its settings and the place they stand at.
KINDS: Mapping[str, Callable[[Any, Entry], Probe]] = {
    "http": http.prepare,
    "tcp": tcp.prepare,
    "tls": tls.prepare,
    "dns": dns.prepare,
    "sql": sql.prepare,
    "redis": redis.prepare,
    "journey": journey.prepare,
}

# cattrs tells the members of a union apart by their literal `kind`, but not where annotations are still text.
for _settings in get_args(AnyCheck):
    _hints = get_type_hints(_settings)
    for _field in dataclasses.fields(_settings):
        _field.type = _hints[_field.name]
