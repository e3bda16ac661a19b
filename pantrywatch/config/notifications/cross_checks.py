"""Checks across several entries of the section; each parameter is named as the field it reads.

Of what could not be read, fields are missing: the problem there is already reported, and hides no other.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from exporters.core.decoder import Problems
from exporters.core.problem_text import closest, expected_one_of
from pantrywatch.config.durations import seconds
from pantrywatch.config.notifications.contacts import CHANNELS, Contact, MailServer
from pantrywatch.config.notifications.escalation import SEVERITIES, Escalation, Escalations, TypeRoute
from pantrywatch.config.notifications.schedules import OfficeHours

if TYPE_CHECKING:
    from pantrywatch.config.notifications.settings import Heartbeat


def mail_server_is_there(email: MailServer | None, contacts: tuple[Contact, ...]) -> Problems:
    """Yield a missing mail server where a contact has an email address."""
    with_address = [
        contact.name for contact in contacts if getattr(contact, "email", None) and hasattr(contact, "name")
    ]
    if email is None and with_address:
        yield "email", f"expected the mail server, for {with_address[0]} has an email address, got nothing"


def contacts_exist(
    contacts: tuple[Contact, ...], escalation: Escalations, routes: tuple[TypeRoute, ...], heartbeat: Heartbeat
) -> Problems:
    """Yield each unknown contact, and each channel that a contact does not have."""
    if not all(hasattr(contact, "name") for contact in contacts):
        return
    channels = {contact.name: _channels(contact) for contact in contacts}
    for entry, place, name, limited_to in _mentions(escalation, routes, heartbeat):
        if not isinstance(name, str):
            continue
        if name not in channels:
            yield place, expected_one_of(channels, name)
            continue
        for channel in limited_to:
            if isinstance(channel, str) and channel not in channels[name]:
                has = ", ".join(channels[name])
                yield (
                    f"{entry}.channels",
                    f"expected channels of {name}, which has {has}, got unknown channel {channel!r}",
                )


def contacts_are_used(
    contacts: tuple[Contact, ...], escalation: Escalations, routes: tuple[TypeRoute, ...], heartbeat: Heartbeat
) -> Problems:
    """Yield each contact that nothing notifies: most often a misspelt name somewhere."""
    if _is_cut_short(escalation, routes, heartbeat):
        return
    mentioned = {name for _, _, name, _ in _mentions(escalation, routes, heartbeat)}
    known = {contact.name for contact in contacts if hasattr(contact, "name")}
    mentioned |= {contact.name for contact in contacts[: escalation.built_in_contacts()] if hasattr(contact, "name")}
    # A misspelt name is one problem, not two.
    mentioned |= {closest(name, known) for name in mentioned - known}
    for number, contact in enumerate(contacts):
        if hasattr(contact, "name") and contact.name not in mentioned:
            yield (
                f"contacts[{number}]",
                f"expected a step, a route or the heartbeat to notify {contact.name}: contact is never used",
            )


def repeats_are_long_enough(escalation: Escalations, group_interval: str) -> Problems:
    """Yield each `repeat` that is shorter than the interval of a group."""
    for severity, one in _escalations(escalation):
        repeat = getattr(one, "repeat", None)
        if repeat is not None and seconds(repeat) < seconds(group_interval):
            yield f"escalation.{severity}.repeat", f"expected at least group_interval, {group_interval}, got {repeat}"


def digests_are_in_office_hours(escalation: Escalations, office_hours: OfficeHours) -> Problems:
    """Yield each daily digest at a time when nobody would be notified."""
    if office_hours.opens >= office_hours.closes:
        return
    for severity, one in _escalations(escalation):
        at = getattr(one, "daily_at", None)
        if at and getattr(one, "office_hours", False) and not office_hours.opens <= at < office_hours.closes:
            hours = f"{office_hours.opens} to {office_hours.closes}"
            yield f"escalation.{severity}.daily_at", f"expected a time in office hours, {hours}, got {at}"


def _channels(contact: Contact) -> tuple[str, ...]:
    """Return the channels a contact has; one that could not be read is there."""
    return tuple(channel for channel in CHANNELS if getattr(contact, channel, channel) is not None)


def _mentions(
    escalation: Escalations, routes: tuple[TypeRoute, ...], heartbeat: Heartbeat
) -> Iterator[tuple[str, str, str, tuple[str, ...]]]:
    """Yield entry, place of the name, contact and channels wherever a contact is named."""
    steps = [
        (f"escalation.{severity}.steps[{number}]", step)
        for severity, one in _escalations(escalation)
        for number, step in enumerate(getattr(one, "steps", ()))
    ]
    for entry, one in (*steps, *((f"routes[{number}]", route) for number, route in enumerate(routes))):
        if hasattr(one, "notify"):
            yield entry, f"{entry}.notify", one.notify, getattr(one, "channels", ())
    for number, name in enumerate(getattr(heartbeat, "notify", ())):
        yield "heartbeat", f"heartbeat.notify[{number}]", name, ()


def _is_cut_short(escalation: Escalations, routes: tuple[TypeRoute, ...], heartbeat: Heartbeat) -> bool:
    """Return whether some place that may name a contact could not be read."""
    found = dict(_escalations(escalation))
    steps = [step for one in found.values() for step in getattr(one, "steps", (None,))]
    named = all(hasattr(one, "notify") for one in (*steps, *routes, heartbeat))
    return len(found) < len(SEVERITIES) or not named


def _escalations(escalation: Escalations) -> Iterator[tuple[str, Escalation]]:
    for severity in SEVERITIES:
        if hasattr(escalation, severity):
            yield severity, getattr(escalation, severity)
