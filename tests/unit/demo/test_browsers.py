"""The beacons of the demo's made-up browsers."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

import pytest

from demo.flags import Flags
from demo.traffic.browsers import Browser, page_action, page_route
from demo.traffic.journeys import Step
from exporters.core.cardinality import OTHER
from exporters.core.exposition import render
from exporters.rum.metrics import Metrics
from exporters.rum.receiver import Head, Receiver
from exporters.rum.settings import RumSettings
from pantrywatch.config.settings import read_settings
from pantrywatch.config.targets import Target, read_targets
from tests.support import exporter
from tests.support.exporter import Page

ROOT = Path(__file__).parents[3]
LOG_IN = Step("POST", "/api/v1/auth/login", {})
SEARCH = Step("GET", "/api/v1/organizations/search?q=oak")
SAVE = Step("POST", "/api/v1/interactions", {})
OPEN = Step("GET", "/api/v1/organizations/5d0c5a4e")
BROWSERS = [Browser(number, "http://127.0.0.1:9/rum") for number in range(1, 21)]
FIELD = [one for one in read_targets(ROOT / "targets.yaml").targets if one.basis == "field"]
RUM = read_settings(ROOT / "settings.yaml").rum or RumSettings()


def counted(rounds: int, browsers: Sequence[Browser] = BROWSERS) -> Page:
    """What the receiver of the demo's settings has counted of so many rounds of every browser."""
    metrics = Metrics(RUM.most_label_sets)
    receiver = Receiver(RUM, metrics)
    for browser in [*browsers] * rounds:
        head = Head(b"POST", headers={b"user-agent": browser.equipment.user_agent.encode()})
        for beacon in (browser.page_load(OPEN), *map(browser.within_page, (LOG_IN, SEARCH, SAVE))):
            assert receiver.on_body(head, json.dumps(beacon).encode()).status == 204
    return exporter.page(render(metrics.families()).decode())


def total(page: Page, name: str, **labels: str) -> float:
    """The sum of all samples with these labels."""
    return sum(value for found, value in page.samples(name) if labels.items() <= found.items())


def test_the_receiver_counts_every_beacon_as_a_users() -> None:
    """Nothing is dropped, folded or taken for a program's, and the closed sets are in use."""
    page = counted(2)
    assert total(page, "pantrywatch_rum_accepted_total", visitor="user") == 2 * 4 * len(BROWSERS)
    for name in ("dropped", "values_dropped", "label_sets_folded"):
        assert total(page, f"pantrywatch_rum_{name}_total") == 0
    assert used("browser", (found for found, n in page.samples("browser_beacons_total") if n)) == {
        "chrome", "edge", "firefox", "safari",
    }  # fmt: skip
    loads = [found for found, _ in page.samples("browser_lcp_seconds_count")]
    assert used("device", loads) == {"desktop", "phone", "tablet"}
    assert used("connection", loads) == {"3g", "4g", OTHER}
    assert used("route", loads) == {"/organizations/:id"}
    assert used("action", (found for found, _ in page.samples("browser_action_seconds_count"))) == {"log-in"}


def used(label: str, samples: Iterable[dict[str, str]]) -> set[str]:
    """The values that a label has."""
    return {found[label] for found in samples}


def test_every_field_promise_is_kept_with_room_to_spare() -> None:
    """Of a few thousand views no target has more than two thirds of the bad events it allows, and none has none."""
    page = counted(200)
    for target in FIELD:
        assert 0 < bad_share(page, target) < (1 - (target.objective or 0)) * 2 / 3, target.id


def bad_share(page: Page, target: Target) -> float:
    """The share of bad events of a target."""
    if target.sli.histogram is None:
        events, bad = (total(page, text.partition("{")[0]) for text in (*target.sli.total, *target.sli.bad))
        return bad / events
    name = target.sli.histogram.partition("{")[0]
    events = total(page, f"{name}_count")
    return 1 - total(page, f"{name}_bucket", le=str(float(target.threshold or 0))) / events


@pytest.mark.parametrize(
    ("fault", "target"),
    [("script-errors", "frontend-error-rate"), ("layout-shift", "cls"), ("slow-page", "lcp"), ("long-task", "fid")],
)
def test_a_fault_of_the_front_end_breaks_its_promise_alone(tmp_path: Path, fault: str, target: str) -> None:
    """Most of its events are bad, or a tenth of the interactions, and those of other targets stay as they were."""
    flags = Flags(tmp_path)
    flags.raise_(fault, in_force=True)
    page = counted(50, [Browser(number, "http://127.0.0.1:9/rum", flags) for number in range(1, 21)])
    assert {one.id for one in FIELD if bad_share(page, one) > 1.5 * (1 - (one.objective or 0))} == {target}


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


def test_the_page_gives_each_action_and_route_its_name() -> None:
    """What the beacons name is what index.html names, and what the settings list besides search and form."""
    named = {page_action(step) for step in (LOG_IN, SEARCH, SAVE, OPEN)}
    page = (ROOT / "demo/api/static/index.html").read_text()
    assert set(re.findall('data-pantrywatch="([^"]+)"', page)) == named
    assert {*RUM.actions, "search", "form"} == named
    (routes,) = re.findall('data-routes="([^"]+)"', page)
    assert tuple(routes.split()) == RUM.routes


def test_a_receiver_that_is_away_stops_nobody() -> None:
    """Nobody listens at port 9: the representative goes on."""
    BROWSERS[0].show(OPEN)
