"""Looks at a few keys at a time, off the scrape, over one connection that is open during a round alone.

SCAN goes on where the last round ended, so after a while every key has been seen; MEMORY USAGE follows for each key.
Neither counts as a lookup. OBJECT does, in Redis 6.2 to 8 and Valkey: it adds to keyspace_hits and so to the hit ratio.
It is asked for few keys: at most one lookup for 200 of the application's.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from exporters.cache import replies as shapes
from exporters.cache.info import Info, number, pairs, parse_info
from exporters.cache.samples import KeyObject, Prefixes, Round, Samples
from exporters.cache.settings import SampleSettings
from exporters.core.deadline import Deadline
from exporters.core.errors import CollectError, ErrorClass, classify_network_error
from exporters.core.exposition import AnyFamily, Family
from exporters.core.redis_client import Command, Connection, RedisAddress, Reply, connect, pack
from exporters.core.redis_errors import ServerError
from exporters.core.scheduler import Periodic

logger = logging.getLogger(__name__)

COLLECTOR = "samples"
LOOKUP_SHARE = 0.005  # of the application's lookups: a hit ratio of 90 % is shown at most 0.05 points too high
_FIRST_LOOKUPS = 20  # before the application's are known
_AT_ONCE = 100  # keys in one message: the other clients wait for these, less than a millisecond
_PAUSE_SECONDS = 0.05  # between two messages
_ANSWER_SECONDS = 5.0
_SCAN_BYTES = 4 * 1024 * 1024
_INFO_BYTES = 256 * 1024
_SHORT_BYTES = 1024
_KEPT_INTERVALS = 3  # after this many intervals without success the estimates are stale and dropped
_NAME = ("CLIENT", "SETNAME", "pantrywatch-samples")
_INFO = tuple(("INFO", section) for section in ("stats", "memory", "keyspace"))

Ask = Callable[[Sequence[Command], int], list[Reply]]


class Stopped(Exception):  # noqa: N818 - no error: the exporter ends
    """The sampler was closed during a round."""


@dataclass(slots=True)
class _Lookups:
    """How many lookups the sampler may add, and has added."""

    allowed: float = float(_FIRST_LOOKUPS)
    total: int = 0
    _counted: float | None = None
    _own: int = 0

    def note(self, info: Info, most: int) -> None:
        """Take the server's count, and allow a share of what the application added to it since the last round."""
        counted = sum(number(info.fields.get(name)) or 0 for name in ("keyspace_hits", "keyspace_misses"))
        if self._counted is not None:
            added = counted - self._counted - (self.total - self._own)
            self.allowed = min(self.allowed + LOOKUP_SHARE * max(0.0, added), most)
        self._counted, self._own = counted, self.total

    def spend(self, lookups: int) -> None:
        self.allowed -= lookups
        self.total += lookups


class _Outcome(NamedTuple):
    """How the last round ended; replaced as a whole, so that a scrape never sees a partial one."""

    error: CollectError | None = None
    seconds: float = 0.0
    keys: int = 0
    succeeded_at: float | None = None  # wall clock
    ended: float = 0.0  # when one last succeeded, monotonic clock


@dataclass(slots=True)
class _Visit:
    """A round in progress."""

    found: Round = field(default_factory=Round)
    objects: list[KeyObject] = field(default_factory=list)
    keys: int = 0
    held: dict[str, Reply] = field(default_factory=dict)  # the first reply that needed a privilege


class KeySampler:
    """One thread; `started` is False in a process that only checks."""

    def __init__(self, name: str, settings: SampleSettings, address: Callable[[], RedisAddress]) -> None:
        """Take the settings, and the server's address, asked for in each round."""
        self._settings = settings
        self._address = address
        self._samples = Samples(Prefixes(settings.prefixes))
        self._lookups = _Lookups()
        self._cursor = b"0"
        self._outcome: _Outcome | None = None
        self._connection: Connection | None = None
        self._stopping = threading.Event()
        self._periodic = Periodic(f"samples-{name}", settings.interval_seconds, self._tick)
        self.replies: Mapping[str, Sequence[Reply]] = {}  # by privilege, of the last round
        self.started = False

    def start(self) -> None:
        """Start."""
        self.started = True
        self._periodic.start()

    def close(self) -> None:
        """Stop without waiting, and end the round in progress."""
        self._stopping.set()
        self._periodic.stop()
        if connection := self._connection:
            connection.close()

    def families(self) -> list[AnyFamily]:
        """Return the estimates and the cost of the last round; in a process that only checks, after one round now."""
        if not self.started:
            self._tick()
        outcome = self._outcome
        if outcome is None:
            return []
        is_kept = time.monotonic() - outcome.ended < _KEPT_INTERVALS * self._settings.interval_seconds
        estimates = self._samples.families() if is_kept and outcome.succeeded_at else ()
        return [*estimates, *_about(outcome), _lookups(self._lookups.total)]

    def error(self) -> CollectError | None:
        """Return why the last round failed."""
        outcome = self._outcome
        return outcome.error.copy() if outcome and outcome.error else None

    def probe(self, deadline: Deadline) -> Mapping[str, Sequence[Reply]]:
        """Return the replies by privilege to each command, for `validate`. Raises as `connect`."""
        connection = connect(self._address(), [_NAME], deadline)
        try:
            scan, memory, encoding = connection.exchange(
                pack([("SCAN", "0", "COUNT", "1"), _memory(b"pantrywatch"), ("OBJECT", "ENCODING", "pantrywatch")]),
                [_SCAN_BYTES, _SHORT_BYTES, _SHORT_BYTES],
                deadline,
            )
        finally:
            connection.close()
        return {"scan": [scan], "memory": [memory], "object": [encoding]}

    def _tick(self) -> None:
        start = time.monotonic()
        try:
            keys = self._round()
        except Stopped:
            return
        except Exception as failure:  # noqa: BLE001 - one failed round must not end the schedule
            if not self._stopping.is_set():
                self._fail(failure, time.monotonic() - start)
            return
        now = time.monotonic()
        self._outcome = _Outcome(None, now - start, keys, time.time(), now)

    def _fail(self, failure: Exception, seconds: float) -> None:
        before = self._outcome or _Outcome()
        self._outcome = _Outcome(_known(failure), seconds, before.keys, before.succeeded_at, before.ended)

    def _round(self) -> int:
        """Look at keys until there are enough, or all have been seen; return how many it were."""
        connection = connect(self._address(), [_NAME], Deadline.after(_ANSWER_SECONDS))
        self._connection = connection

        def ask(commands: Sequence[Command], limit: int) -> list[Reply]:
            if self._stopping.is_set():
                raise Stopped
            limits = [limit] * len(commands)
            return connection.exchange(pack(commands), limits, Deadline.after(_ANSWER_SECONDS)) if commands else []

        try:
            return self._look(ask)
        finally:
            self._connection = None
            connection.close()

    def _look(self, ask: Ask) -> int:
        if self._settings.database:
            shapes.text(ask([("SELECT", str(self._settings.database))], _SHORT_BYTES)[0])
        info = parse_info(b"\r\n".join(shapes.data(reply) for reply in ask(_INFO, _INFO_BYTES)))
        self._lookups.note(info, self._settings.keys)
        by_frequency = "lfu" in info.fields.get("maxmemory_policy", "")
        visit, begin = _Visit(), self._cursor
        try:
            while visit.keys < self._settings.keys:
                self._batch(ask, visit, by_frequency=by_frequency)
                if self._cursor == b"0":
                    break
                self._stopping.wait(_PAUSE_SECONDS)
        finally:
            self.replies = {privilege: [reply] for privilege, reply in visit.held.items()}
        whole = begin == self._cursor == b"0"
        total = visit.keys if whole else _keys_of(info, self._settings.database)
        self._samples.add(visit.found, visit.objects, total, whole=whole)
        return visit.keys

    def _batch(self, ask: Ask, visit: _Visit, *, by_frequency: bool) -> None:
        (reply,) = ask([("SCAN", self._cursor, "COUNT", str(_AT_ONCE))], _SCAN_BYTES)
        visit.held["scan"] = reply
        cursor, listed = shapes.items(reply, 2)[:2]
        keys = [shapes.data(key) for key in shapes.items(listed)]
        sizes = self._sizes(ask, visit, keys)
        for key, size in zip(keys, sizes, strict=True):
            visit.found.add(self._samples.prefixes.of(key), size)
        known = [(key, size) for key, size in zip(keys, sizes, strict=True) if size is not None]
        visit.objects += self._objects(ask, visit, known, by_frequency=by_frequency)
        visit.keys += len(keys)
        self._cursor = shapes.data(cursor)

    def _sizes(self, ask: Ask, visit: _Visit, keys: Sequence[bytes]) -> list[int | None]:
        """Return the memory of each key; None for one that is gone, or where the login may not ask."""
        answers = _asked(ask, visit, "memory", [_memory(key) for key in keys])
        return [answer if type(answer) is int else None for answer in answers] or [None] * len(keys)

    def _objects(
        self, ask: Ask, visit: _Visit, keys: Sequence[tuple[bytes, int]], *, by_frequency: bool
    ) -> list[KeyObject]:
        """Return the encoding of some of the keys, as many as lookups are allowed."""
        questions = ("ENCODING", "FREQ") if by_frequency else ("ENCODING",)
        asked = keys[: max(0, int(self._lookups.allowed / len(questions)))]
        commands: list[Command] = [("OBJECT", question, key) for key, _ in asked for question in questions]
        answers = _asked(ask, visit, "object", commands)
        self._lookups.spend(len(answers))
        return list(self._read(asked, answers, len(questions))) if answers else []

    def _read(self, asked: Sequence[tuple[bytes, int]], answers: Sequence[Reply], each: int) -> Iterator[KeyObject]:
        for position, (key, size) in enumerate(asked):
            encoding, *frequency = answers[position * each : (position + 1) * each]
            if type(encoding) is not bytes:  # the key is gone
                continue
            is_counted = bool(frequency) and type(frequency[0]) is int
            yield KeyObject(
                self._samples.prefixes.of(key), shapes.text(encoding), size, frequency[0] if is_counted else None
            )


def _memory(key: bytes) -> Command:
    return ("MEMORY", "USAGE", key, "SAMPLES", "5")


def _asked(ask: Ask, visit: _Visit, privilege: str, commands: Sequence[Command]) -> list[Reply]:
    """Return the replies, none where the login lacks the privilege: that is asked once in a round.

    Each refusal counts as an error on the server.
    """
    first: list[Reply] = []
    if commands and privilege not in visit.held:
        first = ask(commands[:1], _SHORT_BYTES)
        visit.held[privilege] = first[0]
    held = visit.held.get(privilege)
    if isinstance(held, ServerError) and held.lacks_command:
        return []
    return [*first, *ask(commands[len(first) :], _SHORT_BYTES)]


def _keys_of(info: Info, database: int) -> int:
    return sum(int(number(pairs(value).get("keys")) or 0) for name, value in info.keyspace if name == f"db{database}")


def _known(failure: Exception) -> CollectError:
    if isinstance(failure, CollectError):
        return failure.copy()
    error_class = classify_network_error(failure)
    if error_class is ErrorClass.INTERNAL:
        logger.error("samples error=%s", type(failure).__name__)
    return CollectError(error_class, type(failure).__name__)


def _about(outcome: _Outcome) -> Iterator[Family]:
    """Yield the metrics that background queries of databases have as well."""

    def family(suffix: str, text: str, value: float) -> Family:
        labels = ("exporter", "query")
        return Family(f"pantrywatch_query_{suffix}", "gauge", text, labels, [(("cache", COLLECTOR), value)])

    success = int(outcome.error is None)
    yield family("success", "Whether the last run of a background query succeeded (1) or not.", success)
    yield family("duration_seconds", "Time the last run of a background query took.", outcome.seconds)
    text = "Rows that the last successful run of a background query returned."
    yield family("rows", text, outcome.keys)
    if outcome.succeeded_at is not None:
        text = "When a background query last succeeded."
        yield family("last_success_timestamp_seconds", text, outcome.succeeded_at)


def _lookups(total: int) -> Family:
    text = "Lookups that the sampling added to keyspace_hits and keyspace_misses, at most 0.5 % of the application's."
    return Family("pantrywatch_cache_sample_lookups_total", "counter", text, (), [((), total)])
