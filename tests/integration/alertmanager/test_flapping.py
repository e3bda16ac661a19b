"""An outage that keeps coming back, as its messages tell it: by a real Alertmanager, with waits of seconds.

The alerts are those the rules send (tests/rules/flapping.yml shows when each begins and ends).
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pytest

from tests.support.alertmanagers import Alertmanager, alert, alertmanager, delays, settings_for
from tests.support.inboxes import inbox
from tests.support.servers import wait_until

pytestmark = [pytest.mark.long, pytest.mark.every_release]

_MANAGER_SECONDS = 13
_DELAYS = {"critical": ("1s", "6s", f"{_MANAGER_SECONDS}s")}
_PERIOD_SECONDS, _DOWN_SECONDS = 4.0, 2.6
_KNOWN_AFTER = 2  # periods
_DOWN, _OTHER, _FLAPPING = "CrmDatabaseDown", "CrmTried", "CrmMonitoringOutageFlapping"


@dataclass(frozen=True, slots=True)
class Story:
    """All messages, and those before the outage was steady."""

    before: list[dict[str, Any]]
    all: list[dict[str, Any]]
    begins: dict[str, float]  # of alerts, as Alertmanager has them at the end
    last_begin: float

    def who(self, name: str, *, before: bool = True) -> set[str]:
        """Return who was notified that an alert fires."""
        messages = self.before if before else self.all
        return {m["to"] for m in messages if name in m["alerts"] and m["status"] == "firing"}


def _outages() -> list[dict[str, Any]]:
    of_database = {"component": "database", "instance": "primary"}
    # Nothing says that the second one keeps coming back.
    return [alert(_DOWN, "critical", **of_database), alert(_OTHER, "critical", component="host", instance="a")]


def _flap(server: Alertmanager, flapping: dict[str, Any]) -> float:
    """Four outages, the third known to be one too many, and a fifth that goes on; return when that began."""
    begin = time.time()
    for number in range(4):
        down = _outages()
        server.send(*down, *([flapping] if number >= _KNOWN_AFTER else []))
        up_again = begin + number * _PERIOD_SECONDS + _DOWN_SECONDS
        wait_until(lambda moment=up_again: time.time() >= moment, 60, "the end of an outage")
        server.resolve(*down)
        wait_until(lambda moment=up_again: time.time() >= moment + 1.4, 60, "the begin of the next")
    last = _outages()
    server.send(*last)
    return datetime.fromisoformat(last[0]["startsAt"]).timestamp()


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    """The outages, until everybody who hears of the steady one has."""
    folder = tmp_path_factory.mktemp("flapping")
    with inbox(folder / "inbox") as box:
        settings = settings_for(box.port, box.mail_port, lambda section: delays(section, _DELAYS))
        with alertmanager(folder / "am", settings) as server:
            flapping = alert(
                _FLAPPING, "critical", component="alertmanager", escalates="partly", outage=_DOWN, instance="primary"
            )
            known = time.time() + _KNOWN_AFTER * _PERIOD_SECONDS
            flapping["startsAt"] = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(known))
            last_begin = _flap(server, flapping)
            wait_until(
                lambda: time.time() > known + _MANAGER_SECONDS + 2, 60, "the last step of what keeps coming back"
            )
            before = box.messages()
            server.resolve(flapping)
            box.wait_for(lambda m: m["to"].startswith("manager") and _DOWN in m["alerts"], 60, "the steady outage")
            yield Story(before, box.messages(), server.begins(), last_begin)


def test_what_keeps_coming_back_reaches_all_but_the_last(story: Story) -> None:
    """On-call and second on-call are notified of one problem; the manager of nothing."""
    assert {"on-call", "second-on-call"} <= story.who(_FLAPPING)
    assert "manager@pantry.example" not in story.who(_FLAPPING, before=False) | story.who(_DOWN)


def test_without_it_the_clock_of_the_first_outage_reaches_the_manager(story: Story) -> None:
    """The same pauses, not known to be one problem: what this alert is for."""
    assert "manager@pantry.example" in story.who(_OTHER)


def test_a_message_of_a_later_step_has_the_begin_of_the_present_outage(story: Story) -> None:
    """The step came by the clock of the first; Alertmanager knows since when it fires now, and its template says so."""
    assert story.begins[_OTHER] == pytest.approx(story.last_begin, abs=1)
    told = [m for m in story.before if _OTHER in m["alerts"] and m["to"].startswith("manager")]
    texts = [m["text"] for m in told if m["status"] == "firing"]
    assert texts
    assert all("after it first fired. Firing since " in text for text in texts)


def test_its_single_outages_notify_nobody(story: Story) -> None:
    """From the third on; the first two were messages of their own."""
    at = [m["received_at"] for m in story.before if _DOWN in m["alerts"] and m["to"] == "on-call"]
    known = min(m["received_at"] for m in story.before if _FLAPPING in m["alerts"])
    assert at
    assert max(at) < known + 2


def test_a_steady_outage_reaches_everybody(story: Story) -> None:
    """Once it no longer keeps coming back it is notified by itself, up to the last step."""
    assert {"on-call", "second-on-call", "manager@pantry.example"} <= story.who(_DOWN, before=False)
