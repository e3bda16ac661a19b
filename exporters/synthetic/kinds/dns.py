"""A DNS query to a name server."""

from __future__ import annotations

import socket
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Annotated, Literal

from exporters.core.checks.check import CheckSettings, Entry, Observation, Probe
from exporters.core.deadline import Deadline
from exporters.core.field_checks import expect_address, host_and_port, matching, optional
from exporters.synthetic.sockets import Address, resolve

if TYPE_CHECKING:
    from dns.message import Message

    from exporters.synthetic.dns_records import Expectation

_PORT = 53
_PHASES = ("resolve", "connect", "request")


@dataclass(frozen=True, slots=True, kw_only=True)
class DnsCheck(CheckSettings):
    """Passes if the answer has records of this type for `query_name`, including all expected ones.

    `expect` lists whole records, such as "192.0.2.1" or "10 mail.example.com". Case and the final dot of names do not
    matter, nor the spelling of an IPv6 address; for TXT, part of the text is enough. `expect_contains` lists parts of
    records, such as the serial of an SOA. Aliases (CNAME) in the answer are followed; an alias alone is not a match.

    `server` is `host:port`; the default is the system's name servers. Several addresses share the time, and the first
    answer counts.
    """

    kind: Annotated[Literal["dns"], "A DNS query to a name server."]
    query_name: Annotated[str, "The domain name to query.", matching(r"[!-~]{1,253}", "a domain name")]
    record_type: Annotated[
        Literal["A", "AAAA", "CNAME", "MX", "NS", "PTR", "SOA", "SRV", "TXT"], "The record type to query."
    ] = "A"
    server: Annotated[
        str | None, "`host:port` of the name server; default: the system's name servers.", optional(expect_address)
    ] = None
    expect: Annotated[
        tuple[str, ...], "Records that must be in the answer; for TXT, parts of the text are enough."
    ] = ()
    expect_contains: Annotated[tuple[str, ...], "Parts of records, such as the serial of an SOA."] = ()


def prepare(settings: DnsCheck, entry: Entry) -> Probe:
    """Return the check. Raises ConfigError for an invalid name or expected record, or if no server is known."""
    # Imported here because every sidecar reads these settings, but only those with DNS checks need the library.
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
        raise entry.error("server", "expected a server, as the system has no name server configured")
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
