"""The seed's users and contacts."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from datetime import datetime

from demo.passwords import DEMO_PASSWORD, hashed
from demo.seed.random_source import RandomSource, Weighted, key
from demo.seed.size import Calendar, Size
from demo.seed.table import Row
from demo.seed.words import FIRST_NAMES, LAST_NAMES, POSITIONS

_ENGAGEMENT = Weighted({"low": 0.35, "medium": 0.45, "high": 0.20})
_EMPLOYMENT = Weighted({"active": 0.92, "on_leave": 0.05, "terminated": 0.03})
# The traffic logs in as the first twenty representatives, so all of them are active.
_ALWAYS_ACTIVE = 20


def logins(size: Size) -> Iterator[tuple[str, str]]:
    """(log-in name, role) of every user, representatives first; user n of this list has key n."""
    for kind, role, count in (
        ("rep", "sales_rep", size.sales_reps),
        ("manager", "manager", 3),
        ("viewer", "read_only", 4),
    ):
        for number in range(1, count + 1):
            yield f"{kind}{number:02d}@pantry.example", role
    yield "admin@pantry.example", "admin"


def users(size: Size, calendar: Calendar) -> Iterator[Row]:
    """One row per user, in the order of logins()."""
    random_source = RandomSource("users")
    for number, (email, role) in enumerate(logins(size)):
        salt = hashlib.md5(f"salt:{number}".encode(), usedforsecurity=False).digest()
        status = random_source.weighted(_EMPLOYMENT) if number >= _ALWAYS_ACTIVE and role == "sales_rep" else "active"
        hired = calendar.morning(400 + random_source.below(1500))
        seen = calendar.morning(1 + random_source.skewed(20))
        yield (
            key("users", number),
            email,
            full_name(random_source),
            hashed(DEMO_PASSWORD, salt),
            role,
            status,
            seen,
            False,
            hired,
            seen,
        )


def contacts(size: Size, calendar: Calendar, last_seen: Mapping[int, datetime]) -> Iterator[Row]:
    """Contact n belongs to organization n modulo their number, so every organization has one; `last_seen` by number."""
    random_source = RandomSource("contacts")
    for number in range(size.contacts):
        name = full_name(random_source)
        known = calendar.morning(30 + random_source.below(900))
        primary = number < size.organizations
        yield (
            key("contacts", number),
            key("organizations", number % size.organizations),
            name,
            f"{name.lower().replace(' ', '.')}{number}@client.example",
            random_source.one_of(POSITIONS),
            primary,
            random_source.chance(0.6 if primary else 0.15),
            random_source.weighted(_ENGAGEMENT),
            last_seen.get(number),
            not primary and random_source.chance(0.02),
            known,
            last_seen.get(number, known),
        )


def full_name(random_source: RandomSource) -> str:
    return f"{random_source.one_of(FIRST_NAMES)} {random_source.one_of(LAST_NAMES)}"
