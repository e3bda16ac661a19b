"""The seed's organizations and products."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, datetime

from demo.seed.random_source import RandomSource, Weighted, key
from demo.seed.size import Calendar, Size
from demo.seed.table import Row
from demo.seed.words import CITIES, FIRST_WORDS, KINDS, PRODUCT_KINDS, PRODUCT_STYLES

_SEGMENTS = Weighted(
    {"Fine Dining": 0.30, "Fast Food": 0.27, "Healthcare": 0.16, "Education": 0.15, "Corporate Catering": 0.12}
)
_PRIORITIES = Weighted({"A": 0.08, "B": 0.22, "C": 0.45, "D": 0.25})
_STATUSES = Weighted({"prospect": 0.35, "active": 0.53, "inactive": 0.12})


def organizations(
    size: Size, calendar: Calendar, last_seen: Mapping[int, datetime], follow_ups: Mapping[int, date]
) -> Iterator[Row]:
    """`last_seen` and `follow_ups` by organization number, from the interactions."""
    random_source = RandomSource("organizations")
    for number in range(size.organizations):
        segment = random_source.weighted(_SEGMENTS)
        known = calendar.morning(370 + random_source.below(900))
        yield (
            key("organizations", number),
            _organization_name(random_source, segment),
            random_source.one_of(CITIES),
            segment,
            random_source.weighted(_PRIORITIES),
            random_source.weighted(_STATUSES),
            key("users", owner(number, size)),
            last_seen.get(number),
            follow_ups.get(number),
            random_source.chance(0.01),
            known,
            last_seen.get(number, known),
        )


def owner(organization: int, size: Size) -> int:
    """The number of the representative an organization is assigned to: some have four times as many as others."""
    spread = (organization * 2_654_435_761 % 1_000_003) / 1_000_003
    return int(size.sales_reps * spread**1.5)


def products(size: Size, calendar: Calendar) -> Iterator[Row]:
    """One row per product, every kind in several styles."""
    random_source = RandomSource("products")
    kinds = [(category, kind) for category, names in PRODUCT_KINDS.items() for kind in names]
    for number in range(size.products):
        category, kind = kinds[number % len(kinds)]
        name = f"{PRODUCT_STYLES[number // len(kinds) % len(PRODUCT_STYLES)]} {kind}"
        listed = calendar.morning(500 + random_source.below(500))
        price = round(4.0 + 90.0 * random_source.between(0.0, 1.0) ** 2, 2)
        yield (
            key("products", number),
            f"KP-{number:04d}",
            name,
            category,
            price,
            random_source.chance(0.02),
            listed,
            listed,
        )


def _organization_name(random_source: RandomSource, segment: str) -> str:
    kinds = KINDS[segment]
    return f"{random_source.one_of(FIRST_WORDS)} {random_source.one_of(FIRST_WORDS)} {random_source.one_of(kinds)}"
