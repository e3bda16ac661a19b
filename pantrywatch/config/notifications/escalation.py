"""How alerts escalate: by severity, and by type."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Annotated, ClassVar, Literal, get_args

from exporters.core.decoder import Problems, RecordCheck
from exporters.core.field_checks import optional, some_entries
from pantrywatch.config.durations import seconds
from pantrywatch.config.notifications.contacts import CHANNELS
from pantrywatch.config.notifications.schedules import expect_time
from pantrywatch.config.notifications.validation import expect_duration

SEVERITIES = ("critical", "high", "medium", "low")
AlertType = Literal["performance", "error", "security", "business", "unusual"]
TYPES = get_args(AlertType)
_LATEST_DIGEST = "23:30"  # later, its window would cross midnight

ChannelName = Literal["email", "slack", "webhook", "pagerduty", "opsgenie", "msteams"]
assert get_args(ChannelName) == CHANNELS


@dataclass(frozen=True, slots=True)
class Step:
    """One step of an escalation."""

    after: Annotated[str, "How long after the alert started firing, such as `15m`.", expect_duration]
    notify: Annotated[str, "The name of the contact to notify."]
    channels: Annotated[tuple[ChannelName, ...], "Limits the step to these channels of the contact; none: all."] = ()


def _in_order(steps: tuple[Step, ...]) -> Problems:
    for number, (before, step) in enumerate(pairwise(steps), start=1):
        if seconds(step.after) < seconds(before.after):
            yield (
                f"steps[{number}].after",
                f"expected steps in the order of their delays, got {step.after} after {before.after}",
            )


def _no_step_twice(steps: tuple[Step, ...]) -> Problems:
    for number, step in enumerate(steps):
        if step in steps[:number]:
            yield f"steps[{number}]", "expected each step once, got a duplicate step"


def _repeat_or_digest(repeat: str | None, daily_at: str | None) -> Problems:
    if (repeat is None) == (daily_at is None):
        yield "", f"expected exactly one of repeat and daily_at, got {'neither' if repeat is None else 'both'}"


def _one_digest(daily_at: str | None, steps: tuple[Step, ...]) -> Problems:
    if daily_at is not None and daily_at >= _LATEST_DIGEST:
        yield "daily_at", f"expected a time before {_LATEST_DIGEST}, got {daily_at}"
    later = [number for number, step in enumerate(steps) if step.after != steps[0].after]
    if daily_at is not None and later:
        yield f"steps[{later[0]}].after", "expected no later steps next to daily_at: a daily digest does not escalate"


@dataclass(frozen=True, slots=True)
class Escalation:
    """What happens to alerts of a severity that nobody silences or fixes; exactly one of `repeat` and `daily_at`."""

    steps: Annotated[tuple[Step, ...], "Whom to notify, in the order of the delays.", some_entries("step")]
    repeat: Annotated[str | None, "How often to notify again, such as `4h`.", optional(expect_duration)] = None
    office_hours: Annotated[bool, "Whether to notify in office hours only."] = False
    daily_at: Annotated[
        str | None, "Time of a daily digest, such as `09:00`, in place of single messages.", optional(expect_time)
    ] = None

    CHECKS: ClassVar[tuple[RecordCheck, ...]] = (_in_order, _no_step_twice, _repeat_or_digest, _one_digest)

    @property
    def first(self) -> tuple[Step, ...]:
        """The steps that come first, all with the same delay."""
        return tuple(step for step in self.steps if step.after == self.steps[0].after)

    @property
    def later(self) -> tuple[Step, ...]:
        """The steps after them."""
        return self.steps[len(self.first) :]


_BUILT_IN = Escalation(())


@dataclass(frozen=True, slots=True, kw_only=True)
class Escalations:
    """One escalation for each severity; one that is left out notifies the contacts in their order."""

    critical: Annotated[Escalation, "Alerts of severity critical."] = _BUILT_IN
    high: Annotated[Escalation, "Alerts of severity high."] = _BUILT_IN
    medium: Annotated[Escalation, "Alerts of severity medium."] = _BUILT_IN
    low: Annotated[Escalation, "Alerts of severity low."] = _BUILT_IN

    def filled(self, contacts: Sequence[str], digest_at: str) -> Escalations:
        """Return these with the built-in steps for these contacts in place of what is left out."""
        built_in = {
            "critical": Escalation(_steps(contacts, "5s", "15m", "30m"), repeat="1h"),
            "high": Escalation(_steps(contacts, "10s", "45m", "60m"), repeat="4h"),
            "medium": Escalation(_steps(contacts, "1m"), repeat="12h", office_hours=True),
            "low": Escalation(_steps(contacts, "1m"), office_hours=True, daily_at=digest_at),
        }
        return Escalations(
            **{name: getattr(self, name) if getattr(self, name).steps else built_in[name] for name in SEVERITIES}
        )

    def built_in_contacts(self) -> int:
        """Return how many of the contacts the built-in steps of the severities left out notify."""
        left_out = {name for name in SEVERITIES if not getattr(getattr(self, name), "steps", True)}
        return 3 if left_out & {"critical", "high"} else 1 if left_out else 0


def _steps(contacts: Sequence[str], *delays: str) -> tuple[Step, ...]:
    """Return a step for each contact while there are delays."""
    return tuple(Step(delay, contact) for delay, contact in zip(delays, contacts, strict=False))


@dataclass(frozen=True, slots=True)
class TypeRoute:
    """Whom to notify first of alerts of a type, in place of the first step of their severity."""

    type: Annotated[AlertType, "The type of the alerts."]
    notify: Annotated[str, "The name of the contact to notify."]
    channels: Annotated[tuple[ChannelName, ...], "Limits the route to these channels of the contact; none: all."] = ()
