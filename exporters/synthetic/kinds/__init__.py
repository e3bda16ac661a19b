"""The kinds of check. A new kind is one file, its import here, and a line in each of the two tables below."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from exporters.core.checks.check import Entry, Probe
from exporters.synthetic.kinds import dns, domain, http, journey, redis, sql, tcp, tls

AnyCheck = (
    http.HttpCheck
    | tcp.TcpCheck
    | tls.TlsCheck
    | dns.DnsCheck
    | sql.SqlCheck
    | redis.RedisCheck
    | journey.JourneyCheck
    | domain.DomainCheck
)

# Value of `kind:` → function that builds the check from its settings and their position.
KINDS: Mapping[str, Callable[[Any, Entry], Probe]] = {
    "http": http.prepare,
    "tcp": tcp.prepare,
    "tls": tls.prepare,
    "dns": dns.prepare,
    "sql": sql.prepare,
    "redis": redis.prepare,
    "journey": journey.prepare,
    "domain": domain.prepare,
}
