"""Messages grouped into incidents: who was notified of an alert, who else how much later, and when it was resolved.

Built up as messages arrive and bounded, so a page costs the same however many alerts a message holds.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from pantrywatch.inbox.message import Message

MOST_INCIDENTS = 500
_MOST_NOTICES = 12


@dataclass(frozen=True, slots=True)
class Notice:
    """One message within an incident, `event`: notified, notified again or resolved."""

    message_id: int
    received_at: float
    after_seconds: float
    event: str
    channel: str
    to: str


@dataclass(slots=True)
class Incident:
    """One alert from its first message until it was resolved; `started_at` is on the messages' `elapsed_seconds`.

    The first and the newest of its notices are kept; `skipped` counts the others.
    """

    alert: str
    started_at: float
    severity: str = ""
    resolved: bool = False
    notices: list[Notice] = field(default_factory=list)
    skipped: int = 0
    _known: set[tuple[str, str]] = field(default_factory=set)

    def add(self, message: Message) -> None:
        """Take one more message."""
        delivery = message.delivery
        self.severity = delivery.severity or self.severity
        self.resolved = self.resolved or delivery.status == "resolved"
        event = "resolved" if delivery.status == "resolved" else "notified"
        if event == "notified" and (delivery.channel, delivery.to) in self._known:
            event = "notified again"
        if len(self._known) < _MOST_NOTICES:
            self._known.add((delivery.channel, delivery.to))
        after_seconds = message.elapsed_seconds - self.started_at
        self.notices.append(
            Notice(message.id, message.received_at, after_seconds, event, delivery.channel, delivery.to)
        )
        if len(self.notices) > _MOST_NOTICES:
            del self.notices[1]
            self.skipped += 1


class Incidents:
    """The newest incidents, by their newest message.

    Alerts are identified by name alone, as mail and chat carry no more: two of the same name are one incident.
    """

    def __init__(self) -> None:
        """Start without incidents."""
        self._number = 0
        self._found: dict[int, Incident] = {}  # the one with the newest message last
        self._latest: dict[str, int] = {}

    def add(self, message: Message) -> None:
        """Take one more message into the incidents of its alerts."""
        for alert in message.delivery.alerts:
            number = self._latest.get(alert, 0)
            incident = self._found.pop(number, None)
            if incident is not None and incident.resolved and message.delivery.status != "resolved":
                self._found[number] = incident
                incident = None
            if incident is None:
                self._number += 1
                number, incident = self._number, Incident(alert, message.elapsed_seconds)
            incident.add(message)
            self._found[number], self._latest[alert] = incident, number
        while len(self._found) > MOST_INCIDENTS:
            self._forget(next(iter(self._found)))

    def newest(self, count: int) -> list[Incident]:
        """Return copies of up to that many, the one with the newest message first."""
        chosen = list(self._found.values())[: -count - 1 : -1]
        return [replace(incident, notices=list(incident.notices)) for incident in chosen]

    def firing(self) -> int:
        """Return the number of unresolved ones."""
        return sum(not incident.resolved for incident in self._found.values())

    def __len__(self) -> int:
        """Return the number of all."""
        return len(self._found)

    def _forget(self, number: int) -> None:
        alert = self._found.pop(number).alert
        if self._latest.get(alert) == number:
            del self._latest[alert]
