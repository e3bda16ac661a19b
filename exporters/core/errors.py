"""The closed set of reasons why a collector or check can fail, and the error raised for a bad configuration."""

from __future__ import annotations

import errno
import socket
import ssl
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum


class ErrorClass(StrEnum):
    """Why something could not be measured: the only values of the label `class` (no two causes share one)."""

    REFUSED = "refused"  # nothing is listening, or the network rejects the connection
    TIMEOUT = "timeout"  # no answer before the deadline, including a lock or statement timeout
    AUTH = "auth"  # the server rejected our credentials: user, password or certificate
    PERMISSION = "permission"  # logged in, but a privilege is missing
    TLS = "tls"  # handshake or certificate failed, or a TLS requirement is not met
    DNS = "dns"  # the name does not resolve
    PROTOCOL = "protocol"  # the peer sent something other than expected
    VERSION = "version"  # the server lacks a column, view, command or extension
    EXHAUSTED = "exhausted"  # the server has no connection, memory or slot left
    STARTING = "starting"  # the server is up but still loading its data or recovering
    READONLY = "readonly"  # a replica, which accepts no writes
    STORAGE = "storage"  # the server cannot write its own files, so it accepts no writes
    REPLICATION = "replication"  # the server is cut off from its primary, or has too few replicas
    CLUSTER = "cluster"  # the whole cluster is down, or does not serve this range of keys
    REDIRECT = "redirect"  # another node of the cluster is responsible for this key
    INTERNAL = "internal"  # a bug in the exporter


class CollectError(Exception):
    """A failure of known class; `detail` is for a person at a terminal, never for a label or a log."""

    def __init__(self, error_class: ErrorClass, detail: str = "") -> None:
        super().__init__(detail or error_class.value)
        self.error_class = error_class

    def copy(self) -> CollectError:
        """Return the same failure without its traceback.

        To be kept and raised again: a traceback holds every frame, with whatever was read there, and grows each time.
        """
        return CollectError(self.error_class, str(self))


@dataclass(frozen=True, slots=True)
class ConfigProblem:
    """One thing wrong in a file: the entry and, if known, its line; what was expected, and what was found."""

    file: str
    entry: str
    expected: str
    line: int | None = None

    def __str__(self) -> str:
        place = self.file if self.line is None else f"{self.file}:{self.line}"
        return ": ".join(part for part in (place, self.entry, self.expected) if part)


class ConfigError(Exception):
    """Every problem found in the configuration; the command prints them and exits with 2 without starting anything."""

    def __init__(self, problems: Sequence[ConfigProblem]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = tuple(problems)


class ProblemList:
    """Collects the problems of several readers, so that all of them are reported together."""

    def __init__(self, problems: Iterable[ConfigProblem] = ()) -> None:
        self.problems = list(problems)

    @contextmanager
    def collecting(self) -> Iterator[None]:
        """Keep the problems of a ConfigError raised in the block, and continue after it."""
        try:
            yield
        except ConfigError as error:
            self.problems += error.problems

    def raise_if_any(self) -> None:
        """Raise ConfigError with the problems so far, without duplicates, ordered by line."""
        if self.problems:
            raise ConfigError(sorted(dict.fromkeys(self.problems), key=lambda one: (one.file, one.line or 0)))


# The first matching class wins: subclasses are listed before OSError, their common base.
_NETWORK_ERRORS: tuple[tuple[type[BaseException] | tuple[type[BaseException], ...], ErrorClass], ...] = (
    (ssl.SSLError, ErrorClass.TLS),
    (socket.gaierror, ErrorClass.DNS),
    (TimeoutError, ErrorClass.TIMEOUT),
    ((ConnectionResetError, BrokenPipeError, EOFError), ErrorClass.PROTOCOL),
    (OSError, ErrorClass.REFUSED),
)


def classify_network_error(error: BaseException) -> ErrorClass:
    """Return the class of a socket, TLS or name-resolution error of the standard library, or of a CollectError."""
    if isinstance(error, CollectError):
        return error.error_class
    if isinstance(error, OSError) and error.errno in {errno.EMFILE, errno.ENFILE}:
        return ErrorClass.EXHAUSTED  # out of file descriptors
    return next((found for kinds, found in _NETWORK_ERRORS if isinstance(error, kinds)), ErrorClass.INTERNAL)
