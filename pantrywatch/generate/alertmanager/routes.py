"""Who is notified when, as sibling routes: each escalation step is a route, and its delay is the route's group_wait.

So a restart forgets nothing, a silence stops every later step, and an alert resolved before the delay is not sent.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pantrywatch.config.durations import seconds
from pantrywatch.config.notifications.escalation import SEVERITIES, Escalation, Step
from pantrywatch.config.notifications.settings import Notifications
from pantrywatch.generate.alertmanager.receivers import HEARTBEAT, NOBODY, receiver_name
from pantrywatch.generate.alertmanager.schedules import DIGEST_MINUTES, OFFICE_HOURS, digest_name, maintenance_names

# The subject of an alert: first notifications about the same subject are sent as one message.
_SUBJECT = ("layer", "component", "target")
# What users feel of an outage is told once; its cause escalates. What keeps coming back does, but not to the last.
_ESCALATES, _ESCALATES_FULLY = 'escalates!="no"', 'escalates!~"no|partly"'
# Alerts of other rules, with unknown severities, are routed as this one.
_FOR_UNKNOWN = "high"
# Less than a day, so that each day's digest repeats what still fires.
_DIGEST_REPEAT = "20h"


@dataclass(frozen=True, slots=True)
class NotificationStep:
    """A contact notified of the alerts with these matchers; `after` is set for later steps only."""

    severity: str
    matchers: tuple[str, ...]
    step: Step
    after: str | None


def tellings(section: Notifications) -> Iterator[NotificationStep]:
    """Yield every step of every severity, and the steps that replace the first ones for certain types."""
    for severity, escalation in section.escalations():
        chosen = f'severity="{severity}"'
        yield from _first(section, severity, (chosen,))
        for step in escalation.later:
            is_last = len(escalation.later) > 1 and step.after == escalation.later[-1].after
            escalates = _ESCALATES_FULLY if is_last else _ESCALATES
            yield NotificationStep(severity, (chosen, escalates), step, step.after)
    known = "|".join((*SEVERITIES, "none"))
    yield from _first(section, _FOR_UNKNOWN, (f'severity!~"{known}"',))


def route_tree(section: Notifications) -> dict[str, Any]:
    """Return the root route: Watchdog, alerts that notify nobody, and every step as a sibling."""
    return {
        "receiver": NOBODY,
        "group_by": list(_SUBJECT),
        "routes": [
            _watchdog(section),
            {"receiver": NOBODY, "matchers": ['severity="none"']},
            *(_route(section, telling) for telling in tellings(section)),
        ],
    }


def _first(section: Notifications, severity: str, matchers: tuple[str, ...]) -> Iterator[NotificationStep]:
    escalation: Escalation = getattr(section.escalation, severity)
    for route in section.routes:
        step = Step(escalation.steps[0].after, route.notify, route.channels)
        yield NotificationStep(severity, (*matchers, f'type="{route.type}"'), step, None)
    types = "|".join(dict.fromkeys(route.type for route in section.routes))
    others = (f'type!~"{types}"',) if types else ()
    for step in escalation.first:
        yield NotificationStep(severity, (*matchers, *others), step, None)


def _watchdog(section: Notifications) -> dict[str, Any]:
    return {
        "receiver": HEARTBEAT,
        "matchers": ['alertname="Watchdog"'],
        "group_by": ["alertname"],
        "group_wait": "0s",
        "group_interval": section.heartbeat.every,
        # Shorter, so that it is due at each of them and not only at every second.
        "repeat_interval": f"{max(1, seconds(section.heartbeat.every) // 2)}s",
    }


def _route(section: Notifications, telling: NotificationStep) -> dict[str, Any]:
    escalation: Escalation = getattr(section.escalation, telling.severity)
    step = telling.step
    route: dict[str, Any] = {
        "receiver": receiver_name(section.contact(step.notify), step.channels, telling.after),
        "matchers": list(telling.matchers),
        # All labels: each alert waits on its own. In a group, later alerts would be sent at once with earlier ones.
        "group_by": ["..."] if telling.after else list(_SUBJECT),
        "group_wait": step.after,
        "group_interval": section.group_interval,
        "repeat_interval": escalation.repeat or _DIGEST_REPEAT,
        "continue": True,
    }
    if escalation.daily_at:
        route |= {"group_by": ["severity"], "group_interval": f"{DIGEST_MINUTES}m"}
        route["active_time_intervals"] = [digest_name(telling.severity)]
    elif escalation.office_hours:
        route["active_time_intervals"] = [OFFICE_HOURS]
    if section.maintenance:
        route["mute_time_intervals"] = maintenance_names(section)
    return route
