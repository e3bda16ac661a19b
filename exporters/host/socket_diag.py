"""The TCP connections of this network, as the kernel lists them to any user: sock_diag(7), <linux/inet_diag.h>.

`ss` asks the same. An answer is only about the network that the process is in: that of its container, if it has one.
"""

from __future__ import annotations

import os
import socket
import struct
from collections.abc import Iterator
from typing import NamedTuple

from exporters.core.errors import CollectError, ErrorClass

_MOST_SOCKETS = 20_000  # of one sample
_TIMEOUT_SECONDS = 2.0
_NETLINK_SOCK_DIAG, _SOCK_DIAG_BY_FAMILY = 4, 20
_ERROR, _DONE = 2, 3  # NLMSG_ERROR, NLMSG_DONE
_REQUEST_DUMP = 0x301  # NLM_F_REQUEST | NLM_F_DUMP
_INET_DIAG_INFO = 2
_HEADER_BYTES, _MESSAGE_BYTES, _ATTRIBUTE_BYTES = 16, 72, 4
# Where a connection is: without those that listen, have ended, or are only half there (no numbers).
_STATES = sum(1 << state for state in (1, 2, 3, 4, 5, 8, 9, 11))
# In inet_diag_msg: the cookie, which names a socket for as long as it exists; its user; its inode, 0 without a process.
_COOKIE, _USER, _INODE = 44, 64, 68
# In tcp_info: tcpi_total_retrans, and tcpi_segs_out (Linux 4.2 and newer).
_RETRANSMITS, _SEGMENTS = 100, 136


class Connection(NamedTuple):
    """One connection: counts are since it began."""

    cookie: int
    user: int
    inode: int
    retransmits: int
    segments: int


def in_network_of_host(procfs: str) -> bool:
    """Return whether this process is in the network of the host's process 1. Raises OSError."""
    return os.stat(f"{procfs}/1/net/dev").st_ino == os.stat("/proc/self/net/dev").st_ino  # noqa: PTH116 - as procfs.py


def connections() -> Iterator[Connection]:
    """Yield the connections over IPv4 and IPv6.

    Raises OSError, or CollectError: protocol, or exhausted after the most that are read.
    """
    left = _MOST_SOCKETS
    for family in (socket.AF_INET, socket.AF_INET6):
        for connection in _dump(family):
            if left == 0:
                raise CollectError(ErrorClass.EXHAUSTED, f"more than {_MOST_SOCKETS} connections")
            left -= 1
            yield connection


def _dump(family: int) -> Iterator[Connection]:
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, _NETLINK_SOCK_DIAG) as sock:
        sock.settimeout(_TIMEOUT_SECONDS)
        body = struct.pack("=BBBxI", family, socket.IPPROTO_TCP, 1 << (_INET_DIAG_INFO - 1), _STATES) + bytes(48)
        sock.send(struct.pack("=IHHII", _HEADER_BYTES + len(body), _SOCK_DIAG_BY_FAMILY, _REQUEST_DUMP, 1, 0) + body)
        while True:
            for kind, message in _messages(sock.recv(64 * 1024)):
                if kind == _DONE:
                    return
                if kind == _ERROR:
                    number = -_signed(message)
                    raise OSError(number, os.strerror(number))
                if found := parsed(message):
                    yield found


def _messages(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield type and body of each message. Raises CollectError (protocol)."""
    at = 0
    while at + _HEADER_BYTES <= len(data):
        length, kind = struct.unpack_from("=IH", data, at)
        if not _HEADER_BYTES <= length <= len(data) - at:
            raise CollectError(ErrorClass.PROTOCOL, "a message of the kernel has an impossible length")
        yield kind, data[at + _HEADER_BYTES : at + length]
        at += _aligned(length)


def parsed(message: bytes) -> Connection | None:
    """Return the connection of a message; None for one without numbers, such as of an older kernel."""
    at = _MESSAGE_BYTES
    while at + _ATTRIBUTE_BYTES <= len(message):
        length, kind = struct.unpack_from("=HH", message, at)
        if length < _ATTRIBUTE_BYTES:
            return None
        info = message[at + _ATTRIBUTE_BYTES : at + length]
        if kind == _INET_DIAG_INFO and len(info) >= _SEGMENTS + 4:
            (cookie,) = struct.unpack_from("=Q", message, _COOKIE)
            user, inode = struct.unpack_from("=II", message, _USER)
            return Connection(cookie, user, inode, _number(info, _RETRANSMITS), _number(info, _SEGMENTS))
        at += _aligned(length)
    return None


def _aligned(length: int) -> int:
    return (length + 3) & ~3


def _number(data: bytes, at: int) -> int:
    (value,) = struct.unpack_from("=I", data, at)
    return int(value)


def _signed(data: bytes) -> int:
    (value,) = struct.unpack_from("=i", data.ljust(4, b"\0"))
    return int(value)
