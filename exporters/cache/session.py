"""What the exporter asks a server on its persistent connection, in one round trip, and what it no longer asks."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Final, NamedTuple

from exporters.core.deadline import Deadline
from exporters.core.errors import ErrorClass
from exporters.core.redis_client import RedisAddress, Reply, connect, pack
from exporters.core.redis_errors import ServerError

_CLIENT_NAME = "pantrywatch"
_KIB, _MIB = 1024, 1024 * 1024
_ENTRY_BYTES = 8 * _KIB  # the largest entry of a slow log: 32 words of 128 bytes each, client and numbers
# A command that the login may not use is retried after this long: it may have been granted. Each attempt counts as an
# error on the server, and appears in its ACL LOG.
_ASK_AGAIN_SECONDS = 60.0


class _Question(NamedTuple):
    """A command of a collector, and the maximum size of its reply in bytes."""

    collector: str
    command: tuple[str, ...]
    limit_bytes: int


# A name in the replies of LATENCY or CONFIG costs next to nothing; commands like SCAN, which occupy the server's only
# thread, are not used on a scrape. INFO of a server with every module has about 70 kB, the histograms of 300 commands
# about 200 kB.
QUESTIONS: Final = (
    _Question("info", ("INFO", "ALL"), 2 * _MIB),
    *(
        _Question("config", ("CONFIG", "GET", name), 4 * _KIB)
        for name in ("databases", "io-threads", "maxclients", "maxmemory")
    ),
    _Question("slowlog", ("SLOWLOG", "LEN"), _KIB),
    _Question("slowlog", ("SLOWLOG", "GET", "1"), 64 * _KIB),
    _Question("latency", ("LATENCY", "LATEST"), 64 * _KIB),
    _Question("latency_histogram", ("LATENCY", "HISTOGRAM"), _MIB),
)
COLLECTORS: Final = tuple(dict.fromkeys(question.collector for question in QUESTIONS))
# What the exporter itself adds to the server's command statistics.
OWN_COMMANDS: Final = frozenset(
    {
        *("|".join(question.command[:2]).lower() for question in QUESTIONS if question.collector != "info"),
        "info",
        "client|setname",
        "memory|usage",
        "object|encoding",
        "object|freq",
    }
)

Replies = Mapping[str, list[Reply]]


class Session:
    """A logged-in connection; commands that the server lacks, or the login may not use, are not sent each time."""

    def __init__(self, address: RedisAddress, deadline: Deadline, clock: Callable[[], float] = time.monotonic) -> None:
        """Connect and log in. Raises CollectError and the errors of socket and ssl."""
        # For CLIENT LIST; a server may refuse it without consequence.
        self._connection = connect(address, [("CLIENT", "SETNAME", _CLIENT_NAME)], deadline)
        self._clock = clock
        self._refused: dict[_Question, tuple[float, ServerError]] = {}
        self._asked: tuple[_Question, ...] = ()
        self._packed = b""

    def ask(self, deadline: Deadline) -> Replies:
        """Return the replies by collector, including error replies; commands not asked again have their last error.

        Raises CollectError, TimeoutError, EOFError and ConnectionError.
        """
        now = self._clock()
        self._refused = {question: (until, error) for question, (until, error) in self._refused.items() if until > now}
        self._prepare(tuple(question for question in QUESTIONS if question not in self._refused))
        limits = [question.limit_bytes for question in self._asked]
        answers = dict(zip(self._asked, self._connection.exchange(self._packed, limits, deadline), strict=True))
        for question, answer in answers.items():
            # Without INFO there are no metrics: it is asked each time, to recover immediately.
            if isinstance(answer, ServerError) and answer.lacks_command and question.collector != "info":
                final = answer.error_class is ErrorClass.VERSION  # an upgrade ends the connection
                self._refused[question] = (float("inf") if final else now + _ASK_AGAIN_SECONDS, answer)
        replies: dict[str, list[Reply]] = {collector: [] for collector in COLLECTORS}
        for question in QUESTIONS:
            answer = answers[question] if question in answers else self._refused[question][1]
            replies[question.collector].append(answer)
        return replies

    def slow_log(self, entries: int, deadline: Deadline) -> Reply:
        """Return the newest entries of the slow log. Raises as `ask`; the connection is unusable afterwards."""
        packed = pack([("SLOWLOG", "GET", str(entries))])
        return self._connection.exchange(packed, [_KIB + entries * _ENTRY_BYTES], deadline)[0]

    def close(self) -> None:
        """Close the connection, also from another thread."""
        self._connection.close()

    def _prepare(self, asked: tuple[_Question, ...]) -> None:
        if asked != self._asked:
            self._asked, self._packed = asked, pack([question.command for question in asked])
