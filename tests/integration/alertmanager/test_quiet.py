"""When nobody is told: outside office hours and in maintenance."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tests.support.alertmanagers import alert, alertmanager, delays, identity, midday, settings_for
from tests.support.inboxes import Inbox, inbox
from tests.support.servers import wait_until

_DELAYS = {"critical": ("1s", "3s", "10m"), "high": ("1s", "10m", "20m", "30m"), "medium": ("1s", "3s"), "low": ("1s",)}


def _shut(section: dict[str, Any]) -> None:
    delays(section, _DELAYS)
    section["office_hours"] |= {"opens": "20:00", "closes": "21:00"}
    section["escalation"]["low"]["daily_at"] = "20:00"


def _maintained(window: dict[str, Any]) -> Any:
    def change(section: dict[str, Any]) -> None:
        delays(section, _DELAYS)
        section["maintenance"] = [{"reason": "PostgreSQL upgrade: primary", **window}]

    return change


def _now(**offset: float) -> str:
    return (datetime.now(ZoneInfo(midday()[0])) + timedelta(**offset)).strftime("%Y-%m-%d %H:%M")


@pytest.fixture(scope="module")
def quiet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Inbox]]:
    """Four installations, in each of which alerts of all severities have begun; each with its own inbox."""
    today = datetime.now(ZoneInfo(midday()[0])).strftime("%A").lower()
    changes = {
        "shut": _shut,
        "dated": _maintained({"begins": _now(days=-1), "ends": _now(days=1)}),
        "weekly": _maintained({"days": [today], "begins": "11:00", "ends": "14:00"}),
        "over": _maintained({"begins": _now(days=-2), "ends": _now(days=-1)}),
    }
    with ExitStack() as stack:
        boxes = {}
        for name, change in changes.items():
            folder: Path = tmp_path_factory.mktemp(name)
            boxes[name] = stack.enter_context(inbox(folder / "inbox"))
            settings = settings_for(boxes[name].port, boxes[name].mail_port, change)
            server = stack.enter_context(alertmanager(folder / "am", settings))
            severities = ("critical", "high", "medium", "low")
            server.send(*(alert("CrmTried", severity, target=severity) for severity in severities))
            # One of a target with `page: literal` in targets.yaml, and one without (tests/rules/test_missed_now.py).
            literal = {"paged": "high", "other": "medium"}
            server.send(*(alert("CrmTargetMissedNow", literal[name], target=name) for name in literal))
            server.send(alert("Watchdog", "none"))
        yield boxes


def _told(box: Inbox) -> set[str]:
    return {m["severity"] for m in box.messages() if m["to"] != "heartbeat"}


def _beats_after(box: Inbox, count: int) -> None:
    """Wait for so many heartbeats, one a second or two: a marker that comes after all that was due before."""
    wait_until(lambda: sum(m["to"] == "heartbeat" for m in box.messages()) >= count, 90, f"{count} heartbeats")


@pytest.mark.long
def test_outside_office_hours_what_can_wait_waits(quiet: dict[str, Inbox]) -> None:
    """Critical and high are told at any time; medium and low, and what medium escalates to, are not."""
    box = quiet["shut"]
    box.wait_for(lambda m: m["to"] == "second-on-call", 90, "critical escalates")
    _beats_after(box, 6)
    assert _told(box) == {"critical", "high"}
    literal = [m for m in box.messages() if "CrmTargetMissedNow" in m["alerts"]]
    assert {m["severity"] for m in literal} == {"high"}, "a literal reading waits unless its target has `page: literal`"


@pytest.mark.parametrize("window", ["dated", "weekly"])
def test_in_maintenance_nobody_is_told_but_the_heartbeat(quiet: dict[str, Inbox], window: str) -> None:
    """In a window, dated or weekly, Watchdog goes on and no person hears anything."""
    _beats_after(quiet[window], 6)
    assert _told(quiet[window]) == set()


def test_a_window_that_is_over_keeps_nothing_back(quiet: dict[str, Inbox]) -> None:
    """After its end everybody is told again."""
    box = quiet["over"]
    wait_until(lambda: _told(box) == {"critical", "high", "medium", "low"}, 90, "all severities are told")


@pytest.mark.long
def test_what_is_still_true_is_told_when_the_office_opens(tmp_path: Path) -> None:
    """A missed target of the night is known at once and told at the opening; what ended before that is not."""
    opens = datetime.now(ZoneInfo(midday()[0])) + timedelta(seconds=130)

    def closed_until_then(section: dict[str, Any]) -> None:
        delays(section, _DELAYS)
        section["office_hours"] |= {"opens": f"{opens:%H:%M}", "closes": "20:00"}
        section["escalation"]["low"]["daily_at"] = "19:00"

    ended, lasting = (alert("CrmTargetMissedNow", "medium", target=name) for name in ("ended", "lasting"))
    with ExitStack() as stack:
        box = stack.enter_context(inbox(tmp_path / "inbox"))
        settings = settings_for(box.port, box.mail_port, closed_until_then)
        server = stack.enter_context(alertmanager(tmp_path / "am", settings))
        server.send(ended, lasting, alert("Watchdog", "none"))
        _beats_after(box, 3)
        assert {identity(ended), identity(lasting)} <= server.suppressed().keys()
        server.resolve(ended)
        assert _told(box) == set()
        box.wait_for(lambda m: "lasting" in m["title"], 240, "it is told at the opening")
        _beats_after(box, 1 + sum(m["to"] == "heartbeat" for m in box.messages()))
        assert not any("ended" in m["title"] for m in box.messages())
