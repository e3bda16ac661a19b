"""The seed's opportunities and their products."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta

from demo.seed.accounts import owner
from demo.seed.random_source import RandomSource, Weighted, key
from demo.seed.size import Calendar, Size
from demo.seed.table import Row

# Chance to win by stage in percent, as the sales staff would enter it.
PROBABILITY = {
    "prospecting": 10,
    "qualification": 25,
    "proposal": 50,
    "negotiation": 75,
    "closed-won": 100,
    "closed-lost": 0,
}
_STAGES = Weighted(
    {
        "prospecting": 0.14,
        "qualification": 0.13,
        "proposal": 0.11,
        "negotiation": 0.07,
        "closed-won": 0.32,
        "closed-lost": 0.23,
    }
)
_SUBJECTS = ("Annual supply", "Seasonal menu", "Trial order", "New site", "Contract renewal")
_SOURCES = Weighted({"referral": 0.3, "trade show": 0.2, "website": 0.25, "cold call": 0.15, "partner": 0.1})


def opportunities(size: Size, calendar: Calendar) -> Iterator[Row]:
    """One row per opportunity; closed ones have a close date in the past year and the days they took."""
    random_source = RandomSource("opportunities")
    for number in range(size.opportunities):
        organization = organization_of(number, size)
        stage = random_source.weighted(_STAGES)
        opened, closed = _life(random_source, calendar, is_closed=stage.startswith("closed"))
        yield (
            key("opportunities", number),
            key("organizations", organization),
            key("users", owner(organization, size)),
            f"{random_source.one_of(_SUBJECTS)} {number}",
            stage,
            PROBABILITY[stage],
            round(400.0 + 60_000.0 * random_source.between(0.0, 1.0) ** 3, 2),
            _expected_close(random_source, calendar, closed),
            closed,
            (closed - opened.date()).days if closed else None,
            random_source.weighted(_SOURCES),
            random_source.chance(0.01),
            opened,
            calendar.at(closed, 16 * 60) if closed else opened,
        )


def opportunity_products(size: Size, calendar: Calendar) -> Iterator[Row]:
    """One to four products per opportunity, popular ones more often."""
    random_source = RandomSource("opportunity_products")
    line = 0
    for number in range(size.opportunities):
        for _ in range(1 + random_source.skewed(4)):
            product = random_source.skewed(size.products)
            added = calendar.morning(1 + random_source.below(300))
            price = round(random_source.between(4.0, 94.0), 2)
            quantity = 1 + random_source.skewed(200)
            yield (
                key("opportunity_products", line),
                key("opportunities", number),
                key("products", product),
                quantity,
                price,
                False,
                added,
                added,
            )
            line += 1


def organization_of(opportunity: int, size: Size) -> int:
    """The number of an opportunity's organization: every third organization has none."""
    return opportunity * 3 % size.organizations if size.organizations % 3 else opportunity % size.organizations


def _life(random_source: RandomSource, calendar: Calendar, *, is_closed: bool) -> tuple[datetime, date | None]:
    cycle = int(max(5.0, random_source.bell(55.0, 35.0)))
    if not is_closed:
        return calendar.morning(1 + random_source.skewed(120)), None
    closed = random_source.one_of(calendar.working_days)
    return calendar.at(closed - timedelta(days=cycle), 10 * 60), closed


def _expected_close(random_source: RandomSource, calendar: Calendar, closed: date | None) -> date:
    if closed is None:
        return calendar.day + timedelta(days=random_source.below(100) - 15)
    return closed + timedelta(days=random_source.below(30) - 15)
