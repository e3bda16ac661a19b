"""The `notifications` section of settings.yaml as a whole (docs/notifications.md)."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Annotated, ClassVar

from exporters.core.decoder import Problems, RecordCheck
from exporters.core.field_checks import at_most_entries, expect_address, unique_names
from pantrywatch.config.durations import seconds
from pantrywatch.config.notifications import cross_checks
from pantrywatch.config.notifications.contacts import Contact, MailServer
from pantrywatch.config.notifications.escalation import SEVERITIES, Escalation, Escalations, TypeRoute
from pantrywatch.config.notifications.schedules import Maintenance, OfficeHours, overlaps
from pantrywatch.config.notifications.validation import expect_duration, expect_url

_MOST_CONTACTS = 50
_MOST_WINDOWS = 50
_LONGEST_BEAT_SECONDS = 300


def _expect_beat(every: str) -> None:
    if seconds(every) > _LONGEST_BEAT_SECONDS:
        raise ValueError(f"expected at most 5m, got {every}")


def _misses_some_beats(silent: str, every: str) -> Problems:
    if seconds(silent) < 3 * seconds(every):
        yield "silent", f"expected at least three times every, {every}, got {silent}"


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """Where the alert Watchdog goes, and whom the heartbeat receiver notifies when it is missing."""

    urls: Annotated[tuple[Annotated[str, expect_url], ...], "The URLs that Watchdog is sent to."] = ()
    every: Annotated[str, "How often Watchdog is sent, at most `5m`.", _expect_beat] = "1m"
    silent: Annotated[str, "How long Watchdog may be missing; at least three times `every`.", expect_duration] = "10m"
    notify: Annotated[tuple[str, ...], "The names of the contacts to notify then, by email and webhook."] = ()
    token_file: Annotated[
        str | None,
        "The file with a token that the heartbeat receiver asks for; sent to own addresses only.",
    ] = None

    CHECKS: ClassVar[tuple[RecordCheck, ...]] = (_misses_some_beats,)


def _expect_url_or_nothing(url: str) -> None:
    if url:
        expect_url(url)


@dataclass(frozen=True, slots=True)
class Links:
    """Where links in messages lead, as the browser of the reader finds it."""

    boards: Annotated[str, "The URL of Grafana, or of the page of the boards.", expect_url] = "http://127.0.0.1:19200"
    alertmanager: Annotated[str, "The URL of Alertmanager.", expect_url] = "http://127.0.0.1:19093"
    runbooks: Annotated[
        str, "The URL of what serves `docs/`; empty: messages name the file of the page.", _expect_url_or_nothing
    ] = ""


def _links_of_this_machine() -> Links:
    """Return what `./run up` serves, which has put its addresses into the environment."""
    found = {name: os.environ.get(f"PANTRYWATCH_{name.upper()}_URL") for name in ("boards", "alertmanager", "runbooks")}
    return Links(**{name: url for name, url in found.items() if url})


@dataclass(frozen=True, slots=True, kw_only=True)
class Notifications:
    """Who is notified of what, how, and when."""

    email: Annotated[MailServer | None, "The mail server; needed where a contact has an email address."] = None
    links: Annotated[Links, "Where links in messages lead; left out: to what `./run up` serves on this machine."] = (
        field(default_factory=_links_of_this_machine)
    )
    office_hours: Annotated[
        OfficeHours, "When to notify of what can wait; left out: Monday to Friday, 08:00 to 18:00 UTC."
    ] = field(default_factory=lambda: OfficeHours("UTC"))
    contacts: Annotated[
        tuple[Contact, ...], f"Who can be notified: at most {_MOST_CONTACTS} people, rotas or teams.",
        at_most_entries(_MOST_CONTACTS, "contacts"), unique_names,
    ]  # fmt: skip
    escalation: Annotated[
        Escalations,
        "Severity → who is notified when; what is left out notifies the first three contacts: critical after 5s, 15m "
        "and 30m, high after 10s, 45m and 60m; the first one, in office hours, medium after 1m and low once a day.",
    ] = field(default_factory=Escalations)
    routes: Annotated[tuple[TypeRoute, ...], "Whom to notify first of alerts of certain types."] = ()
    maintenance: Annotated[
        tuple[Maintenance, ...], f"At most {_MOST_WINDOWS} windows in which nobody is notified.",
        at_most_entries(_MOST_WINDOWS, "windows"), overlaps,
    ] = ()  # fmt: skip
    heartbeat: Annotated[Heartbeat, "The dead man's switch: what happens when the monitoring itself stops."] = (
        Heartbeat()
    )
    group_interval: Annotated[
        str, "How soon a message follows when alerts join a group or are resolved.", expect_duration
    ] = "1m"
    own_addresses: Annotated[
        tuple[Annotated[str, expect_address], ...],
        "`host:port` of pantrywatch's own services used above; with `web`, URLs of these use TLS and the login.",
    ] = ()  # fmt: skip

    CHECKS: ClassVar[tuple[RecordCheck, ...]] = (
        cross_checks.mail_server_is_there,
        cross_checks.contacts_exist,
        cross_checks.contacts_are_used,
        cross_checks.repeats_are_long_enough,
        cross_checks.digests_are_in_office_hours,
    )

    def filled(self) -> Notifications:
        """Return the section with the built-in escalation in place of what is left out."""
        hours, usual = self.office_hours, "09:00"
        digest_at = usual if hours.opens <= usual < hours.closes else hours.opens
        names = [contact.name for contact in self.contacts]
        return replace(self, escalation=self.escalation.filled(names, digest_at))

    def contact(self, name: str) -> Contact:
        """Return the contact of that name."""
        return next(contact for contact in self.contacts if contact.name == name)

    def escalations(self) -> Iterator[tuple[str, Escalation]]:
        """Yield severity and escalation, the worst first."""
        for severity in SEVERITIES:
            yield severity, getattr(self.escalation, severity)
