"""The recorded beacons that the demo's browsers send."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import pytest

from demo.api.page import FAULTS
from demo.flags import Flags
from demo.traffic.browsers import Browser
from demo.traffic.equipment import EQUIPMENT
from demo.traffic.recording import recording
from exporters.core.cardinality import OTHER
from exporters.core.exposition import render
from exporters.rum.metrics import Metrics
from exporters.rum.receiver import Head, Receiver
from exporters.rum.settings import RumSettings
from pantrywatch.config.settings import read_settings
from pantrywatch.config.targets import Target
from tests.integration.demo.receivers import FIELD, fed, total
from tests.support import exporter
from tests.support.exporter import Page

ROOT = Path(__file__).parents[3]
BROWSERS = [Browser(number, "http://127.0.0.1:9/rum") for number in range(1, 21)]
RUM = read_settings(ROOT / "settings.yaml").rum or RumSettings()


def counted(beacons: int, browsers: Sequence[Browser] = BROWSERS) -> Page:
    """What the receiver of the demo's settings has counted of so many beacons of every browser."""
    metrics = Metrics(RUM.most_label_sets)
    receiver = Receiver(RUM, metrics)
    for browser in [*browsers] * beacons:
        head = Head(b"POST", headers={b"user-agent": EQUIPMENT[browser.equipment].user_agent.encode()})
        assert receiver.on_body(head, json.dumps(browser.next_beacon()).encode()).status == 204
    return exporter.page(render(metrics.families()).decode())


def test_the_receiver_counts_every_beacon_as_a_users() -> None:
    """Nothing is dropped, folded or taken for a program's, and what users work with differs."""
    page = counted(20)
    assert total(page, "pantrywatch_rum_accepted_total", visitor="user") == 20 * len(BROWSERS)
    for name in ("dropped", "values_dropped", "label_sets_folded"):
        assert total(page, f"pantrywatch_rum_{name}_total") == 0
    assert used("browser", (found for found, n in page.samples("browser_beacons_total") if n)) == {"chrome", "edge"}
    loads = [found for found, _ in page.samples("browser_lcp_seconds_count")]
    assert used("device", loads) == {"desktop", "phone", "tablet"}
    assert OTHER not in used("connection", loads) | used("route", loads)
    assert used("action", (found for found, _ in page.samples("browser_action_seconds_count"))) == set(RUM.actions)


def used(label: str, samples: Iterable[dict[str, str]]) -> set[str]:
    """The values that a label has."""
    return {found[label] for found in samples}


def test_every_field_promise_is_kept() -> None:
    """Each counts events of the recorded visits, and fewer bad ones than it allows."""
    page = counted(100)
    assert len(FIELD) == 9
    assert fed(page) == {target.id for target in FIELD}
    for target in FIELD:
        assert bad_share(page, target) < 1 - (target.objective or 0), target.id


def bad_share(page: Page, target: Target) -> float:
    """The share of bad events of a target."""
    if target.sli.histogram is None:
        events, bad = (total(page, text.partition("{")[0]) for text in (*target.sli.total, *target.sli.bad))
        return bad / events
    name = target.sli.histogram.partition("{")[0]
    events = total(page, f"{name}_count")
    good = total(page, f"{name}_bucket", le=str(float(target.threshold or 0)))
    return 1 - good / events if events else 0.0


@pytest.mark.parametrize(
    ("fault", "target"),
    [("script-errors", "frontend-error-rate"), ("layout-shift", "cls"), ("slow-page", "lcp"), ("long-task", "fid")],
)
def test_a_fault_of_the_front_end_breaks_its_promise_alone(tmp_path: Path, fault: str, target: str) -> None:
    """More than half as many events again are bad as it allows, and those of other targets keep theirs."""
    flags = Flags(tmp_path)
    flags.raise_(fault, in_force=True)
    page = counted(50, [Browser(number, "http://127.0.0.1:9/rum", flags) for number in range(1, 21)])
    assert {one.id for one in FIELD if bad_share(page, one) > 1.5 * (1 - (one.objective or 0))} == {target}


def test_the_recording_is_of_this_page() -> None:
    """Its routes and actions are those of index.html and of the settings, and each fault of the page was recorded."""
    page = (ROOT / "demo/api/static/index.html").read_text()
    visits = [visit for visits in recording().visits.values() for visit in visits]
    beacons = [beacon for visit in visits for beacon in visit]
    named = {action["name"] for beacon in beacons for action in beacon.get("actions", ())}
    assert named == set(re.findall('data-pantrywatch="([^"]+)"', page)) == {*RUM.actions, "search", "form"}
    (routes,) = re.findall('data-routes="([^"]+)"', page)
    # #main, where the skip link leads to, is no route.
    seen = {beacon.get("route") for beacon in beacons} - {None}
    assert seen == set(routes.split()) == set(RUM.routes)
    assert set(recording().visits) == {(fault, one) for fault in ("", *FAULTS) for one in EQUIPMENT}


def test_the_recording_holds_nothing_but_measures() -> None:
    """Every text in it is a name of a closed set: no account, no search, no address."""
    texts = {text for visits in recording().visits.values() for visit in visits for text in _texts(visit)}
    kinds = {"document", "script", "style", "request", "other"}
    known = {"hard", "soft", "desktop", "phone", "tablet", "4g", *RUM.routes, *RUM.actions, "search", "form", *kinds}
    assert texts <= known


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for one in value.values() if isinstance(value, dict) else value:
            yield from _texts(one)


def test_a_fault_shows_at_once_and_goes_at_once(tmp_path: Path) -> None:
    """The visit that a browser is in does not go on when a fault of the page comes or goes."""
    flags = Flags(tmp_path)
    browser = Browser(1, "http://127.0.0.1:9/rum", flags)
    assert "errors" not in browser.next_beacon()
    flags.raise_("script-errors", in_force=True)
    assert browser.next_beacon().get("errors")
    flags.lower("script-errors")
    assert "errors" not in browser.next_beacon()


def test_a_receiver_that_is_away_stops_nobody() -> None:
    """Nobody listens at port 9: the representative goes on."""
    BROWSERS[0].show()
