"""TCP connects of checks: how long each took, how it ended, and what the kernel had to send again.

The kernel's own numbers are those of TCP_INFO, tcp(7): `struct tcp_info` of <linux/tcp.h>, which only grows at its end.
"""

from __future__ import annotations

import errno
import os
import socket
import struct
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal, NamedTuple

Outcome = Literal["connected", "refused", "timeout", "unreachable", "other"]

_UNREACHABLE = frozenset({errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ENETDOWN, errno.EHOSTDOWN})
# Offsets in bytes: tcpi_state, tcpi_rtt and tcpi_total_retrans (Linux 2.6.12 and newer).
_STATE, _ROUND_TRIP, _RETRANSMITS = 0, 68, 100
_LENGTH = 104
_NOT_CONNECTED = frozenset({2, 7})  # TCP_SYN_SENT, TCP_CLOSE


class TcpInfo(NamedTuple):
    """What the kernel knows of a socket; the round trip is 0 before it is connected."""

    connected: bool
    round_trip_seconds: float
    retransmits: int


class Connect(NamedTuple):
    """One attempt to connect to one address; `info` is None where the kernel does not say."""

    outcome: Outcome
    seconds: float
    info: TcpInfo | None


def tcp_info(descriptor: int) -> TcpInfo | None:
    """Return the kernel's numbers of a socket; None for another socket or another system than Linux."""
    if not hasattr(socket, "TCP_INFO"):
        return None
    try:
        with socket.socket(fileno=os.dup(descriptor)) as sock:
            raw = sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _LENGTH)
    except OSError:
        return None
    if len(raw) < _LENGTH:
        return None
    return TcpInfo(raw[_STATE] not in _NOT_CONNECTED, _number(raw, _ROUND_TRIP) / 1e6, _number(raw, _RETRANSMITS))


def _number(raw: bytes, offset: int) -> int:
    (value,) = struct.unpack_from("=I", raw, offset)
    return int(value)


@contextmanager
def noted(descriptor: int, connects: list[Connect]) -> Iterator[None]:
    """Note the connect in the block: its OSError says how it ended; without one it is connected."""
    begun = time.monotonic()
    outcome: Outcome = "connected"
    try:
        yield
    except OSError as error:
        outcome = outcome_of(error)
        raise
    finally:
        connects.append(Connect(outcome, time.monotonic() - begun, tcp_info(descriptor)))


def outcome_of(error: OSError) -> Outcome:
    """Return how a connect ended that raised this error."""
    if isinstance(error, TimeoutError):
        return "timeout"
    if isinstance(error, ConnectionRefusedError):
        return "refused"
    return "unreachable" if error.errno in _UNREACHABLE else "other"
