"""The seed's interactions: a year of calls, mails and visits, and the follow-ups of the accounts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from demo.seed.accounts import owner
from demo.seed.deals import organization_of
from demo.seed.random_source import RandomSource, Weighted, key
from demo.seed.size import Calendar, Size
from demo.seed.table import Row
from demo.seed.words import OUTCOMES

_TYPES = Weighted(
    {"CALL": 0.34, "EMAIL": 0.28, "MEETING": 0.1, "VISIT": 0.12, "DEMO": 0.05, "PROPOSAL": 0.05, "FOLLOW_UP": 0.06}
)
_MINUTES = {"CALL": 12, "EMAIL": 5, "MEETING": 45, "VISIT": 60, "DEMO": 50, "PROPOSAL": 40, "FOLLOW_UP": 10}
_SENTIMENT = Weighted({1: 0.05, 2: 0.12, 3: 0.36, 4: 0.32, 5: 0.15})
# Follow-ups of interactions older than this have been done.
_OPEN_FOLLOW_UP_DAYS = 20


@dataclass(slots=True)
class History:
    """Interactions by day, oldest first; records the newest of each organization and contact."""

    size: Size
    calendar: Calendar
    organizations_seen: dict[int, datetime] = field(default_factory=dict)
    contacts_seen: dict[int, datetime] = field(default_factory=dict)
    follow_ups: dict[int, date] = field(default_factory=dict)

    def rows(self) -> Iterator[Row]:
        random_source = RandomSource("interactions")
        days = self.calendar.working_days
        for number in range(self.size.interactions):
            # A steadily growing business: the power below 1 puts more of them into the recent months.
            day = days[int(len(days) * ((number + 0.5) / self.size.interactions) ** 0.8)]
            yield self._row(random_source, number, day)

    def _row(self, random_source: RandomSource, number: int, day: date) -> Row:
        organization, opportunity = self._subject(random_source)
        contact = self._contact(random_source, organization)
        kind = random_source.weighted(_TYPES)
        at = self.calendar.at(day, int(random_source.bell(13 * 60, 3 * 60)))
        follow_up = self._follow_up(random_source, day)
        self._note(organization, contact, at, follow_up)
        return (
            key("interactions", number),
            key("organizations", organization),
            key("contacts", contact),
            key("users", owner(organization, self.size)),
            None if opportunity is None else key("opportunities", opportunity),
            kind,
            at,
            int(_MINUTES[kind] * random_source.between(0.5, 1.6)),
            random_source.one_of(OUTCOMES),
            "",
            follow_up is not None,
            follow_up,
            random_source.weighted(_SENTIMENT) if random_source.chance(0.85) else None,
            random_source.chance(0.01),
            at,
            at,
        )

    def _subject(self, random_source: RandomSource) -> tuple[int, int | None]:
        if random_source.chance(1 / 12):
            opportunity = random_source.below(self.size.opportunities)
            return organization_of(opportunity, self.size), opportunity
        return random_source.skewed(self.size.organizations, 1.6), None

    def _contact(self, random_source: RandomSource, organization: int) -> int:
        round_ = random_source.skewed(max(1, self.size.contacts // self.size.organizations))
        return organization + round_ * self.size.organizations

    def _follow_up(self, random_source: RandomSource, day: date) -> date | None:
        age = (self.calendar.day - day).days
        if age > _OPEN_FOLLOW_UP_DAYS or not random_source.chance(0.12):
            return None
        return day + timedelta(days=3 + random_source.below(25))

    def _note(self, organization: int, contact: int, at: datetime, follow_up: date | None) -> None:
        self.organizations_seen[organization] = max(at, self.organizations_seen.get(organization, at))
        self.contacts_seen[contact] = max(at, self.contacts_seen.get(contact, at))
        if follow_up is not None:
            self.follow_ups[organization] = follow_up
