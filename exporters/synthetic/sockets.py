"""Sockets that honor one deadline: name resolution, connection over IPv4 or IPv6, reading and writing."""

from __future__ import annotations

import io
import socket
from collections.abc import Iterator, Sequence
from itertools import zip_longest
from typing import Any

from exporters.core.checks.check import Observation
from exporters.core.checks.connects import noted
from exporters.core.deadline import Deadline
from exporters.core.errors import CollectError, ErrorClass

_MAXIMUM_ADDRESSES = 4  # tried one after the other, each with its share of the time left

Address = tuple[int, tuple[Any, ...]]


def resolve(host: str, port: int, observation: Observation, kind: int = socket.SOCK_STREAM) -> list[Address]:
    """Return the addresses of a host in the system's order of preference. Raises CollectError (dns).

    The system's resolver has no deadline of its own: the run's hard deadline covers it.
    """
    with observation.phase("resolve"):
        try:
            found = socket.getaddrinfo(host, port, type=kind)
        except (socket.gaierror, UnicodeError):
            raise CollectError(ErrorClass.DNS, f"{host} does not resolve") from None
    observation.set("probe_dns_lookup_time_seconds", observation.phases()["resolve"])
    return both_families([(family, sockaddr) for family, _, _, _, sockaddr in found])


def both_families(addresses: Sequence[Address]) -> list[Address]:
    """Return the first addresses, alternating between families (RFC 8305): one family may not be reachable."""
    first = [address for address in addresses if address[0] == addresses[0][0]]
    other = [address for address in addresses if address[0] != addresses[0][0]]
    turns = [address for pair in zip_longest(first, other) for address in pair if address]
    return turns[:_MAXIMUM_ADDRESSES]


def connect(host: str, port: int, observation: Observation, deadline: Deadline) -> socket.socket:
    """Return a TCP connection to a host. Raises CollectError (dns) or OSError."""
    addresses = resolve(host, port, observation)
    with observation.phase("connect"):
        return connect_first(addresses, observation, deadline)


def connect_first(addresses: Sequence[Address], observation: Observation, deadline: Deadline) -> socket.socket:
    """Return a connection to the first address that answers; each gets its share of the time left.

    Raises OSError of the last one tried.
    """
    for index, ((family, sockaddr), share) in enumerate(shares(addresses, deadline), 1):
        note_address(family, sockaddr, observation)
        sock = socket.socket(family, socket.SOCK_STREAM)
        try:
            sock.settimeout(time_left(share))
            with noted(sock.fileno(), observation.connects):
                sock.connect(sockaddr)
        except OSError:
            sock.close()
            if index == len(addresses):
                raise
        else:
            return sock
    raise CollectError(ErrorClass.DNS, "the name has no address")


def shares(addresses: Sequence[Address], deadline: Deadline) -> Iterator[tuple[Address, Deadline]]:
    """Yield each address with its own deadline, so that a silent one leaves time for the rest. Raises TimeoutError."""
    for index, address in enumerate(addresses):
        yield address, Deadline.after(time_left(deadline) / (len(addresses) - index))


def note_address(family: int, sockaddr: tuple[Any, ...], observation: Observation) -> None:
    """Note an address's protocol and its hash (FNV-1a, as in blackbox_exporter: shows that it changed)."""
    packed = socket.inet_pton(family, str(sockaddr[0]).partition("%")[0])
    value = 0x811C9DC5
    for byte in packed:
        value = (value ^ byte) * 0x01000193 % 2**32
    observation.set("probe_ip_protocol", 6 if family == socket.AF_INET6 else 4)
    observation.set("probe_ip_addr_hash", value)


def time_left(deadline: Deadline) -> float:
    """Return the seconds left for a socket call. Raises TimeoutError if there are none (0 would mean non-blocking)."""
    if deadline.passed():
        raise TimeoutError("the deadline has passed")
    return deadline.remaining()


class Stream:
    """A connected socket whose calls all end at the deadline."""

    def __init__(self, sock: socket.socket, deadline: Deadline) -> None:
        self._sock = sock
        self._deadline = deadline

    def sendall(self, data: bytes) -> None:
        """Send everything. Raises TimeoutError at the deadline."""
        self._sock.settimeout(time_left(self._deadline))
        self._sock.sendall(data)

    def recv_into(self, buffer: memoryview) -> int:
        """Return the number of bytes received, 0 at the end. Raises TimeoutError at the deadline."""
        self._sock.settimeout(time_left(self._deadline))
        return self._sock.recv_into(buffer)

    def makefile(self, *_arguments: object) -> io.BufferedReader:
        """Return a buffered reader."""
        return io.BufferedReader(_Reader(self), 64 * 1024)


class _Reader(io.RawIOBase):
    """The reading side of a Stream as a raw file."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        return self._stream.recv_into(buffer)
