"""Asks name servers one question: over UDP, or over TCP if the answer does not fit. Imports dnspython."""

from __future__ import annotations

import socket
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import dns.exception
import dns.message
import dns.query
import dns.rcode

from exporters.core.checks.check import Observation
from exporters.core.deadline import Deadline
from exporters.core.errors import CollectError, ErrorClass
from exporters.synthetic.sockets import Address, note_address, shares, time_left

_PAYLOAD_BYTES = 1232  # fits one UDP packet on any path: DNS Flag Day 2020
# The responses of servers without EDNS.
_NO_EDNS = frozenset({dns.rcode.FORMERR, dns.rcode.NOTIMP, dns.rcode.BADVERS})


@dataclass(frozen=True, slots=True)
class Question:
    """A question; `record_type` is written as in a zone file."""

    name: str
    record_type: str


def ask(
    question: Question, servers: Sequence[Address], observation: Observation, deadline: Deadline
) -> dns.message.Message:
    """Return the answer of the first server that gives one; each gets its share of the time left.

    Raises the OSError of the last one, or CollectError (protocol) if the reply does not answer the question.
    """
    for index, (server, share) in enumerate(shares(servers, deadline), 1):
        note_address(*server, observation)
        try:
            return _ask_one(question, server, observation, share)
        except OSError:
            if index == len(servers):
                raise
    raise CollectError(ErrorClass.DNS, "the name server has no address")


def _ask_one(question: Question, server: Address, observation: Observation, deadline: Deadline) -> dns.message.Message:
    name, record_type = question.name, question.record_type
    query = dns.message.make_query(name, record_type, use_edns=0, payload=_PAYLOAD_BYTES)
    answer = _exchange(query, server, observation, deadline)
    if answer.rcode() in _NO_EDNS:
        answer = _exchange(dns.message.make_query(name, record_type), server, observation, deadline)
    return answer


def _exchange(
    query: dns.message.Message, server: Address, observation: Observation, deadline: Deadline
) -> dns.message.Message:
    """Return the answer. Raises OSError or CollectError (protocol)."""
    with _connected(*server, observation) as sock, observation.phase("request"):
        try:
            return _over_udp_or_tcp(query, sock, server[1], deadline)
        except dns.exception.Timeout:
            raise TimeoutError("no answer in time") from None
        except dns.query.BadResponse:
            raise CollectError(ErrorClass.PROTOCOL, "the answer is to another question") from None
        except EOFError:
            raise CollectError(ErrorClass.PROTOCOL, "the connection ended within the answer") from None
        except (dns.exception.DNSException, ValueError):
            raise CollectError(ErrorClass.PROTOCOL, "the answer is not a DNS message") from None


def _over_udp_or_tcp(
    query: dns.message.Message, sock: socket.socket, address: tuple[Any, ...], deadline: Deadline
) -> dns.message.Message:
    # With the zone of a link-local IPv6 address: dnspython compares it with the sender's.
    host, port = socket.getnameinfo(address, socket.NI_NUMERICHOST | socket.NI_NUMERICSERV)[0], int(address[1])
    left = time_left(deadline)
    try:
        return dns.query.udp(query, host, left, port, ignore_trailing=True, raise_on_truncation=True, sock=sock)
    except dns.message.Truncated:
        return dns.query.tcp(query, host, time_left(deadline), port, ignore_trailing=True)


def _connected(family: int, address: tuple[Any, ...], observation: Observation) -> socket.socket:
    """Return a connected socket: it reports a closed port as refused, and ignores other senders."""
    with observation.phase("connect"):
        sock = socket.socket(family, socket.SOCK_DGRAM)
        try:
            sock.setblocking(False)
            sock.connect(address)
        except OSError:
            sock.close()
            raise
        return sock
