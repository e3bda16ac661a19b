"""The traffic driver and the third party as programs."""

from __future__ import annotations

import json
import sys
from collections import Counter
from pathlib import Path

import requests

from demo.traffic.recording import recording
from tests.integration.demo.installation import Installation
from tests.integration.demo.receivers import FIELD, fed, receiver, total
from tests.support import servers
from tests.support.exporter import fetch

TRAFFIC = [sys.executable, "-m", "demo.traffic"]


def statuses(installation: Installation) -> Counter[int]:
    """The statuses of the traffic's requests so far."""
    entries = map(json.loads, installation.access_log.read_text().splitlines())
    return Counter(entry["status"] for entry in entries if entry["user_agent"] == "demo-traffic")


def test_the_traffic_is_welcome(installation: Installation) -> None:
    """The traffic's requests succeed, a mistyped password apart, and it ends within three seconds when told to."""
    variables = {**installation.variables, "DEMO_RATE": "100"}
    log = installation.directory / "traffic.log"
    with servers.process(TRAFFIC, log, environment=variables) as child:
        servers.wait_until(lambda: statuses(installation).total() > 150, 30, "requests come in")
        child.terminate()
        assert child.wait(20) == 0
    seen = statuses(installation)
    assert set(seen) <= {200, 201, 401}
    assert seen[401] <= 5
    assert log.read_text() == ""


def test_the_traffic_feeds_every_promise_of_users_browsers(installation: Installation, tmp_path: Path) -> None:
    """Through a real receiver each of the nine counts events, and the API says that they are replayed."""
    variables = {**installation.variables, "DEMO_RATE": "100"}
    with (
        receiver(tmp_path / "rum", variables) as rum,
        servers.process(TRAFFIC, tmp_path / "traffic.log", environment=variables),
    ):
        servers.wait_until(lambda: fed(rum.scrape()) == {target.id for target in FIELD}, 30, "each target has events")
        assert total(rum.scrape(), "pantrywatch_rum_dropped_total") == 0
    said = fetch(f"{installation.url}/metrics").value("demo_replayed_beacons_info", recorded=recording().day)
    assert said == 1


def test_the_traffic_outlives_the_api(installation: Installation) -> None:
    """Where nobody answers the traffic keeps trying, and sends again when somebody does."""
    url = f"http://127.0.0.1:{servers.free_port()}"
    variables = {**installation.variables, "DEMO_RATE": "100", "DEMO_URL": url}
    with servers.process(TRAFFIC, installation.directory / "lonely-traffic.log", environment=variables) as child:
        # Something that answers nonsense, once it is there: no JSON, no log-in.
        command = [sys.executable, "-m", "http.server", "--bind", "127.0.0.1", url.rpartition(":")[2]]
        log = installation.directory / "nonsense.log"
        with servers.process(command, log):
            servers.wait_until(lambda: log.read_text().count("POST /api/v1/auth/login") > 3, 20, "log-ins are tried")
        assert child.poll() is None


def test_the_third_party(installation: Installation) -> None:
    """The stub takes mails, locates names the same every time, and refuses what is no mail."""
    url = installation.variables["DEMO_THIRD_PARTY_URL"]
    places = [requests.get(f"{url}/v1/geocode", params={"q": "Oakdale"}, timeout=5).json() for _ in range(2)]
    assert places[0] == places[1]
    assert set(places[0]) == {"latitude", "longitude"}
    assert requests.post(f"{url}/v1/email", json={"subject": "hello"}, timeout=5).status_code == 202
    for content in (b"", b"[]", b"{}"):
        assert requests.post(f"{url}/v1/email", data=content, timeout=5).status_code == 400
