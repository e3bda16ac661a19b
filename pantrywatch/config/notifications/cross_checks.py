"""What is right by itself in the section `notifications` and does not fit together."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from pantrywatch.config.durations import seconds
from pantrywatch.config.notifications.schedules import Maintenance
from pantrywatch.config.notifications.settings import Notifications


def notification_problems(section: Notifications) -> Iterator[tuple[str, str]]:
    """Yield entry and what was expected for parts that are right by themselves and do not fit together."""
    yield from _contact_problems(section)
    for number, address in enumerate(section.ours):
        host, _, port = address.rpartition(":")
        if not host or not port.isdigit() or "/" in host:
            yield f"ours[{number}]", f"expected host:port, got {address!r}"
    if section.email is None and any(contact.email for contact in section.contacts):
        yield "email", "expected the mail server: a contact has an address"
    for severity, escalation in section.escalations():
        if escalation.repeat is not None and seconds(escalation.repeat) < seconds(section.update):
            yield f"escalation.{severity}.repeat", f"expected at least update, {section.update}"
        hours = section.office_hours
        if escalation.daily_at and escalation.office_hours and not hours.opens <= escalation.daily_at < hours.closes:
            yield f"escalation.{severity}.daily_at", f"expected a time in office hours, {hours.opens} to {hours.closes}"
    yield from _overlaps(section.maintenance)


def _contact_problems(section: Notifications) -> Iterator[tuple[str, str]]:
    known = {contact.name: contact.channels for contact in section.contacts}
    names = [contact.name for contact in section.contacts]
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield "contacts", f"expected unique names, {name} stands twice"
    used = set()
    for entry, tell, by in _mentions(section):
        used.add(tell)
        if tell not in known:
            yield entry, f"expected one of the contacts {', '.join(known)}, got {tell!r}"
            continue
        for channel in by:
            if channel not in known[tell]:
                yield entry, f"expected by to name channels of {tell} ({', '.join(known[tell])}), got {channel!r}"
    for number, name in enumerate(names):
        if name not in used:
            yield f"contacts[{number}]", f"expected a step, a route or the heartbeat to name {name}: nobody tells them"


def _mentions(section: Notifications) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    """Yield entry, contact and channels wherever a contact is named."""
    for severity, escalation in section.escalations():
        for number, step in enumerate(escalation.steps):
            yield f"escalation.{severity}.steps[{number}]", step.tell, step.by
    for number, route in enumerate(section.routes):
        yield f"routes[{number}]", route.tell, route.by
    for name in section.heartbeat.tell:
        yield "heartbeat.tell", name, ()


def _overlaps(windows: tuple[Maintenance, ...]) -> Iterator[tuple[str, str]]:
    dated = sorted((*window.span(), number) for number, window in enumerate(windows) if not window.days)
    for (_, end, before), (begin, _, number) in pairwise(dated):
        if begin < end:
            yield f"maintenance[{number}]", f"expected no overlap with maintenance[{before}]: make them one"
