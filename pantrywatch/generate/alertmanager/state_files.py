"""The two files in which Alertmanager keeps its state, and with which it does not start if they are damaged."""

from __future__ import annotations

from pathlib import Path

# File → what is lost without it.
LOST = {
    "nflog": "notifications already sent may be sent again",
    "silences": "silences are lost: create those still needed again",
}
_ID_BYTES = 10  # of the longest varint in protobuf


def is_whole(file: Path) -> bool:
    """Return whether a file is a sequence of length-prefixed protobuf messages, as Alertmanager writes it."""
    try:
        content = file.read_bytes()
        position = 0
        while position < len(content):
            length, position = _number(content, position)
            if length == 0 or not _is_message(content[position : position + length], length):
                return False
            position += length
    except (OSError, ValueError):
        return False
    return True


def _is_message(content: bytes, length: int) -> bool:
    if len(content) < length:
        return False
    position = 0
    while position < length:
        tag, position = _number(content, position)
        kind = tag & 7
        if kind == 0:
            _, position = _number(content, position)
        elif kind == 2:
            size, position = _number(content, position)
            position += size
        elif kind in {1, 5}:
            position += 8 if kind == 1 else 4
        else:
            return False
    return position == length


def _number(content: bytes, position: int) -> tuple[int, int]:
    """Return the varint at this position, and where it ends. Raises ValueError."""
    value = 0
    for place in range(_ID_BYTES):
        if position >= len(content):
            break
        byte = content[position]
        position += 1
        value |= (byte & 0x7F) << (7 * place)
        if byte < 0x80:
            return value, position
    raise ValueError("expected a number")
