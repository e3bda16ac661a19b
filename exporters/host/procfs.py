r"""Where the host's file systems are mounted, and how files in /proc and /sys are read.

Names in these files are bytes: text from here keeps bytes that are not UTF-8 as surrogates (os.fsencode restores them),
and `label` turns them into a valid label. Lines end only at \n and fields only at spaces: str.splitlines and str.split
break at a dozen more characters, all of which names may contain.
"""

from __future__ import annotations

import math
import os
import re
from collections.abc import Callable, Iterable
from typing import NamedTuple, TypeVar

from exporters.core.errors import CollectError, ErrorClass
from exporters.core.exposition import Family

_CHUNK_BYTES = 64 * 1024
_SURROGATE = re.compile("[\udc80-\udcff]")
_LOOKS_ESCAPED = re.compile(r"\\(?=x(?:[89a-f][0-9a-f]|5c))")
_NUMBERS = range(-(2**63), 2**64)  # what the kernel can print

Row = TypeVar("Row")


class Roots(NamedTuple):
    """The host's /proc, /sys and / as seen from here: mounted elsewhere in a container."""

    procfs: str
    sysfs: str
    rootfs: str

    def net(self, name: str) -> str:
        """Return the text of a file under /proc/net of process 1, whose network is the host's. Raises OSError."""
        try:
            return self.proc(f"1/net/{name}")
        except OSError:  # not readable, or process 1 is not visible here
            return self.proc(f"net/{name}")

    def proc(self, name: str) -> str:
        """Return the text of a file under /proc. Raises OSError."""
        return read_text(f"{self.procfs}/{name}")

    def sys(self, name: str) -> str:
        """Return the text of a file under /sys without its trailing newline. Raises OSError."""
        return read_text(f"{self.sysfs}/{name}").rstrip("\n")


def read_text(path: str) -> str:
    """Return the text of a small file. Raises OSError."""
    return decode(read_bytes(path))


def read_bytes(path: str) -> bytes:
    """Return a small file that the kernel generates: os.read costs a fifth of open(). Raises OSError."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        text = os.read(descriptor, _CHUNK_BYTES)
        part = text
        while part and len(text) >= 1024:  # a short file comes whole; a long one may come in pages
            part = os.read(descriptor, _CHUNK_BYTES)
            text += part
    finally:
        os.close(descriptor)
    return text


def exists(path: str) -> bool:
    """Return whether a file exists: a kernel without a feature lacks its file, which is not a failure."""
    return os.path.exists(path)  # noqa: PTH110 - a string, which the readers above expect


def decode(data: bytes) -> str:
    """Return text in which bytes that are not UTF-8 are surrogates."""
    return data.decode(errors="surrogateescape")


def label(text: str) -> str:
    r"""Return a label of valid UTF-8, with `\xfc` for an invalid byte. No two names have the same label."""
    text = _LOOKS_ESCAPED.sub(r"\\x5c", text) if "\\" in text else text
    return text if text.isascii() else _SURROGATE.sub(lambda found: f"\\x{ord(found[0]) - 0xDC00:x}", text)


def lines(text: str) -> list[str]:
    r"""Return the lines of a kernel file, whose last line ends with \n like all others."""
    return [line for line in text.split("\n") if line]


def fields(line: str) -> list[str]:
    """Return the fields of a line that the kernel pads with spaces."""
    return [field for field in line.split(" ") if field]


def number(text: str) -> int:
    """Return a number as printed by the kernel. Raises ValueError."""
    value = int(text)
    if value not in _NUMBERS:
        raise ValueError("more than 64 bits")
    return value


def finite(text: str) -> float:
    """Return a decimal fraction as printed by the kernel. Raises ValueError."""
    value = float(text)
    if not math.isfinite(value):
        raise ValueError("not a finite number")
    return value


def unique(families: Iterable[Family]) -> Iterable[Family]:
    """Return the families, only the last of each name: repeated lines in a file must not become repeated families."""
    return {family.name: family for family in families}.values()


class Table:
    """Reads a file line by line; a line that does not parse costs only itself, and is reported at the end."""

    def __init__(self, name: str) -> None:
        """Take the file's name, for the report."""
        self._name = name
        self._unread = 0

    def rows(self, text: Iterable[str], parse: Callable[[str], Row | None]) -> list[Row]:
        """Return the result of `parse` for each line; None, ValueError, KeyError and IndexError skip the line."""
        found = []
        for line in text:
            try:
                row = parse(line)
            except (ValueError, LookupError):
                self._unread += 1
                continue
            if row is not None:
                found.append(row)
        return found

    def report(self) -> None:
        """Raise CollectError of class protocol if lines were skipped as malformed; call it after the last family."""
        if self._unread:
            raise CollectError(ErrorClass.PROTOCOL, f"{self._unread} lines of {self._name} do not have the usual form")
