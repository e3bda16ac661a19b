"""What happens to alerts of a severity that nobody silences or fixes, and to those of a type."""

from __future__ import annotations

from dataclasses import dataclass

from pantrywatch.config.durations import seconds
from pantrywatch.config.notifications.schedules import TIME
from pantrywatch.config.notifications.validation import expect

SEVERITIES = ("critical", "high", "medium", "low")
TYPES = ("performance", "error", "security", "business")


@dataclass(frozen=True, slots=True)
class Step:
    """One step of an escalation: so long after the begin this contact is told, by these channels (none: by all)."""

    after: str
    tell: str
    by: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Raise ValueError saying what was expected."""
        seconds(self.after)


@dataclass(frozen=True, slots=True)
class Escalation:
    """What happens to alerts of a severity nobody silences or fixes.

    `office_hours`: only then. `daily_at`: all of them in one message a day, instead of one after the other.
    """

    steps: tuple[Step, ...]
    repeat: str | None = None
    office_hours: bool = False
    daily_at: str | None = None

    def __post_init__(self) -> None:
        """Raise ValueError saying what was expected."""
        delays = [seconds(step.after) for step in self.steps]
        expect(bool(delays), "at least one step")
        expect(delays == sorted(delays), "steps in the order of their delays")
        expect(len(set(self.steps)) == len(self.steps), "no step twice")
        expect((self.repeat is None) != (self.daily_at is None), "exactly one of repeat and daily_at")
        if self.repeat is not None:
            seconds(self.repeat)
        if self.daily_at is not None:
            expect(bool(TIME.match(self.daily_at)), f"a time such as 09:00 in daily_at, got {self.daily_at!r}")
            expect(self.daily_at < "23:30", "daily_at before 23:30")
            expect(len(set(delays)) == 1, "no later steps beside daily_at: nothing escalates a digest")

    @property
    def first(self) -> tuple[Step, ...]:
        """The steps that come first, all with the same delay."""
        return tuple(step for step in self.steps if step.after == self.steps[0].after)

    @property
    def later(self) -> tuple[Step, ...]:
        """The steps after them."""
        return self.steps[len(self.first) :]


@dataclass(frozen=True, slots=True, kw_only=True)
class Escalations:
    """One escalation a severity."""

    critical: Escalation
    high: Escalation
    medium: Escalation
    low: Escalation


@dataclass(frozen=True, slots=True)
class TypeRoute:
    """Alerts of this type are told to this contact first, in place of the first step of their severity."""

    type: str
    tell: str
    by: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Raise ValueError saying what was expected."""
        expect(self.type in TYPES, f"a type among {', '.join(TYPES)}, got {self.type!r}")
