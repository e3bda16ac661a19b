"""The beacons of the demo's made-up browsers."""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path

import pytest

from demo.traffic.browsers import Browser, page_route
from demo.traffic.journeys import JOURNEYS, Step
from exporters.core.cardinality import OTHER
from exporters.core.strict_yaml import read_yaml
from exporters.rum.beacon import measured, read_beacon
from exporters.rum.labels import Routes, Visitors, connection, device
from pantrywatch.config.targets import read_targets

ROOT = Path(__file__).parents[3]
SEARCH = Step("GET", "/api/v1/organizations/search?q=oak")
SAVE = Step("POST", "/api/v1/interactions", {})
OPEN = Step("GET", "/api/v1/organizations/5d0c5a4e")
BROWSERS = [Browser(number, "http://127.0.0.1:9/rum") for number in range(1, 21)]


def test_every_beacon_is_one_that_the_receiver_counts() -> None:
    """Its schema, ranges, navigation, route and closed sets: nothing of it is dropped or folded."""
    routes = Routes(read_yaml(ROOT / "settings.yaml")["rum"]["routes"])
    for browser in BROWSERS:
        for sent in (browser.page_load(OPEN), *(browser.within_page(step) for step in (SEARCH, SAVE, OPEN))):
            beacon = read_beacon(json.dumps(sent).encode(), b"")
            assert measured(beacon)[1] == []
            assert routes.fold(beacon.route) == beacon.route
            assert device(beacon.device) != OTHER


def test_they_are_users_of_several_browsers_and_devices() -> None:
    """No user agent is taken for a program's, and the closed sets are in use."""
    visitors = Visitors(())
    agents = [browser.equipment.user_agent.encode() for browser in BROWSERS]
    assert {visitors.of(agent, webdriver=False)[0] for agent in agents} == {"user"}
    assert {visitors.of(agent, webdriver=False)[1] for agent in agents} == {"chrome", "edge", "firefox", "safari"}
    beacons = [browser.page_load(OPEN) for browser in BROWSERS]
    assert {beacon["device"] for beacon in beacons} == {"desktop", "phone", "tablet"}
    assert {connection(beacon["connection"]) for beacon in beacons} == {"4g", "3g", OTHER}


def test_every_field_promise_is_kept_with_room_to_spare() -> None:
    """Of a few thousand views no target has more than two thirds of the bad events it allows, and none has none."""
    targets = {one.id: one for one in read_targets(ROOT / "targets.yaml").targets if one.basis == "field"}
    values, interactions, errors = defaultdict(list), 0, 0
    for browser in BROWSERS:
        for _ in range(200):
            for sent in (browser.page_load(OPEN), browser.within_page(SEARCH), browser.within_page(SAVE)):
                beacon = read_beacon(json.dumps(sent).encode(), b"")
                for name, value in measured(beacon)[0]:
                    values[name].append(value)
                interactions, errors = interactions + beacon.interactions, errors + beacon.errors
    assert 0 < errors / interactions < 0.001 * 2 / 3
    for target in targets.values():
        if target.sli.histogram is None:
            continue
        assert target.threshold is not None
        assert target.objective is not None
        seen = values[target.sli.histogram.partition("{")[0]]
        bad = sum(value > target.threshold for value in seen) / len(seen)
        assert 0 < bad < (1 - target.objective) * 2 / 3, target.id


@pytest.mark.parametrize(
    ("path", "route"),
    [
        ("/api/v1/dashboard", "/dashboard"),
        ("/api/v1/organizations?owner=me", "/organizations"),
        (SEARCH.path, "/organizations"),
        (OPEN.path, "/organizations/:id"),
        (SAVE.path, "/organizations/:id"),
        ("/api/v1/opportunities/5d0c/stage", "/organizations/:id"),
        ("/", "/"),
    ],
)
def test_a_request_belongs_to_the_route_of_the_page_that_makes_it(path: str, route: str) -> None:
    """As app.js asks for it."""
    assert page_route(path) == route


def test_a_receiver_that_is_away_stops_nobody() -> None:
    """Nobody listens at port 9: the representative goes on."""
    assert len(JOURNEYS) > 0
    BROWSERS[0].show(OPEN)
