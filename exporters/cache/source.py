"""One Redis or Valkey server as a source: one persistent connection, one round trip per scrape."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

from exporters.cache import families, latency, privileges, replication
from exporters.cache import replies as shapes
from exporters.cache.address import followed
from exporters.cache.info import Info, parse_info
from exporters.cache.sampler import COLLECTOR as SAMPLES
from exporters.cache.sampler import KeySampler
from exporters.cache.session import COLLECTORS, OWN_COMMANDS, Replies, Session
from exporters.cache.settings import Section
from exporters.cache.slow_log import SlowLog
from exporters.core.cardinality import LabelLimit
from exporters.core.deadline import Deadline
from exporters.core.errors import ConfigError, ConfigProblem, ErrorClass, classify_network_error
from exporters.core.redis_client import RedisAddress, Reply
from exporters.core.redis_errors import ServerError
from exporters.core.scrape import Finding, Run, Source, Up

_LACKING = {ErrorClass.PERMISSION, ErrorClass.VERSION}
_FROM_INFO = ("replication", "sentinel", "keyspace", "commands")


def sources(section: Section, settings_file: str) -> list[Source]:
    """Return one source for each server in the settings. Raises ConfigError with every problem."""
    found: list[Source] = []
    problems: list[ConfigProblem] = []
    for index, target in enumerate(section):
        try:
            address = followed(target, f"cache[{index}]", settings_file)
            sampler = KeySampler(target.name, target.samples, address) if target.samples else None
            found.append(CacheSource(target.name, address, sampler))
        except ConfigError as error:
            problems += error.problems
    if problems:
        raise ConfigError(problems)
    return found


class CacheSource:
    """Scrapes one server; the connection stays open between scrapes. Samples of keys have one of their own."""

    exporter = "cache"
    up: Up | None = Up("redis_up", "Whether the server answered INFO in this scrape (1) or not (0).")

    def __init__(self, target: str, address: Callable[[], RedisAddress], sampler: KeySampler | None = None) -> None:
        """Take the server, whose address is asked for at each connection; there is none before the first scrape."""
        self.target = target
        self._address = address
        self._sampler = sampler
        self._session: Session | None = None
        self._closing = threading.Lock()
        self._commands = LabelLimit("cmd", 100)
        self._errors = LabelLimit("err", 50)
        self._databases = LabelLimit("db", 64)
        self._events = LabelLimit("event_name", 50)
        self._replicas = LabelLimit("slave", 32)
        self._watched = LabelLimit("master_name", 32)
        self._slow = SlowLog(self._commands)

    def start(self) -> None:
        """Start the samples of keys, if the settings ask for them."""
        if self._sampler:
            self._sampler.start()

    def collect(self, run: Run) -> None:
        """Ask everything in one round trip, then turn each reply into families on its own."""
        replies: Replies | None = None
        with run.collector("connection"):
            replies = self._ask(run)
        if replies is None:
            return
        info = self._info(run, replies["info"])
        databases = self._configuration(run, replies["config"], info)
        if info:
            self._from_info(run, info, databases)
        self._slow_log(run, replies["slowlog"], info)
        self._latency(run, replies, info)
        labels = (self._commands, self._errors, self._databases, self._events, self._replicas, self._watched)
        if self._sampler:
            self._samples(run, self._sampler)
        sampled = self._sampler.replies if self._sampler else {}
        run.add(privileges.granted({**replies, **sampled}), families.dropped(labels))

    def classify(self, error: BaseException) -> ErrorClass:
        """Return the class of a server's error reply, or of a network error."""
        return classify_network_error(error)

    def collectors(self) -> Sequence[str]:
        """Return the names that `check` accepts."""
        return (*COLLECTORS, *_FROM_INFO, *([SAMPLES] if self._sampler else []))

    def validate(self, deadline: Deadline) -> list[Finding]:
        """Log in and try every command that the exporter uses."""
        try:
            session = self._session or Session(self._address(), deadline)
            self._session = session
            replies = session.ask(deadline)
            sampled = self._sampler.probe(deadline) if self._sampler else {}
        except Exception as error:  # noqa: BLE001 - whatever prevents it is the finding
            self._disconnect()
            return [privileges.unreachable(self.classify(error))]
        return privileges.findings({**replies, **sampled}, self._address().username)

    def close(self) -> None:
        """Stop the samples and close the connections, also from another thread."""
        if self._sampler:
            self._sampler.close()
        self._disconnect()

    def _disconnect(self) -> None:
        with self._closing:
            session, self._session = self._session, None
        if session:
            session.close()

    def _ask(self, run: Run) -> Replies:
        """Return the replies by collector; a persistent connection that turns out to be dead is replaced once."""
        try:
            if self._session:
                try:
                    return self._session.ask(run.deadline)
                except (EOFError, ConnectionError):
                    self._disconnect()  # restarted, or closed as idle: reconnect and ask again
            self._session = session = Session(self._address(), run.deadline)
            return session.ask(run.deadline)
        except BaseException as error:
            self._disconnect()
            run.add(families.last_scrape_error(self.classify(error)))
            raise

    def _info(self, run: Run, replies: Sequence[Reply]) -> Info | None:
        info, error_class = None, ErrorClass.PROTOCOL
        with run.collector("info"):
            try:
                parsed = parse_info(shapes.data(replies[0]))
                found = [*families.server(parsed), families.errors(parsed.errors, self._errors)]
            except Exception as error:
                error_class = self.classify(error)
                raise
            if run.wants("info"):
                run.add(*found)
            run.mark_up()
            info = parsed
        run.add(families.last_scrape_error("" if info else error_class))
        return info

    def _configuration(self, run: Run, replies: Sequence[Reply], info: Info | None) -> int:
        """Return the number of databases, 0 if unknown; INFO may have it if CONFIG does not."""
        databases = 0
        if info or self._has_part(run, "config", replies):
            with run.collector("config"):
                answers = [reply for reply in replies if not _is_lacking(reply)]
                found, databases = families.configuration(answers, info.fields if info else {})
                if run.wants("config"):
                    run.add(*found)
        return databases

    def _from_info(self, run: Run, info: Info, databases: int) -> None:
        if run.wants("replication"):
            with run.collector("replication"):
                run.add(*replication.replication(info.fields, self._replicas))
        if info.is_sentinel and run.wants("sentinel"):
            with run.collector("sentinel"):
                run.add(*replication.sentinel(info.fields, self._watched))
        if not info.is_sentinel and run.wants("keyspace"):
            with run.collector("keyspace"):
                run.add(*families.keyspace(info.keyspace, databases, self._databases))
        if run.wants("commands"):
            with run.collector("commands"):
                run.add(*families.commands(info.commands, self._commands))

    def _slow_log(self, run: Run, replies: Sequence[Reply], info: Info | None) -> None:
        length, newest = replies
        if self._has_part(run, "slowlog", replies):
            with run.collector("slowlog"):
                if not _is_lacking(length):
                    run.add(families.slow_log_length(length))
                if not _is_lacking(newest):
                    run.add(*families.slow_log_newest(newest))
                    if info:
                        self._slow_entries(run, newest, info)

    def _slow_entries(self, run: Run, newest: Reply, info: Info) -> None:
        """Count the new entries; only where there are several is the server asked again."""
        unread, session = self._slow.unread(newest, info.fields.get("run_id", "")), self._session
        if unread == 1:
            self._slow.add(newest, info.commands)
        elif unread and session:
            try:
                self._slow.add(session.slow_log(unread, run.deadline), info.commands)
            except Exception:
                self._disconnect()  # the rest of the reply may still come
                raise
        run.add(*self._slow.families(info.commands))

    def _samples(self, run: Run, sampler: KeySampler) -> None:
        """Add the estimates; a missing right is reported by pantrywatch_privilege_granted, as with other commands."""
        if run.wants(SAMPLES):
            with run.collector(SAMPLES):
                run.add(*sampler.families())
                error = sampler.error()
                if error and (run.only == SAMPLES or error.error_class not in _LACKING):
                    raise error

    def _latency(self, run: Run, replies: Replies, info: Info | None) -> None:
        if self._has_part(run, "latency", replies["latency"]):
            with run.collector("latency"):
                run.add(*latency.spikes(replies["latency"][0], self._events))
        if info and self._has_part(run, "latency_histogram", replies["latency_histogram"]):
            with run.collector("latency_histogram"):
                reply = replies["latency_histogram"][0]
                run.add(latency.histogram(reply, info.commands, self._commands, OWN_COMMANDS))

    @staticmethod
    def _has_part(run: Run, collector: str, replies: Sequence[Reply]) -> bool:
        """Return whether a collector has something to report.

        A missing command (an older release, a service that removes it), or one that the login may not use, is not a
        permanent failure: pantrywatch_privilege_granted and `validate` report what is lost. Running that one collector
        by hand reports why there is nothing.
        """
        if not run.wants(collector):
            return False
        if not all(map(_is_lacking, replies)):
            return True
        if run.only == collector:
            with run.collector(collector):
                raise replies[0]
        return False


def _is_lacking(reply: Reply) -> bool:
    return isinstance(reply, ServerError) and reply.lacks_command
