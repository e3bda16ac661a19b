"""A question to a name server."""

from __future__ import annotations

import re
import socket
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

from exporters.core.checks.check import CheckSettings, Entry, Observation, Probe, expect, host_and_port
from exporters.core.deadline import Deadline
from exporters.core.errors import CollectError, ErrorClass
from exporters.synthetic.sockets import note_address, resolve, time_left

if TYPE_CHECKING:
    from dns.message import Message

_PORT = 53
_PHASES = ("resolve", "connect", "request")


@dataclass(frozen=True, slots=True, kw_only=True)
class DnsCheck(CheckSettings):
    """Passes when the answer to `query_name` is no error, is not empty and holds every text in `expect`.

    `server` is `host:port`; without it the first name server of the system is asked.
    """

    kind: Literal["dns"]
    query_name: str
    record_type: Literal["A", "AAAA", "CNAME", "MX", "NS", "PTR", "SOA", "SRV", "TXT"] = "A"
    server: str | None = None
    expect: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        CheckSettings.__post_init__(self)
        expect(re.fullmatch(r"[!-~]{1,253}", self.query_name), "a name to ask for", self.query_name)
        if self.server is not None:
            host_and_port(self.server)


def prepare(settings: DnsCheck, entry: Entry) -> Probe:
    """Return the check. Raises ConfigError where the system has no name server or the name is none."""
    # Here and not above: settings are read by every sidecar, the library is loaded by those that ask.
    import dns.exception  # noqa: PLC0415
    import dns.message  # noqa: PLC0415
    import dns.query  # noqa: PLC0415

    try:
        dns.message.make_query(settings.query_name, settings.record_type)
    except dns.exception.DNSException:
        raise entry.error("query_name", "expected a domain name") from None
    return partial(_check, settings, host_and_port(settings.server) if settings.server else _system_server(entry))


def _system_server(entry: Entry) -> tuple[str, int]:
    import dns.resolver  # noqa: PLC0415 - as above

    try:
        servers = [str(server) for server in dns.resolver.Resolver().nameservers]
    except dns.resolver.NoResolverConfiguration:
        servers = []
    if not servers:
        raise entry.error("server", "expected a server, for the system has none")
    return servers[0], _PORT


def _check(settings: DnsCheck, server: tuple[str, int], observation: Observation, deadline: Deadline) -> None:
    import dns.exception  # noqa: PLC0415 - as above
    import dns.rcode  # noqa: PLC0415

    observation.set("probe_dns_query_succeeded", 0)
    try:
        answer = _ask(settings, server, observation, deadline)
    except dns.exception.Timeout:
        raise TimeoutError("no answer in time") from None
    except dns.exception.DNSException:
        raise CollectError(ErrorClass.PROTOCOL, "the answer is no DNS message") from None
    finally:
        phases = observation.phases()
        for phase in _PHASES:
            observation.set("probe_dns_duration_seconds", phases.get(phase, 0.0), phase)
    _note(answer, observation)
    if answer.rcode() == dns.rcode.NXDOMAIN:
        raise CollectError(ErrorClass.DNS, "the name does not exist")
    if answer.rcode() != dns.rcode.NOERROR:
        raise CollectError(ErrorClass.PROTOCOL, f"the server answered {dns.rcode.to_text(answer.rcode())}")
    _judge(settings, [record.to_text() for records in answer.answer for record in records])


def _ask(settings: DnsCheck, server: tuple[str, int], observation: Observation, deadline: Deadline) -> Message:
    """Return the answer over UDP, or over TCP where it does not fit."""
    import dns.flags  # noqa: PLC0415 - as above
    import dns.message  # noqa: PLC0415
    import dns.query  # noqa: PLC0415

    question = dns.message.make_query(settings.query_name, settings.record_type)
    family, address = resolve(*server, observation, socket.SOCK_DGRAM)[0]
    note_address(family, address, observation)
    host, port = str(address[0]), int(address[1])
    with _connected(family, address, observation) as sock, observation.phase("request"):
        sock.send(question.to_wire())  # connected: a closed port is reported as refused, other senders are ignored
        sock.settimeout(time_left(deadline))
        answer = dns.message.from_wire(sock.recv(65535), ignore_trailing=True)
        while not question.is_response(answer):
            sock.settimeout(time_left(deadline))
            answer = dns.message.from_wire(sock.recv(65535), ignore_trailing=True)
        if answer.flags & dns.flags.TC:
            answer = dns.query.tcp(question, host, time_left(deadline), port)
    return answer


def _connected(family: int, address: tuple[Any, ...], observation: Observation) -> socket.socket:
    with observation.phase("connect"):
        sock = socket.socket(family, socket.SOCK_DGRAM)
        try:
            sock.connect(address)
        except OSError:
            sock.close()
            raise
        return sock


def _note(answer: Message, observation: Observation) -> None:
    import dns.rdatatype  # noqa: PLC0415 - as above

    observation.set("probe_dns_query_succeeded", 1)
    sections = {"answer": answer.answer, "authority": answer.authority, "additional": answer.additional}
    for name, section in sections.items():
        observation.set(f"probe_dns_{name}_rrs", sum(len(records) for records in section))
    serials = [r.serial for records in answer.answer for r in records if r.rdtype == dns.rdatatype.SOA]
    if serials:
        observation.set("probe_dns_serial", serials[0])


def _judge(settings: DnsCheck, records: list[str]) -> None:
    if not records:
        raise CollectError(ErrorClass.PROTOCOL, "no record of this type")
    missing = [text for text in settings.expect if not any(text in record for record in records)]
    if missing:
        raise CollectError(ErrorClass.PROTOCOL, f"not among the records: {', '.join(missing)}")
