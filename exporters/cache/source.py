"""One Redis or Valkey server as a source: one kept connection, one round trip a scrape."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass

from exporters.cache import families, privileges
from exporters.cache.address import Address, address_of
from exporters.cache.connection import Connection, Reply, ServerError, pack
from exporters.cache.info import Info, parse_info
from exporters.cache.settings import Section
from exporters.core.cardinality import LabelLimit
from exporters.core.deadline import Deadline
from exporters.core.errors import CollectError, ConfigError, ConfigProblem, ErrorClass, classify_network_error
from exporters.core.scrape import Finding, Run, Source, Up

# Collector → the commands it needs, all sent in one go. A name in LATENCY's or CONFIG's replies costs next to nothing;
# SCAN and its like, which cost the server's one thread, are nowhere here.
_COMMANDS: dict[str, tuple[tuple[str, ...], ...]] = {
    "info": (("INFO", "ALL"),),
    "config": tuple(("CONFIG", "GET", name) for name in ("databases", "io-threads", "maxclients", "maxmemory")),
    "slowlog": (("SLOWLOG", "LEN"), ("SLOWLOG", "GET", "1")),
    "latency": (("LATENCY", "LATEST"),),
    "latency_histogram": (("LATENCY", "HISTOGRAM"),),
}
_OWN_COMMANDS = {
    "info",
    "config|get",
    "slowlog|len",
    "slowlog|get",
    "latency|latest",
    "latency|histogram",
    "client|setname",
}
_NEED_INFO = ("replication", "keyspace", "commands")


def sources(section: Section, settings_file: str) -> list[Source]:
    """Return one source for each server in the settings. Raises ConfigError with every fault."""
    found: list[Source] = []
    faults: list[ConfigProblem] = []
    for index, target in enumerate(section):
        try:
            found.append(CacheSource(target.name, address_of(target, f"cache[{index}]", settings_file)))
        except ConfigError as error:
            faults += error.problems
    if faults:
        raise ConfigError(faults)
    return found


@dataclass(slots=True)
class _Session:
    """A connection, the commands worth sending on it, and what the server said to the others."""

    connection: Connection
    asked: tuple[str, ...]
    packed: bytes
    refused: dict[str, ServerError]


class CacheSource:
    """Scrapes one server; the connection stays open between scrapes."""

    exporter = "cache"
    up: Up | None = Up("redis_up", "Whether the server answered INFO in this scrape (1) or not (0).")

    def __init__(self, target: str, address: Address) -> None:
        """Take the server; nothing is connected before the first scrape."""
        self.target = target
        self._address = address
        self._session: _Session | None = None
        self._closing = threading.Lock()
        self._commands = LabelLimit("cmd", 100)
        self._errors = LabelLimit("err", 50)
        self._databases = LabelLimit("db", 64)
        self._events = LabelLimit("event_name", 50)
        self._replicas = LabelLimit("slave", 32)

    def start(self) -> None:
        """Nothing runs in the background."""

    def collect(self, run: Run) -> None:
        """Ask everything in one round trip, then turn each reply into families on its own."""
        replies: dict[str, list[Reply]] | None = None
        with run.collector("connection"):
            replies = self._ask(run)
        if replies is None:
            return
        info = self._info(run, replies["info"])
        databases = self._configuration(run, replies["config"])
        if info:
            self._from_info(run, info, databases)
        self._slow_log(run, replies["slowlog"])
        self._latency(run, replies, info)
        run.add(
            privileges.granted(replies),
            families.dropped((self._commands, self._errors, self._databases, self._events, self._replicas)),
        )

    def classify(self, error: BaseException) -> ErrorClass:
        """Return the class of a server's error reply, or of a network error."""
        return error.error_class if isinstance(error, ServerError) else classify_network_error(error)

    def collectors(self) -> Sequence[str]:
        """Return the names that `check` accepts."""
        return (*_COMMANDS, *_NEED_INFO)

    def validate(self, deadline: Deadline) -> list[Finding]:
        """Log in and try every command the exporter uses."""
        try:
            session = self._session or self._connect(deadline)
            replies = self._exchange(session, deadline)
        except Exception as error:  # noqa: BLE001 - whatever hinders it is the finding
            self.close()
            return [privileges.unreachable(self.classify(error))]
        return privileges.findings(replies, self._address.username)

    def close(self) -> None:
        """Close the connection, also from another thread."""
        with self._closing:
            session, self._session = self._session, None
        if session:
            session.connection.close()

    def _ask(self, run: Run) -> dict[str, list[Reply]]:
        """Return the replies by collector; a kept connection that turns out to be dead is replaced once."""
        try:
            if self._session:
                try:
                    return self._exchange(self._session, run.deadline)
                except (EOFError, ConnectionError):
                    self.close()  # the server was restarted, or closed an idle connection: connect and ask again
            self._session = self._connect(run.deadline)
            return self._exchange(self._session, run.deadline)
        except BaseException as error:
            self.close()
            run.add(families.last_scrape_error(self.classify(error)))
            raise

    def _connect(self, deadline: Deadline) -> _Session:
        asked = tuple(_COMMANDS)
        connection = Connection(self._address, deadline)
        return _Session(connection, asked, _packed(asked), {})

    def _exchange(self, session: _Session, deadline: Deadline) -> dict[str, list[Reply]]:
        wanted = sum(len(_COMMANDS[collector]) for collector in session.asked)
        flat = iter(session.connection.exchange(session.packed, wanted, deadline))
        replies: dict[str, list[Reply]] = {
            collector: [next(flat) for _ in _COMMANDS[collector]] for collector in session.asked
        }
        for collector, parts in replies.items():
            missing = next((part for part in parts if _is_unknown(part)), None)
            if missing is not None:
                # A command this server does not have: asking again would only count as an error over there.
                session.refused[collector] = missing
                session.asked = tuple(name for name in session.asked if name != collector)
                session.packed = _packed(session.asked)
        return replies | {collector: [error] for collector, error in session.refused.items()}

    def _info(self, run: Run, replies: list[Reply]) -> Info | None:
        info = None
        with run.collector("info"):
            parsed = parse_info(_text(replies[0]))
            if "uptime_in_seconds" not in parsed.fields:
                raise CollectError(ErrorClass.PROTOCOL, "INFO without an uptime")
            if run.wants("info"):
                run.add(*families.server(parsed), families.errors(parsed.errors, self._errors))
            run.mark_up()
            info = parsed
        run.add(families.last_scrape_error(run.error_of("info") or ""))
        return info

    def _configuration(self, run: Run, replies: list[Reply]) -> int:
        databases = 0
        with run.collector("config"):
            found, databases = families.configuration([_list(reply) for reply in replies])
            if run.wants("config"):
                run.add(*found)
        return databases

    def _from_info(self, run: Run, info: Info, databases: int) -> None:
        if run.wants("replication"):
            with run.collector("replication"):
                run.add(*families.replication(info.fields, self._replicas))
        if run.wants("keyspace"):
            with run.collector("keyspace"):
                run.add(*families.keyspace(info.keyspace, databases, self._databases))
        if run.wants("commands"):
            with run.collector("commands"):
                run.add(*families.commands(info.commands, self._commands))

    def _slow_log(self, run: Run, replies: list[Reply]) -> None:
        if run.wants("slowlog"):
            with run.collector("slowlog"):
                run.add(*families.slow_log(int(_checked(replies[0])), _list(replies[-1])))

    def _latency(self, run: Run, replies: dict[str, list[Reply]], info: Info | None) -> None:
        if run.wants("latency"):
            with run.collector("latency"):
                run.add(*families.latency_spikes(_list(replies["latency"][0]), self._events))
        histogram = replies["latency_histogram"][0]
        # Redis 6 has none: that is an older server, not a failure.
        if info and run.wants("latency_histogram") and not _is_unknown(histogram):
            with run.collector("latency_histogram"):
                run.add(families.latency_histogram(_list(histogram), info.commands, self._commands, _OWN_COMMANDS))


def _packed(collectors: Sequence[str]) -> bytes:
    return pack([command for collector in collectors for command in _COMMANDS[collector]])


def _is_unknown(reply: Reply) -> bool:
    return isinstance(reply, ServerError) and reply.error_class is ErrorClass.VERSION


def _checked(reply: Reply) -> Reply:
    if isinstance(reply, ServerError):
        raise reply
    return reply


def _text(reply: Reply) -> str:
    reply = _checked(reply)
    if not isinstance(reply, bytes):
        raise CollectError(ErrorClass.PROTOCOL, "INFO without a text")
    return reply.decode(errors="replace")


def _list(reply: Reply) -> list[Reply]:
    reply = _checked(reply)
    if not isinstance(reply, list):
        raise CollectError(ErrorClass.PROTOCOL, "a list was expected")
    return reply
