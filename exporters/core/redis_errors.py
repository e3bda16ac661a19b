"""Why a Redis or Valkey server answered with an error: one table for the cache exporter and the `redis` check.

Sources: the error replies in src/server.c, src/acl.c, src/networking.c, src/cluster.c, src/script.c and src/sentinel.c
of Redis 6.2 to 8 and Valkey 7.2 to 9, and the wording of KeyDB, Dragonfly and of managed services that remove commands.
"""

from __future__ import annotations

import re
from typing import Final

from exporters.core.errors import CollectError, ErrorClass

# Code (the first word of an error reply) → class, and its meaning in our own words.
_BY_CODE: Final[dict[str, tuple[ErrorClass, str]]] = {
    "NOAUTH": (ErrorClass.AUTH, "the server asks for a password"),
    "WRONGPASS": (ErrorClass.AUTH, "wrong user or password, or the user is disabled"),
    "NOPERM": (ErrorClass.PERMISSION, "the login may not use this command, key or channel"),
    "DENIED": (ErrorClass.REFUSED, "protected mode: only clients on the server's own machine are let in"),
    "OOM": (ErrorClass.EXHAUSTED, "maxmemory is reached and nothing may be evicted: no writes"),
    "BUSY": (ErrorClass.TIMEOUT, "a script or module command holds up all others"),
    "UNKILLABLE": (ErrorClass.TIMEOUT, "a script that has written holds up all others and cannot be ended"),
    "LOADING": (ErrorClass.STARTING, "the server is loading its data"),
    "READONLY": (ErrorClass.READONLY, "a read-only replica takes no writes: write to its primary"),
    "MISCONF": (ErrorClass.STORAGE, "the server cannot save its data to disk and takes no writes until it can"),
    "IOERR": (ErrorClass.STORAGE, "the server's own input or output failed"),
    "MASTERDOWN": (ErrorClass.REPLICATION, "a replica without its primary does not serve old data"),
    "NOMASTERLINK": (ErrorClass.REPLICATION, "a replica has no link to its primary"),
    "NOREPLICAS": (ErrorClass.REPLICATION, "fewer good replicas than min-replicas-to-write: no writes"),
    "NOGOODSLAVE": (ErrorClass.REPLICATION, "no replica is fit to become primary"),
    "NOQUORUM": (ErrorClass.REPLICATION, "too few Sentinels are reachable"),
    "CLUSTERDOWN": (ErrorClass.CLUSTER, "the cluster is down, or no node serves the slot of the key"),
    "MOVED": (ErrorClass.REDIRECT, "another node of the cluster owns the slot of the key"),
    "ASK": (ErrorClass.REDIRECT, "the slot of the key is moving to another node"),
    "TRYAGAIN": (ErrorClass.REDIRECT, "the slot of the keys is moving to another node"),
    "REDIRECT": (ErrorClass.REDIRECT, "a replica sends its clients to the primary"),
    "CROSSSLOT": (ErrorClass.PROTOCOL, "the keys of one command are of different slots"),
    "EXECABORT": (ErrorClass.PROTOCOL, "a transaction was discarded"),
    "NOSCRIPT": (ErrorClass.PROTOCOL, "the server does not know this script"),
    "NOTBUSY": (ErrorClass.PROTOCOL, "no script is running"),
    "WRONGTYPE": (ErrorClass.PROTOCOL, "the key holds another type of value"),
    "NOPROTO": (ErrorClass.VERSION, "the server does not speak this version of the protocol"),
}
# Errors with the generic code, or without one.
_BY_TEXT: Final = tuple(
    (re.compile(pattern, re.IGNORECASE), error_class, meaning)
    for pattern, error_class, meaning in (
        (r"db index|select is not allowed", ErrorClass.PROTOCOL, "the server has no database of this number"),
        (
            r"unknown (sub)?command|\b(disabled|unsupported|(not|no longer) (available|supported|enabled))\b",
            ErrorClass.VERSION,
            "the server does not have this command: an older release, or it was removed",
        ),
        (r"max number of clients", ErrorClass.EXHAUSTED, "the server accepts no more clients (maxclients)"),
        (r"out of memory", ErrorClass.EXHAUSTED, "the server is out of memory"),
        (
            r"invalid password|operation not permitted|without any password|no password is set",
            ErrorClass.AUTH,
            "the server does not accept the password",
        ),
        (r"no permission", ErrorClass.PERMISSION, "the login may not do this"),
    )
)
# Sent to a connection that is closed immediately, instead of the reply to any command.
_FAREWELLS: Final = ("DENIED ", "ERR max number of clients")
_CODE = re.compile(r"[A-Z][A-Z0-9_]*(?= |$)")
_CAUSE = re.compile(r"discarded because of: (.+)", re.DOTALL)


class ServerError(CollectError):
    """An error reply. The exception's text is written here: the server's may repeat arguments, such as a password."""

    def __init__(self, text: str) -> None:
        """Take the text of the reply without its leading `-`."""
        text = text.lstrip("-")  # some servers send one dash too many
        code, error_class, meaning = _meaning(text)
        super().__init__(error_class, f"{code}: {meaning}" if code else meaning)
        self.code = code
        self.text = text

    @property
    def is_farewell(self) -> bool:
        """Whether the server closes the connection after this reply, whatever the command was."""
        return self.text.startswith(_FAREWELLS)

    @property
    def lacks_command(self) -> bool:
        """Whether the server lacks the command, or the login may not use it: asking again will not help."""
        return self.error_class in {ErrorClass.VERSION, ErrorClass.PERMISSION}

    def at_login(self) -> CollectError:
        """Return the error as the answer to a login: without a specific cause, the login is not accepted."""
        if self.error_class in {ErrorClass.PROTOCOL, ErrorClass.VERSION}:
            return CollectError(ErrorClass.AUTH, "the server does not accept the login")
        return self


def _meaning(text: str) -> tuple[str, ErrorClass, str]:
    """Return code, class and meaning of an error reply."""
    cause = _CAUSE.search(text)
    if cause:  # a failed transaction: the reason is what counts
        return _meaning(cause[1])
    found = _CODE.match(text)
    code = found[0][:40] if found else ""
    if code in _BY_CODE:
        return code, *_BY_CODE[code]
    # Only the first words: arguments follow after them.
    for pattern, error_class, meaning in _BY_TEXT:
        if pattern.search(text[:120]):
            return code, error_class, meaning
    return code, ErrorClass.PROTOCOL, "the server answered with an unknown error"
