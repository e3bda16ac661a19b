"""What every kind of check shares: its common settings, what it sees while it runs, and how it is prepared."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

from exporters.core.deadline import Deadline
from exporters.core.errors import ConfigError, ConfigProblem
from exporters.core.settings import Secret, secret_from

_NAME = re.compile(r"[a-z0-9]([a-z0-9_-]{0,61}[a-z0-9])?\Z")
CheckT = TypeVar("CheckT", bound="CheckSettings")
_ADDRESS = re.compile(r"(\[[0-9A-Fa-f:.%]+\]|[^\s:/@\[\]]+):([0-9]{1,5})\Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckSettings:
    """What a check of any kind has; `target` is the documented target it feeds, such as `api-availability`."""

    name: str
    kind: str
    interval_seconds: float = 15.0
    timeout_seconds: float = 5.0
    target: str = ""

    def __post_init__(self) -> None:
        expect_name(self.name)
        expect(not self.target or _NAME.match(self.target), "the id of a documented target", self.target)
        expect(1 <= self.interval_seconds <= 86400, "interval_seconds from 1 to 86400", self.interval_seconds)
        expect(
            0.1 <= self.timeout_seconds < self.interval_seconds,
            "timeout_seconds of at least 0.1 and below interval_seconds",
            self.timeout_seconds,
        )


@dataclass(frozen=True, slots=True)
class Measured:
    """One value of a histogram, and for how many seconds it was waited for."""

    value: float | None
    waited: float


class Observation:
    """What one run of a check has seen so far; another thread may read it while the run hangs."""

    def __init__(self) -> None:
        self.gauges: dict[tuple[str, tuple[str, ...]], float] = {}
        self.measured: dict[tuple[str, tuple[str, ...]], Measured] = {}
        self._phases: dict[str, float] = {}
        self._current: tuple[str, float] | None = None

    def set(self, name: str, value: float, *labels: str) -> None:
        """Note one value of a `probe_*` metric; `labels` are the metric's own, beside those of every check."""
        self.gauges[name, labels] = value

    def forget(self, *names: str) -> None:
        """Drop metrics without labels of their own that no longer hold."""
        for name in names:
            self.gauges.pop((name, ()), None)

    def observe(self, name: str, value: float | None, waited: float, *labels: str) -> None:
        """Note one value of a histogram, None where it did not come in the seconds waited; `labels` as in `set`."""
        self.measured[name, labels] = Measured(value, waited)

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """Add the time the block takes to a phase; a redirect passes through the same phases again."""
        start = time.monotonic()
        self._current = (name, start)
        try:
            yield
        finally:
            self._current = None
            self._phases[name] = self._phases.get(name, 0.0) + time.monotonic() - start

    def phases(self) -> dict[str, float]:
        """Return seconds by phase in the order they began, with the one that hangs up to now."""
        phases, current = self._phases.copy(), self._current
        if current:
            phases[current[0]] = phases.get(current[0], 0.0) + time.monotonic() - current[1]
        return phases


# Metrics of checks of one kind: name → labels of its own, help.
Gauges = Mapping[str, tuple[tuple[str, ...], str]]
# Name → edges of the buckets, help.
Histograms = Mapping[str, tuple[tuple[float, ...], str]]

# One run: notes what it sees, keeps to the deadline, raises where the watched thing is not well.
Probe = Callable[[Observation, Deadline], None]


@dataclass(frozen=True, slots=True)
class PreparedCheck:
    """A check that can run; `histograms` are those it fills: name and the values of their own labels."""

    settings: CheckSettings
    probe: Probe
    histograms: tuple[tuple[str, tuple[str, ...]], ...] = ()


@dataclass(frozen=True, slots=True)
class Entry:
    """Where in the settings a check stands, to read the files it names and to name the entry in an error."""

    settings_file: str
    path: str

    def secret(self, field: str, value: str | None, file: str | None) -> Secret:
        """Return the secret given directly or in a file. Raises ConfigError."""
        return secret_from(value, file, f"{self.path}.{field}", self.settings_file)

    def secret_file(self, field: str, file: str) -> Secret:
        """Return the secret in a file that stands under the field itself, without `_file`. Raises ConfigError."""
        try:
            return self.secret(field, None, file)
        except ConfigError as error:
            problems = [replace(one, entry=one.entry.removesuffix("_file")) for one in error.problems]
            raise ConfigError(problems) from None

    def file(self, field: str, file: str) -> Path:
        """Return the path of a file that can be read; a relative one starts at the settings file."""
        path = Path(self.settings_file).parent / file
        try:
            path.open("rb").close()
        except OSError as error:
            raise self.error(field, f"expected a readable file at {path}: {error.strerror}") from None
        return path

    def error(self, field: str, expected: str) -> ConfigError:
        """Return the error to raise for a field."""
        return ConfigError([ConfigProblem(self.settings_file, f"{self.path}.{field}".rstrip("."), expected)])


def prepared(
    checks: Sequence[CheckT], section: str, settings_file: str, prepare: Callable[[CheckT, Entry], PreparedCheck]
) -> list[PreparedCheck]:
    """Return the checks of a section, each made ready by `prepare`. Raises ConfigError with every problem."""
    found: list[PreparedCheck] = []
    problems: list[ConfigProblem] = []
    for index, check in enumerate(checks):
        try:
            found.append(prepare(check, Entry(settings_file, f"{section}.checks[{index}]")))
        except ConfigError as error:
            problems += error.problems
    if problems:
        raise ConfigError(problems)
    return found


def expect_unique_names(checks: Sequence[CheckSettings]) -> None:
    """Raise ValueError unless each check has a name of its own."""
    names = [check.name for check in checks]
    repeated = sorted({name for name in names if names.count(name) > 1})
    expect(not repeated, "a name of its own for each check", ", ".join(repeated))


def expect(condition: object, what: str, value: object) -> None:
    """Raise ValueError saying what was expected, unless the condition holds; `value` must be no secret."""
    if not condition:
        raise ValueError(f"expected {what}, got {value!r}")


def expect_name(name: str) -> None:
    """Raise ValueError unless this can be the value of a label."""
    expect(_NAME.match(name), "a name of at most 63 small letters, digits, - and _", name)


def expect_regex(pattern: str) -> None:
    """Raise ValueError unless the pattern compiles."""
    try:
        re.compile(pattern)
    except re.error as error:
        raise ValueError(f"expected a regular expression, got one with an error: {error.msg}") from None


def host_and_port(address: str) -> tuple[str, int]:
    """Return the parts of `host:port` or `[ipv6]:port`. Raises ValueError."""
    match = _ADDRESS.match(address)
    expect(match and 0 < int(match[2]) < 65536, "an address like host:port", address)
    assert match
    return match[1].strip("[]"), int(match[2])
