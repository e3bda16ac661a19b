"""The slow log as counters: new entries and their seconds by command, never their arguments.

Entries have consecutive ids, so what was dropped between two scrapes is known by number. A restart begins again at 0, a
SLOWLOG RESET does not. Source: https://redis.io/docs/latest/commands/slowlog-get/.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from exporters.cache import replies
from exporters.cache.info import Lines
from exporters.core.cardinality import OTHER, LabelLimit
from exporters.core.exposition import Family
from exporters.core.redis_client import Reply

MOST_ENTRIES = 128  # read at once: as many as a server keeps by default
_MORE_ENTRIES = 16  # may be logged between the two questions of a scrape


class SlowLog:
    """What has been logged since the exporter started."""

    def __init__(self, label: LabelLimit) -> None:
        """Take the limit that the other metrics by command share."""
        self._label = label
        self._run_id = ""
        self._last: int | None = None  # id of the newest entry that was counted; None before the first look
        self._entries: dict[str, int] = {}
        self._seconds: dict[str, float] = {}
        self._passed_over = 0

    def unread(self, newest: Reply, run_id: str) -> int:
        """Return how many entries to read: 0 if none is new; `newest` is the reply to SLOWLOG GET 1.

        At the first look none is: when they were logged is not known. Raises ServerError and CollectError.
        """
        first = replies.items(newest)
        newest_id = _entry(first[0])[0] if first else -1
        if self._last is None:
            self._last = newest_id
        elif run_id != self._run_id or (first and newest_id < self._last):
            self._last = -1
        self._run_id = run_id
        new = newest_id - self._last if first else 0
        return new if new <= 1 else min(new + _MORE_ENTRIES, MOST_ENTRIES)

    def add(self, reply: Reply, by_command: Lines) -> None:
        """Count the new entries of a reply to SLOWLOG GET; `by_command` are the lines of Commandstats, which name them.

        Raises ServerError and CollectError.
        """
        names = {field.removeprefix("cmdstat_") for field, _ in by_command}
        before = -1 if self._last is None else self._last
        found = [entry for entry in map(_entry, replies.items(reply)) if entry[0] > before]
        for _, usec, words in found:
            command = self._label.admit(_name(words, names))
            self._entries[command] = self._entries.get(command, 0) + 1
            self._seconds[command] = self._seconds.get(command, 0.0) + usec / 1e6
        if found:
            self._last = max(number for number, _, _ in found)
            self._passed_over += max(0, self._last - before - len(found))

    def families(self, by_command: Lines) -> list[Family]:
        """Return the counters, at 0 for each command that the server has run: the first entry must be an increase."""
        commands = [self._label.admit(field.removeprefix("cmdstat_")) for field, _ in by_command]
        entries = Family("pantrywatch_cache_slow_commands_total", "counter", _ENTRIES, ("cmd",))
        seconds = Family("pantrywatch_cache_slow_commands_seconds_total", "counter", _SECONDS, ("cmd",))
        for command in dict.fromkeys([*commands, *self._entries]):
            entries.add(self._entries.get(command, 0), command)
            seconds.add(self._seconds.get(command, 0.0), command)
        passed = Family("pantrywatch_cache_slow_commands_passed_over_total", "counter", _PASSED_OVER)
        passed.add(self._passed_over)
        return [entries, seconds, passed]


_ENTRIES = "Commands that the slow log recorded since the exporter started, by command; `other`: a name not in INFO."
_SECONDS = "Time that the commands recorded by the slow log ran."
_PASSED_OVER = (
    f"Entries of the slow log not read: more than {MOST_ENTRIES}, or than the server keeps, between two scrapes, or "
    "removed by a reset."
)


def _entry(reply: Reply) -> tuple[int, int, list[Reply]]:
    """Return id, microseconds and words of an entry."""
    number, _, usec, words = replies.items(reply, 4)[:4]
    return replies.count(number), replies.count(usec), replies.items(words)


def _name(words: Iterable[Reply], known: Collection[str]) -> str:
    """Return the command as INFO names it, with its subcommand where that has its own name, else `other`."""
    first, second, *_ = [*[replies.text(word)[:60].lower() for word in list(words)[:2]], "", ""]
    for name in (f"{first}|{second}", first):
        if name in known:
            return name
    return OTHER
