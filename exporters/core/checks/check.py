"""Shared by every kind of check: common settings, the observations of a run, and preparation."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, ClassVar, TypeVar

from exporters.core.checks.connects import Connect
from exporters.core.deadline import Deadline
from exporters.core.decoder import Problems, RecordCheck
from exporters.core.errors import ConfigError, ConfigProblem
from exporters.core.field_checks import at_least, between, expect_name, expect_optional_name, expect_target_id
from exporters.core.settings import Secret, secret_from

CheckT = TypeVar("CheckT", bound="CheckSettings")


def _times_out_before_the_next_run(timeout_seconds: float, interval_seconds: float) -> Problems:
    if timeout_seconds >= interval_seconds:
        yield "timeout_seconds", f"expected less than interval_seconds, {interval_seconds:g}, got {timeout_seconds:g}"


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckSettings:
    """The settings that a check of any kind has."""

    name: Annotated[str, "The value of the label `check`; unique in the section.", expect_name]
    kind: Annotated[str, "The kind of check."]
    interval_seconds: Annotated[float, "Seconds from the start of one run to the next.", between(1, 86400)] = 15.0
    timeout_seconds: Annotated[
        float, "Seconds after which a run has failed; less than `interval_seconds`.", at_least(0.1)
    ] = 5.0
    target: Annotated[
        str, "The id of the documented target (targets.yaml) that the check feeds, such as `api-availability`.",
        expect_target_id,
    ] = ""  # fmt: skip

    CHECKS: ClassVar[tuple[RecordCheck, ...]] = (_times_out_before_the_next_run,)


# The place that the checks of a section look from: a label of their metrics.
Vantage = Annotated[
    str, "The name of the place that these checks look from, a label of their metrics: with exporters at two places or "
    "more, CrmSyntheticCheckFailing needs failures at two.", expect_optional_name,
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Measured:
    """One value of a histogram, and how many seconds were spent waiting for it."""

    value: float | None
    waited: float


class Observation:
    """The observations of one run so far; another thread may read them while the run hangs."""

    def __init__(self) -> None:
        self.gauges: dict[tuple[str, tuple[str, ...]], float] = {}
        self.measured: dict[tuple[str, tuple[str, ...]], Measured] = {}
        self.connects: list[Connect] = []
        self._phases: dict[str, float] = {}
        self._current: tuple[str, float] | None = None

    def set(self, name: str, value: float, *labels: str) -> None:
        """Note one value of a `probe_*` metric; `labels` are the metric's own, in addition to those of every check."""
        self.gauges[name, labels] = value

    def forget(self, *names: str) -> None:
        """Drop metrics without labels of their own that no longer apply."""
        for name in names:
            self.gauges.pop((name, ()), None)

    def observe(self, name: str, value: float | None, waited: float, *labels: str) -> None:
        """Note one value of a histogram, None if it did not occur in the seconds waited; `labels` as in `set`."""
        self.measured[name, labels] = Measured(value, waited)

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """Add the duration of the block to a phase; a redirect goes through the same phases again."""
        start = time.monotonic()
        self._current = (name, start)
        try:
            yield
        finally:
            self._current = None
            self._phases[name] = self._phases.get(name, 0.0) + time.monotonic() - start

    def phases(self) -> dict[str, float]:
        """Return seconds by phase in the order they started, including a hanging phase up to now."""
        phases, current = self._phases.copy(), self._current
        if current:
            phases[current[0]] = phases.get(current[0], 0.0) + time.monotonic() - current[1]
        return phases


# Metrics of checks of one kind: name → own labels, help.
Gauges = Mapping[str, tuple[tuple[str, ...], str]]
# Name → edges of the buckets, help.
Histograms = Mapping[str, tuple[tuple[float, ...], str]]

# One run: notes observations, honors the deadline, raises if the watched service fails the check.
Probe = Callable[[Observation, Deadline], None]


@dataclass(frozen=True, slots=True)
class PreparedCheck:
    """A check that can run; `histograms` are those it fills: name and the values of their own labels.

    `dependency`: what it connects to over TCP, where its connects are counted; empty for one that makes none.
    """

    settings: CheckSettings
    probe: Probe
    histograms: tuple[tuple[str, tuple[str, ...]], ...] = ()
    dependency: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """The position of a check in the settings: for reading the files it names, and for naming the entry in errors."""

    settings_file: str
    path: str

    def secret(self, field: str, value: str | None, file: str | None) -> Secret:
        """Return the secret given directly or in a file. Raises ConfigError."""
        return secret_from(value, file, f"{self.path}.{field}", self.settings_file)

    def secret_file(self, field: str, file: str) -> Secret:
        """Return the secret in a file named by the field itself, without `_file`. Raises ConfigError."""
        try:
            return self.secret(field, None, file)
        except ConfigError as error:
            problems = [replace(one, entry=one.entry.removesuffix("_file")) for one in error.problems]
            raise ConfigError(problems) from None

    def file(self, field: str, file: str) -> Path:
        """Return the path of a readable file; a relative path is relative to the settings file."""
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
    """Return the checks of a section, each prepared by `prepare`. Raises ConfigError with every problem."""
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
