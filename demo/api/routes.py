"""The API's addresses."""

from __future__ import annotations

from dataclasses import dataclass

from demo.api import dashboard, interactions, login, opportunities, organizations
from demo.api.request import Handler

PREFIX = "/api/v1"


@dataclass(frozen=True, slots=True)
class ApiRoute:
    """`public` needs no log-in; `statuses` are those whose series exist from the start."""

    method: str
    path: str
    handler: Handler
    public: bool = False
    statuses: tuple[int, ...] = (200, 500, 503)

    @property
    def template(self) -> str:
        return PREFIX + self.path


# `search` comes before `{id}`: the first match wins.
ROUTES = (
    ApiRoute("POST", "/auth/login", login.log_in, public=True, statuses=(200, 401, 500, 503)),
    ApiRoute("GET", "/organizations", organizations.list_page),
    ApiRoute("GET", "/organizations/search", organizations.search),
    ApiRoute("GET", "/organizations/{id}", organizations.open_one),
    ApiRoute("POST", "/interactions", interactions.log_interaction, statuses=(201, 500, 503)),
    ApiRoute("PATCH", "/opportunities/{id}/stage", opportunities.move),
    ApiRoute("GET", "/dashboard", dashboard.totals),
)
