"""Shapes of replies: a reply of a shape other than the command promises is a protocol error."""

from __future__ import annotations

from exporters.core.errors import CollectError, ErrorClass
from exporters.core.redis_client import Reply
from exporters.core.redis_errors import ServerError

_LARGEST_COUNT = 2**64


def text(reply: Reply) -> str:
    """Return a text. Raises ServerError and CollectError (protocol)."""
    return data(reply).decode(errors="replace")


def data(reply: Reply) -> bytes:
    """Return the bytes of a text. Raises ServerError and CollectError (protocol)."""
    if type(reply) is bytes:
        return reply
    raise _refusal(reply, "a text")


def count(reply: Reply) -> int:
    """Return a whole number. Raises ServerError and CollectError (protocol)."""
    if type(reply) is int and abs(reply) < _LARGEST_COUNT:
        return reply
    raise _refusal(reply, "a number")


def items(reply: Reply, least: int = 0) -> list[Reply]:
    """Return a list of at least this many entries. Raises ServerError and CollectError (protocol)."""
    if type(reply) is list and len(reply) >= least:
        return reply
    raise _refusal(reply, "a list")


def twos(reply: Reply) -> list[tuple[Reply, Reply]]:
    """Return a flat list of names and values as pairs. Raises ServerError and CollectError (protocol)."""
    flat = items(reply)
    if len(flat) % 2:
        raise _refusal(reply, "names and values")
    return list(zip(flat[::2], flat[1::2], strict=True))


def _refusal(reply: Reply, expected: str) -> CollectError:
    if isinstance(reply, ServerError):
        return reply
    return CollectError(ErrorClass.PROTOCOL, f"a reply of another kind than expected: {expected}")
