"""A TCP connection, with optional text to send and an expected answer."""

from __future__ import annotations

import re
import socket
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Literal

from exporters.core.checks.check import Entry, Observation, Probe
from exporters.core.deadline import Deadline
from exporters.core.errors import CollectError, ErrorClass
from exporters.core.field_checks import expect_address, expect_regex, host_and_port, optional
from exporters.synthetic.dependency import ConnectingCheck
from exporters.synthetic.sockets import Stream, connect

_MAXIMUM_ANSWER_BYTES = 64 * 1024
_GROWTH = 1.25
_PAUSE_SECONDS = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class TcpCheck(ConnectingCheck):
    """Passes if the connection opens and, with `expect`, what comes back matches it."""

    kind: Annotated[Literal["tcp"], "A TCP connection."]
    address: Annotated[str, "`host:port` to connect to.", expect_address]
    send: Annotated[str | None, "A text to send first."] = None
    expect: Annotated[str | None, "A regular expression that the answer must match.", optional(expect_regex)] = None


def prepare(settings: TcpCheck, _entry: Entry) -> Probe:
    """Return the check."""
    expected = re.compile(settings.expect) if settings.expect else None
    return partial(_check, host_and_port(settings.address), (settings.send or "").encode(), expected)


def _check(
    address: tuple[str, int],
    question: bytes,
    expected: re.Pattern[str] | None,
    observation: Observation,
    deadline: Deadline,
) -> None:
    with connect(*address, observation, deadline) as sock:
        observation.set("probe_failed_due_to_regex", 0)
        with observation.phase("transfer"):
            if question:
                Stream(sock, deadline).sendall(question)
            if expected and not _comes(expected, sock, deadline):
                observation.set("probe_failed_due_to_regex", 1)
                raise CollectError(ErrorClass.PROTOCOL, "the answer does not match expect")


def _comes(expected: re.Pattern[str], sock: socket.socket, deadline: Deadline) -> bool:
    """Return whether the answer matches before its end.

    What comes byte by byte is searched when it has grown by a share, and when there is a pause: not at each byte.
    """
    answer, buffer, searched, ended = bytearray(), memoryview(bytearray(4096)), 0, False
    while not ended:
        try:
            count = Stream(sock, _pause(deadline) if len(answer) > searched else deadline).recv_into(buffer)
        except TimeoutError:
            if len(answer) == searched:
                raise
        else:
            answer += buffer[:count]
            ended = count == 0 or len(answer) >= _MAXIMUM_ANSWER_BYTES
            if not ended and len(answer) < _GROWTH * searched:
                continue
        searched = len(answer)
        if expected.search(answer.decode("utf-8", "replace")):
            return True
    return False


def _pause(deadline: Deadline) -> Deadline:
    return Deadline.after(min(_PAUSE_SECONDS, deadline.remaining()))
