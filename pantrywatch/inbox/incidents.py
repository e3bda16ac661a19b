"""Messages as a person tells the story: this alert, told to whom, how much later to whom else, and over."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from pantrywatch.inbox.message import Message

_MOST_NOTICES = 40


@dataclass(frozen=True, slots=True)
class Notice:
    """One message within an incident: `said` is told, told again or resolved; the seconds count from the first."""

    message: Message
    said: str
    after_seconds: float


@dataclass(slots=True)
class Incident:
    """One alert from its first message until it was said to be resolved.

    `started_at` is on the messages' own scale, their `elapsed_seconds`.
    """

    alert: str
    started_at: float
    severity: str = ""
    resolved: bool = False
    notices: list[Notice] = field(default_factory=list)

    def add(self, message: Message) -> None:
        """Take one more message; beyond the most, only the count of the newest stays."""
        delivery = message.delivery
        self.severity = delivery.severity or self.severity
        self.resolved = self.resolved or delivery.status == "resolved"
        known = {(notice.message.delivery.channel, notice.message.delivery.to) for notice in self.notices}
        again = (delivery.channel, delivery.to) in known
        said = "resolved" if delivery.status == "resolved" else "told again" if again else "told"
        self.notices.append(Notice(message, said, message.elapsed_seconds - self.started_at))
        del self.notices[1 : len(self.notices) - _MOST_NOTICES + 1]


def incidents(messages: Iterable[Message]) -> list[Incident]:
    """Return the incidents of messages that come oldest first; the one with the newest message first.

    An alert is known by its name alone, for mail and chat carry no more: two of one name at a time are one incident.
    """
    found: list[Incident] = []
    latest: dict[str, Incident] = {}
    for message in messages:
        for alert in message.delivery.alerts:
            incident = latest.get(alert)
            if incident is None or (incident.resolved and message.delivery.status != "resolved"):
                incident = latest[alert] = Incident(alert, message.elapsed_seconds)
                found.append(incident)
            incident.add(message)
    return sorted(found, key=lambda incident: incident.notices[-1].message.id, reverse=True)
