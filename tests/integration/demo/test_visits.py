"""Visits of the demo's page in a real Chromium, as a program: what is counted of them, and what is left of them."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

import psutil
import pytest

from tests.integration.demo.installation import Installation, api
from tests.integration.demo.receivers import FIELD, fed, receiver, total
from tests.support import servers
from tools.agent_bundle import build

# The agent of the page is built from npm's registry.
pytestmark = pytest.mark.long
VISITS = [sys.executable, "-m", "demo.traffic.visits"]


@pytest.fixture(scope="module")
def variables(installation: Installation, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mapping[str, str]]:
    """A demo whose page includes the agent, running, and a folder for browsers."""
    folder = tmp_path_factory.mktemp("visits")
    with TemporaryDirectory(prefix="v-") as browsers:  # a browser needs a short path
        variables = {
            **installation.variables,
            "DEMO_URL": f"http://127.0.0.1:{servers.free_port()}",
            "DEMO_BEACONS_URL": f"http://127.0.0.1:{servers.free_port()}/rum",
            "DEMO_AGENT": str(build(folder / "agent") / "tag.js"),
            "DEMO_ACCESS_LOG": str(folder / "access.log"),
            "TMPDIR": browsers,
        }
        with api(variables, folder / "api.log"):
            yield variables


def test_a_visit_is_counted_as_a_users(variables: Mapping[str, str], tmp_path: Path) -> None:
    """Every promise of the field has events after one visit, also what the page sends while it is left."""
    with receiver(tmp_path / "rum", variables) as rum:
        with servers.process([*VISITS, "--once", "office"], tmp_path / "log", environment=variables) as child:
            assert child.wait(100) == 0, (tmp_path / "log").read_text()
        servers.wait_until(lambda: total(rum.scrape(), "browser_route_change_seconds_count") >= 5, 20, "all beacons")
        page = rum.scrape()
        assert fed(page) == {target.id for target in FIELD}
        assert total(page, "pantrywatch_rum_accepted_total") == total(page, "browser_beacons_total", browser="chrome")
        assert total(page, "browser_lcp_seconds_count", device="desktop") == 2
        assert total(page, "pantrywatch_rum_dropped_total") == 0
    assert _left(variables) == []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_a_stop_leaves_no_browser(variables: Mapping[str, str], tmp_path: Path, number: signal.Signals) -> None:
    """In the middle of a visit: told to end, it removes browser and folder; where it is killed, the browser ends."""
    with servers.process([*VISITS, "--once", "office"], tmp_path / "log", environment=variables) as child:
        servers.wait_until(lambda: bool(_left(variables)), 30, "a browser runs")
        child.send_signal(number)
        assert child.wait(20) == (0 if number == signal.SIGTERM else -number)
    servers.wait_until(lambda: not _left(variables), 10, "the browser ends")
    folders = list(Path(variables["TMPDIR"]).iterdir())
    assert len(folders) == (number == signal.SIGKILL), "the next browser removes what a killed one left"


def test_a_page_that_is_down_is_visited_again(variables: Mapping[str, str], tmp_path: Path) -> None:
    """A visit that fails is a line of the log, and the next one comes."""
    away = {**variables, "DEMO_URL": f"http://127.0.0.1:{servers.free_port()}"}
    log = tmp_path / "log"
    with servers.process([*VISITS, "--every", "0.1"], log, environment=away) as child:
        servers.wait_until(
            lambda: log.read_text().count("demo.visits: net::ERR_CONNECTION_REFUSED") >= 2, 60, "two visits fail"
        )
        child.terminate()
        assert child.wait(20) == 0
    servers.wait_until(lambda: not _left(variables), 10, "the browser ends")


def _left(variables: Mapping[str, str]) -> list[int]:
    """Return the processes of browsers whose profile is in the folder for browsers."""
    profile = f"user-data-dir={variables['TMPDIR']}"
    running = psutil.process_iter(["cmdline"])
    return [one.pid for one in running if any(profile in word for word in one.info["cmdline"] or ())]
