"""A question to a name server."""

from __future__ import annotations

import re
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Literal

from exporters.core.checks.check import CheckSettings, Entry, Observation, Probe, expect, host_and_port
from exporters.core.deadline import Deadline
from exporters.synthetic.sockets import Address, resolve

if TYPE_CHECKING:
    from dns.message import Message

    from exporters.synthetic.dns_records import Expectation

_PORT = 53
_PHASES = ("resolve", "connect", "request")


@dataclass(frozen=True, slots=True, kw_only=True)
class DnsCheck(CheckSettings):
    """Passes when the answer holds records of this type for `query_name`, all that are expected among them.

    `expect` has whole records, such as "192.0.2.1" or "10 mail.example.com"; however names and IPv6 addresses are
    written, they match. Only for TXT a part is enough. `expect_contains` has parts of records, such as the serial of an
    SOA. An alias (CNAME) is followed as far as the answer does, and is no record of another type.

    `server` is `host:port`; without it the name servers of the system are asked. Where there are several addresses,
    they share the time, and the first answer counts.
    """

    kind: Literal["dns"]
    query_name: str
    record_type: Literal["A", "AAAA", "CNAME", "MX", "NS", "PTR", "SOA", "SRV", "TXT"] = "A"
    server: str | None = None
    expect: tuple[str, ...] = ()
    expect_contains: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        CheckSettings.__post_init__(self)
        expect(re.fullmatch(r"[!-~]{1,253}", self.query_name), "a name to ask for", self.query_name)
        if self.server is not None:
            host_and_port(self.server)


def prepare(settings: DnsCheck, entry: Entry) -> Probe:
    """Return the check. Raises ConfigError where the name or an expected record is none, or there is nobody to ask."""
    # Here and not above: settings are read by every sidecar, the library is loaded by those that ask.
    import dns.exception  # noqa: PLC0415
    import dns.message  # noqa: PLC0415

    try:
        dns.message.make_query(settings.query_name, settings.record_type)
    except dns.exception.DNSException:
        raise entry.error("query_name", "expected a domain name") from None
    expected = _expectations(settings, entry)
    servers = () if settings.server else _system_servers(entry)
    return partial(_check, settings, expected, servers)


def _expectations(settings: DnsCheck, entry: Entry) -> list[Expectation]:
    from exporters.synthetic.dns_records import Expectation  # noqa: PLC0415 - as above

    found = []
    for field, texts in (("expect", settings.expect), ("expect_contains", settings.expect_contains)):
        for index, text in enumerate(texts):
            try:
                found.append(Expectation.parsed(text, settings.record_type, part=field == "expect_contains"))
            except ValueError:
                whole = f"expected a whole record of type {settings.record_type}; a part goes into expect_contains"
                raise entry.error(f"{field}[{index}]", whole if text else "expected a text") from None
    return found


def _system_servers(entry: Entry) -> list[Address]:
    import dns.inet  # noqa: PLC0415 - as above
    import dns.resolver  # noqa: PLC0415

    try:
        servers = [str(server) for server in dns.resolver.Resolver().nameservers]
    except dns.resolver.NoResolverConfiguration:
        servers = []
    if not servers:
        raise entry.error("server", "expected a server, for the system has none")
    return [(dns.inet.af_for_address(server), dns.inet.low_level_address_tuple((server, _PORT))) for server in servers]


def _check(
    settings: DnsCheck,
    expected: Sequence[Expectation],
    system_servers: Sequence[Address],
    observation: Observation,
    deadline: Deadline,
) -> None:
    from exporters.synthetic.dns_exchange import Question, ask  # noqa: PLC0415 - as above
    from exporters.synthetic.dns_records import judge  # noqa: PLC0415

    observation.set("probe_dns_query_succeeded", 0)
    try:
        servers = system_servers
        if settings.server:
            servers = resolve(*host_and_port(settings.server), observation, socket.SOCK_DGRAM)
        answer = ask(Question(settings.query_name, settings.record_type), servers, observation, deadline)
    finally:
        phases = observation.phases()
        for phase in _PHASES:
            observation.set("probe_dns_duration_seconds", phases.get(phase, 0.0), phase)
    _note(answer, observation)
    judge(answer, expected)


def _note(answer: Message, observation: Observation) -> None:
    import dns.rdatatype  # noqa: PLC0415 - as above

    observation.set("probe_dns_query_succeeded", 1)
    sections = {"answer": answer.answer, "authority": answer.authority, "additional": answer.additional}
    for name, section in sections.items():
        observation.set(f"probe_dns_{name}_rrs", sum(len(records) for records in section))
    serials = [r.serial for records in answer.answer for r in records if r.rdtype == dns.rdatatype.SOA]
    if serials:
        observation.set("probe_dns_serial", serials[0])
