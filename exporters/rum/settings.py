"""The `rum` section of settings.yaml: where beacons of users' browsers arrive, and what is accepted."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated
from urllib.parse import urlsplit

from exporters.core.cardinality import OTHER
from exporters.core.field_checks import at_most_entries, between, expect, expect_address, matching, unique

_MOST_ROUTES = 50


def _expect_origin(origin: str) -> None:
    try:
        parts = urlsplit(origin)
        ok = parts.scheme in {"http", "https"} and parts.netloc and origin == f"{parts.scheme}://{parts.netloc}"
    except ValueError:
        ok = False
    plain = origin.isascii() and "*" not in origin and "@" not in origin
    expect(ok and plain, "an origin like https://crm.example.com", origin)


def _expect_network(network: str) -> None:
    try:
        ipaddress.ip_network(network)
    except ValueError:
        expect(False, "an address or network like 10.0.0.0/8", network)


@dataclass(frozen=True, slots=True)
class RumSettings:
    """Beacons are accepted at `POST /rum` of `listen`, on an address of its own: `/metrics` is not on it."""

    name: Annotated[str, "The value of the label `instance`."] = "local"
    listen: Annotated[str, "The address for beacons, behind the web server of the application.", expect_address] = (
        "127.0.0.1:9691"
    )
    origins: Annotated[
        tuple[Annotated[str, _expect_origin], ...],
        "Origins, besides the receiver's own, whose pages may send beacons.", at_most_entries(20, "origins"), unique,
    ] = ()  # fmt: skip
    routes: Annotated[
        tuple[Annotated[str, matching(r"/[A-Za-z0-9_.:/-]{0,99}", "a template like /contacts/:id")], ...],
        f"Templates of the routes to tell apart, `:name` for a part that varies; every other route is `{OTHER}`.",
        at_most_entries(_MOST_ROUTES, "routes"), unique,
    ] = ()  # fmt: skip
    actions: Annotated[
        tuple[Annotated[str, matching(r"[a-z][a-z0-9_-]{0,29}", "a name like import-contacts")], ...],
        f"Names of actions to tell apart, besides `search` and `form`; every other action is `{OTHER}`.",
        at_most_entries(20, "actions"), unique,
    ] = ()  # fmt: skip
    trusted_proxies: Annotated[
        tuple[Annotated[str, _expect_network], ...],
        "Proxies whose `X-Forwarded-For` is believed.", at_most_entries(20, "networks"), unique,
    ] = ("127.0.0.0/8", "::1/128")  # fmt: skip
    client_rate: Annotated[
        float, "Beacons a second accepted from one network of clients (/24, /56); ten seconds' worth at once.",
        between(0.1, 100_000),
    ] = 20.0  # fmt: skip
    total_rate: Annotated[float, "Beacons a second accepted in all.", between(1, 1_000_000)] = 1000.0
    most_label_sets: Annotated[
        int, f"Label sets of each histogram; those beyond share the values `{OTHER}`.", between(1, 5000)
    ] = 150
    own_user_agents: Annotated[
        tuple[Annotated[str, matching(r".{4,100}", "a text of 4 to 100 characters")], ...],
        "Texts in the user agents of your own checks, which are counted apart from users.",
        at_most_entries(20, "texts"),
    ] = ("pantrywatch",)  # fmt: skip


Section = RumSettings


def from_environment(_environment: Mapping[str, str]) -> None:
    """Return None: beacons are accepted only where a settings file asks for it."""
