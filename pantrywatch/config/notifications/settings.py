"""The `notifications` section of settings.yaml as a whole (docs/notifications.md)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pantrywatch.config.durations import seconds
from pantrywatch.config.notifications.contacts import Contact, MailServer
from pantrywatch.config.notifications.escalation import SEVERITIES, Escalation, Escalations, TypeRoute
from pantrywatch.config.notifications.schedules import Maintenance, OfficeHours
from pantrywatch.config.notifications.validation import expect, expect_url

_MOST_CONTACTS = 50
_MOST_WINDOWS = 50


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """Where Watchdog goes, and whom our own receiver tells after how long a silence (by email and webhook).

    `token_file`: a secret without which our own receiver takes no beat; Alertmanager sends it to `ours` alone.
    """

    urls: tuple[str, ...] = ()
    every: str = "1m"
    silent: str = "15m"
    tell: tuple[str, ...] = ()
    token_file: str | None = None

    def __post_init__(self) -> None:
        """Raise ValueError saying what was expected."""
        for url in self.urls:
            expect_url(url, "urls")
        expect(seconds(self.every) <= 300, f"at most 5m in every, got {self.every}")
        expect(seconds(self.silent) >= 3 * seconds(self.every), "silent of at least three times every")


@dataclass(frozen=True, slots=True)
class Links:
    """The addresses under which a person's browser finds the boards, Alertmanager, and what holds `docs/`, if any."""

    boards: str
    alertmanager: str
    runbooks: str = ""

    def __post_init__(self) -> None:
        """Raise ValueError saying what was expected."""
        for name in ("boards", "alertmanager", "runbooks"):
            if (url := getattr(self, name)) or name != "runbooks":
                expect_url(url, name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Notifications:
    """The section as a whole; `update`: how soon a message follows when more joins, or something is over.

    `ours`: host:port of what pantrywatch serves itself, in the URLs of this section; `web` holds for them.
    """

    email: MailServer | None = None
    links: Links
    office_hours: OfficeHours
    contacts: tuple[Contact, ...]
    escalation: Escalations
    routes: tuple[TypeRoute, ...] = ()
    maintenance: tuple[Maintenance, ...] = ()
    heartbeat: Heartbeat = Heartbeat()
    update: str = "1m"
    ours: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Raise ValueError saying what was expected."""
        seconds(self.update)
        expect(len(self.contacts) <= _MOST_CONTACTS, f"at most {_MOST_CONTACTS} contacts")
        expect(len(self.maintenance) <= _MOST_WINDOWS, f"at most {_MOST_WINDOWS} maintenance windows")

    def contact(self, name: str) -> Contact:
        """Return the contact of that name."""
        return next(contact for contact in self.contacts if contact.name == name)

    def escalations(self) -> Iterator[tuple[str, Escalation]]:
        """Yield severity and escalation, the worst first."""
        for severity in SEVERITIES:
            yield severity, getattr(self.escalation, severity)
