"""What a sample of keys says about all keys of a database: shares by prefix and encoding, the largest, the hottest.

Estimates: a prefix has its share of the sampled keys, and its keys have the mean size of its sampled ones. A round that
saw every key gives exact values.
"""

from __future__ import annotations

import re
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from exporters.core.cardinality import OTHER, LabelLimit
from exporters.core.exposition import Family

_KEPT_ROUNDS = 15
_KEPT_OBJECTS = 1000  # keys whose encoding was asked for
_KEY_BYTES = 200  # of a key are compared with the prefixes


class Prefixes:
    """The prefixes of the settings, in their order; everything else is `other`."""

    def __init__(self, prefixes: Sequence[str]) -> None:
        """Take the prefixes; `*` is an id: what comes before the next `:`."""
        self.names = (*prefixes, OTHER)
        self._patterns = [
            (name, re.compile(rb"[^:]+".join(re.escape(part.encode()) for part in name.split("*"))))
            for name in prefixes
        ]

    def of(self, key: bytes) -> str:
        """Return the first prefix that a key begins with."""
        start = key[:_KEY_BYTES]
        return next((name for name, pattern in self._patterns if pattern.match(start)), OTHER)


@dataclass(slots=True)
class Round:
    """The keys seen in one round, by prefix."""

    keys: Counter[str] = field(default_factory=Counter)
    sized: Counter[str] = field(default_factory=Counter)  # those whose size is known
    bytes: Counter[str] = field(default_factory=Counter)
    largest: dict[str, int] = field(default_factory=dict)

    def add(self, prefix: str, size: int | None) -> None:
        """Add a key; a size of None is not known."""
        self.keys[prefix] += 1
        if size is not None:
            self.sized[prefix] += 1
            self.bytes[prefix] += size
            self.largest[prefix] = max(size, self.largest.get(prefix, 0))


class KeyObject(NamedTuple):
    """What OBJECT says about one key: its encoding, and under an LFU policy how often it is used (0 to 255)."""

    prefix: str
    encoding: str
    size: int
    frequency: int | None


class Samples:
    """The last rounds."""

    def __init__(self, prefixes: Prefixes) -> None:
        """Take the prefixes, each of which has series from the start."""
        self.prefixes = prefixes
        self._rounds: deque[Round] = deque(maxlen=_KEPT_ROUNDS)
        self._objects: deque[KeyObject] = deque(maxlen=_KEPT_OBJECTS)
        self._encodings = LabelLimit("encoding", 20)
        self._database_keys = 0

    def add(self, found: Round, objects: Sequence[KeyObject], database_keys: int, *, whole: bool) -> None:
        """Keep a round; one that saw the `whole` database replaces all before it."""
        if whole:
            self._rounds.clear()
        self._rounds.append(found)
        self._objects.extend(objects)
        self._database_keys = database_keys

    def families(self) -> Iterator[Family]:
        """Yield the estimates; what the login may not ask for, or the server does not count, has none."""
        if not self._rounds:
            return
        rounds = list(self._rounds)
        keys: Counter[str] = sum((one.keys for one in rounds), Counter())
        sized: Counter[str] = sum((one.sized for one in rounds), Counter())
        size: Counter[str] = sum((one.bytes for one in rounds), Counter())
        seen = keys.total()
        scale = self._database_keys / seen if seen else 0.0
        estimated = {name: keys[name] * scale for name in self.prefixes.names}
        yield _by("prefix", "keys", "Keys of the prefix, estimated from a sample.", estimated)
        yield Family("pantrywatch_cache_sampled_keys", "gauge", "Keys that the estimates rest on.", (), [((), seen)])
        if sized or not seen:
            mean = {name: size[name] / sized[name] if sized[name] else 0.0 for name in self.prefixes.names}
            memory = {name: estimated[name] * mean[name] for name in self.prefixes.names}
            largest = {name: max(one.largest.get(name, 0) for one in rounds) for name in self.prefixes.names}
            yield _by("prefix", "bytes", "Memory of the keys of the prefix, estimated from a sample.", memory)
            yield _by("prefix", "largest_key_bytes", "Memory of the largest sampled key of the prefix.", largest)
            yield from self._by_encoding(sum(memory.values()))
        yield from self._hottest()

    def _by_encoding(self, memory: float) -> Iterator[Family]:
        sampled: Counter[str] = Counter()
        for one in list(self._objects):
            sampled[self._encodings.admit(one.encoding)] += one.size
        if total := sampled.total():
            text = "Memory of the keys with the encoding, estimated from those whose encoding was asked for."
            yield _by("encoding", "bytes", text, {name: memory * part / total for name, part in sampled.items()})

    def _hottest(self) -> Iterator[Family]:
        hottest: dict[str, int] = {}
        for one in list(self._objects):
            if one.frequency is not None:
                hottest[one.prefix] = max(one.frequency, hottest.get(one.prefix, 0))
        if hottest:
            text = (
                "Highest access frequency of the sampled keys (OBJECT FREQ, logarithmic, 0 to 255); policies LFU only."
            )
            yield _by("prefix", "hottest_key_frequency", text, hottest)


def _by(label: str, suffix: str, text: str, values: dict[str, float] | dict[str, int]) -> Family:
    samples: list[tuple[tuple[str, ...], float]] = [((name,), value) for name, value in values.items()]
    return Family(f"pantrywatch_cache_{label}_{suffix}", "gauge", text, (label,), samples)
