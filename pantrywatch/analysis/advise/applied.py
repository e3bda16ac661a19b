"""Advice that was applied, with the numbers before, in the file that the boards' marks are read from."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from exporters.applied_advice import lines_of, read_documents
from exporters.core.errors import ConfigError, ConfigProblem
from exporters.core.files import write_atomically

EFFECT_SECONDS = 86400.0
EffectVerdict = Literal["better", "none", "worse", "unknown"]


@dataclass(frozen=True, slots=True)
class Work:
    """What a statement did since the statistics were reset."""

    calls: int
    seconds: float
    pages: int


@dataclass(frozen=True, slots=True)
class Numbers:
    """What an effect is measured by: statements by query ID, an index (None: not there), dead rows of a table."""

    statements: Mapping[str, Work] = field(default_factory=dict)
    index_bytes: int | None = None
    index_scans: int | None = None
    dead_share: float | None = None


@dataclass(frozen=True, slots=True)
class Effect:
    """What became of it, in words for people, and when that was measured (Unix seconds)."""

    verdict: EffectVerdict
    before: str
    since: str
    measured_at: float


@dataclass(frozen=True, slots=True)
class Applied:
    """Advice that was applied `at` (Unix seconds). `object`: the index or the table; `table`: the one of an index."""

    at: float
    id: str
    kind: str
    server: str
    database: str
    object: str
    table: str
    sql: tuple[str, ...]
    undo: tuple[str, ...]
    before: Numbers
    effect: Effect | None = None

    def is_due(self, now: float) -> bool:
        """Return whether its effect is to be measured: it was applied at least a day ago."""
        return self.effect is None and now >= self.at + EFFECT_SECONDS

    @property
    def undo_is_advised(self) -> bool:
        """Return whether there is no effect, or a bad one, and something that can be undone."""
        return bool(self.undo) and self.effect is not None and self.effect.verdict in ("none", "worse")


def read_applied(file: Path) -> list[Applied]:
    """Return what was applied, oldest first; damaged lines are skipped. Raises ConfigError naming the file."""
    try:
        documents = read_documents(file)
    except OSError as error:
        raise _unusable(file, error) from error
    return [one for document in documents if (one := _applied(document)) is not None]


@contextmanager
def recorded(file: Path, one: Applied) -> Iterator[None]:
    """Have the record in the file before the block changes anything, and take it out again if the block fails.

    Raises ConfigError if the file cannot be written: nothing is changed of which no record is kept.
    """
    _change(file, lambda known: [*known, one])
    try:
        yield
    except BaseException:
        _change(file, lambda known: [other for other in known if (other.id, other.at) != (one.id, one.at)])
        raise


def add_effects(file: Path, effects: Mapping[tuple[str, float], Effect]) -> None:
    """Add effects to what was applied, by its id and time. Raises ConfigError."""
    if effects:
        _change(file, lambda known: [replace(one, effect=effects.get((one.id, one.at), one.effect)) for one in known])


def _change(file: Path, change: Any) -> None:
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.with_suffix(".lock").open("w") as lock:  # two commands at the same time lose no record
            fcntl.flock(lock, fcntl.LOCK_EX)
            known: Sequence[Applied] = change(read_applied(file))
            write_atomically(file, lines_of([asdict(one) for one in known]))
    except OSError as error:
        raise _unusable(file, error) from error


def _applied(document: Mapping[str, Any]) -> Applied | None:
    try:
        before = dict(document["before"])
        statements = {str(queryid): Work(**work) for queryid, work in before.pop("statements").items()}
        effect = document.get("effect")
        own = {**document, "sql": tuple(document["sql"]), "undo": tuple(document["undo"])}
        own |= {"before": Numbers(statements, **before), "effect": Effect(**effect) if effect else None}
        return Applied(**own)
    except (AttributeError, LookupError, TypeError, ValueError):
        return None


def _unusable(file: Path, error: OSError) -> ConfigError:
    expected = f"expected a file for what was applied: {error.strerror}"
    return ConfigError([ConfigProblem(str(file), "file", expected)])
