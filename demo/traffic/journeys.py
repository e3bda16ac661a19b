"""The work of a sales representative, as sequences of requests. A journey yields a request and is sent its response."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any, TypeVar
from urllib.parse import urlencode

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Step:
    """A request; `path` with its query."""

    method: str
    path: str
    body: dict[str, Any] | None = None


Content = dict[str, Any]
Journey = Generator[Step, Content, None]

_FILTERS: tuple[dict[str, str], ...] = (
    {},
    {"priority": "A"},
    {"segment": "Fine Dining"},
    {"segment": "Healthcare"},
    {"priority": "B"},
    {"page": "2"},
)
_WORDS = ("maple", "oak", "bistro", "clinic", "river", "college", "pizza", "garden", "lake", "tavern")
_KINDS = ("CALL", "CALL", "EMAIL", "EMAIL", "VISIT", "MEETING", "DEMO", "FOLLOW_UP")
_OUTCOMES = ("interested", "neutral", "no answer", "order placed", "needs information")
# Mostly forward; closed deals are reopened now and then, so that there is always something to sell.
_NEXT_STAGE = {
    "prospecting": ("qualification", "qualification", "closed-lost"),
    "qualification": ("proposal", "proposal", "closed-lost"),
    "proposal": ("negotiation", "negotiation", "closed-lost"),
    "negotiation": ("closed-won", "closed-won", "closed-lost"),
    "closed-won": ("prospecting",),
    "closed-lost": ("prospecting",),
}


@dataclass(slots=True)
class Desk:
    """A representative's own accounts, best known first, and random source."""

    random: Random
    accounts: list[str]

    def favorite(self, things: Sequence[Item]) -> Item:
        """The first of them most often (Zipf's law with exponent 2.2): people return to what they work on."""
        weights = [1 / rank**2.2 for rank in range(1, len(things) + 1)]
        return self.random.choices(things, weights)[0]


def look_at_dashboard(_desk: Desk) -> Journey:
    yield Step("GET", "/api/v1/dashboard")


def browse(desk: Desk) -> Journey:
    """The own accounts with a favorite filter, then one of them."""
    query = urlencode({"owner": "me", **desk.favorite(_FILTERS)})
    page = yield Step("GET", f"/api/v1/organizations?{query}")
    if page.get("items"):
        yield _open(desk.favorite(page["items"])["id"])


def search(desk: Desk) -> Journey:
    found = yield Step("GET", "/api/v1/organizations/search?" + urlencode({"q": desk.favorite(_WORDS)}))
    if found.get("items"):
        yield _open(desk.favorite(found["items"])["id"])


def open_account(desk: Desk) -> Journey:
    yield _open(desk.favorite(desk.accounts))


def log_interaction(desk: Desk) -> Journey:
    account = desk.favorite(desk.accounts)
    yield _open(account)
    body = {
        "organization_id": account,
        "interaction_type": desk.random.choice(_KINDS),
        "duration_minutes": desk.random.randint(3, 60),
        "outcome": desk.random.choice(_OUTCOMES),
        "sentiment_score": desk.random.randint(2, 5),
    }
    yield Step("POST", "/api/v1/interactions", body)
    yield _open(account)


def move_opportunity(desk: Desk) -> Journey:
    organization = yield _open(desk.favorite(desk.accounts))
    deals = [deal for deal in organization.get("opportunities", ()) if _worked_on(desk, deal)]
    if deals:
        deal = desk.random.choice(deals)
        stage = desk.random.choice(_NEXT_STAGE[deal["stage"]])
        yield Step("PATCH", f"/api/v1/opportunities/{deal['id']}/stage", {"stage": stage})
        yield Step("GET", "/api/v1/dashboard")


def _worked_on(desk: Desk, deal: Content) -> bool:
    return not deal["stage"].startswith("closed") or desk.random.random() < 0.1


def _open(account: str) -> Step:
    return Step("GET", f"/api/v1/organizations/{account}")


# How often each is started, chosen so that about three requests in a hundred write.
JOURNEYS: dict[Callable[[Desk], Journey], float] = {
    look_at_dashboard: 22,
    browse: 22,
    search: 12,
    open_account: 38,
    log_interaction: 3.5,
    move_opportunity: 1.5,
}


def begin(desk: Desk) -> Journey:
    """The next journey of a representative."""
    choice: Callable[[Desk], Journey] = desk.random.choices(list(JOURNEYS), list(JOURNEYS.values()))[0]
    return choice(desk)
