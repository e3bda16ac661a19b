"""A snapshot of what was measured of each target over whole days, and its file in the state directory."""

from __future__ import annotations

import json
import re
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from exporters.core.errors import ConfigError, ConfigProblem
from exporters.core.files import write_atomically
from pantrywatch.scheduler.day import Day

FOLDER = "baselines"
_VERSION = 1
_NAME = re.compile(r"[a-z0-9][a-z0-9_.-]{0,62}")
_TARGET = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
_MOST_BYTES = 1024 * 1024
_MOST_DAYS = 366
_LARGEST = 1e300


@dataclass(frozen=True, slots=True)
class Measured:
    """A target over some days: its events and the good ones, days with events, and what their shares differed by.

    `noise`: the standard deviation of the share of good events between days, 0 for a single one.
    """

    target: str
    good: float
    total: float
    days: int
    noise: float

    @property
    def share(self) -> float:
        """Return the share of good events."""
        return self.good / self.total


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The targets over the whole days from `first` to `last`, in UTC."""

    first: date
    last: date
    targets: Sequence[Measured]


def measured(days: Iterable[Day]) -> list[Measured]:
    """Return each target with events, over the days that have any."""
    by_target: dict[str, list[Day]] = {}
    for day in days:
        if day.total > 0:
            by_target.setdefault(day.target, []).append(day)
    return [_measured(target, found) for target, found in sorted(by_target.items())]


def _measured(target: str, days: Sequence[Day]) -> Measured:
    shares = [day.good / day.total for day in days]
    noise = statistics.stdev(shares) if len(shares) > 1 else 0.0
    return Measured(target, sum(day.good for day in days), sum(day.total for day in days), len(days), noise)


def file_of(folder: Path, name: str) -> Path:
    """Return the file of a snapshot. Raises ConfigError for a name that cannot be one of a file."""
    if not _NAME.fullmatch(name):
        expected = "expected a name of up to 63 lowercase letters, digits, dots, dashes and underscores"
        raise ConfigError([ConfigProblem("command line", f"NAME {name[:80]!r}", expected)])
    return folder / FOLDER / f"{name}.json"


def save(file: Path, snapshot: Snapshot) -> None:
    """Write a new file. Raises ConfigError if there is one, or it cannot be written."""
    if file.exists():
        expected = "expected a name without a snapshot: choose another one, or remove this file"
        raise ConfigError([ConfigProblem(str(file), "snapshot", expected)])
    document = {"version": _VERSION, **asdict(snapshot)}
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_atomically(file, json.dumps(document, indent=2, default=str) + "\n")
    except OSError as error:
        raise ConfigError([ConfigProblem(str(file), "snapshot", f"not written: {error.strerror}")]) from error


def load(file: Path) -> Snapshot:
    """Return the snapshot of a file. Raises ConfigError naming the file if it is missing or damaged."""
    try:
        with file.open("rb") as opened:
            return _parsed(json.loads(opened.read(_MOST_BYTES)))
    except FileNotFoundError:
        raise ConfigError([ConfigProblem(str(file), "snapshot", _choice(file))]) from None
    except OSError as error:
        expected = f"expected a file that can be read: {error.strerror}"
        raise ConfigError([ConfigProblem(str(file), "snapshot", expected)]) from error
    except (ValueError, RecursionError, LookupError, TypeError, AttributeError) as error:
        expected = f"expected a snapshot of version {_VERSION} as `baseline save` writes it, it is damaged"
        raise ConfigError([ConfigProblem(str(file), "snapshot", expected)]) from error


def _choice(file: Path) -> str:
    known = sorted(other.stem for other in file.parent.glob("*.json"))[:20]
    return f"expected one of {', '.join(known)}" if known else "expected a snapshot: `baseline save NAME` makes one"


def _parsed(document: Any) -> Snapshot:
    """Return the snapshot. Raises ValueError, LookupError or TypeError for anything that `save` does not write."""
    if document.keys() != {"version", "first", "last", "targets"} or document["version"] != _VERSION:
        raise ValueError("other fields")
    first, last = date.fromisoformat(document["first"]), date.fromisoformat(document["last"])
    if not timedelta(0) <= last - first <= timedelta(_MOST_DAYS):
        raise ValueError("impossible days")
    return Snapshot(first, last, [_checked(Measured(**fields)) for fields in document["targets"]])


def _checked(one: Measured) -> Measured:
    numbers = (one.good, one.total, one.days, one.noise)
    if any(isinstance(number, bool) or not isinstance(number, int | float) for number in numbers):
        raise ValueError("not a number")
    possible = 0 <= one.good <= one.total < _LARGEST and one.total > 0 and 0 <= one.noise <= 1
    if not possible or not 1 <= one.days <= _MOST_DAYS or not _TARGET.fullmatch(one.target):
        raise ValueError("impossible numbers")
    return one
