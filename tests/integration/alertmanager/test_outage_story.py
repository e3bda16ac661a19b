"""An outage of the database as its messages tell it: who hears of what, by a real Alertmanager, with waits of seconds.

The alerts are those the rules send, in their order (tests/rules/causes_hours.yml shows when each begins and ends).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.support.alertmanagers import Alertmanager, alert, alertmanager, delays, settings_for
from tests.support.inboxes import Inbox, inbox
from tests.support.servers import wait_until

pytestmark = pytest.mark.long

_DELAYS = {"critical": ("1s", "6s", "9s"), "high": ("1s", "2s", "3s", "4s"), "medium": ("1s", "2s"), "low": ("1s",)}
_ON_CALL = {("email", "on-call@pantry.example"), ("slack", "#crm-alerts"), ("webhook", "on-call")}


_EXPECTED = {(*who, name) for who in _ON_CALL for name in ("CrmDatabaseDown", "CrmApiUsersAffected")} | {
    ("webhook", "second-on-call", "CrmDatabaseDown"),
    ("email", "second-on-call@pantry.example", "CrmDatabaseDown"),
    ("email", "manager@pantry.example", "CrmDatabaseDown"),
}


def _told(messages: list[dict[str, Any]]) -> set[tuple[str, str, str]]:
    return {(m["channel"], m["to"], name) for m in messages for name in m["alerts"]}


def _of(component: str, name: str, severity: str, **labels: str) -> dict[str, Any]:
    return alert(name, severity, component=component, **labels)


def _memory(*mutes: str) -> list[dict[str, Any]]:
    return [_of("prometheus", "CrmMonitoringCauseRecent", "none", cause="database", mutes=one) for one in mutes]


_DOWN = _of("database", "CrmDatabaseDown", "critical", instance="primary")
_AFFECTED = _of("api", "CrmApiUsersAffected", "critical", escalates="no")
_SUDDEN = _of("api", "CrmApiErrorsSudden", "critical", job="application")
_TARGETS = {
    "api-error-rate": "ApiErrorRate",
    "db-availability": "DbAvailability",
    "system-availability": "SystemAvailability",
}


def _burns(severity: str) -> list[dict[str, Any]]:
    return [alert(f"Crm{name}Burn", severity, target=target) for target, name in _TARGETS.items()]


def _marker(server: Alertmanager, box: Inbox, name: str) -> None:
    """Wait for a message about an alert that begins now, and so comes after whatever was due before."""
    server.send(_of("host", "CrmTried", "high", job="host", instance=name, target=name))
    wait_until(lambda: sum(f"] {name}" in m["title"] for m in box.messages()) >= 4, 60, name)


def _is_over(box: Inbox, name: str) -> bool:
    over = {(m["channel"], m["to"]) for m in box.messages() if m["status"] == "resolved" and name in m["alerts"]}
    return over >= _ON_CALL


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[list[dict[str, Any]], int]]:
    """All messages, and the number of the last one before the fix."""
    folder = tmp_path_factory.mktemp("story")
    for each in (_DOWN, _AFFECTED, _SUDDEN):  # not when this file was imported: what is old already waits for nothing
        each["startsAt"] = datetime.now(UTC).isoformat()
    with inbox(folder / "inbox") as box:
        settings = settings_for(box.port, box.mail_port, lambda section: delays(section, _DELAYS))
        with alertmanager(folder / "am", settings) as server:
            server.send(*_memory("recent"))
            server.send(_DOWN, *_memory("recent", "high", "medium", "low"), _SUDDEN)
            server.send(_AFFECTED, *_burns("critical"), *_burns("high"), *_burns("medium"))
            wait_until(lambda: _told(box.messages()) >= _EXPECTED, 60, "everybody is told")
            last = box.last_id()
            # The fix. Windows and memories end one after the other, each memory after what it keeps back.
            server.resolve(_DOWN)
            _marker(server, box, "after-the-fix")
            server.resolve(_SUDDEN, _AFFECTED, *_burns("critical"))
            wait_until(lambda: _is_over(box, "CrmApiUsersAffected"), 60, "users are no longer affected")
            server.resolve(*_memory("recent"))
            _marker(server, box, "critical-ended")
            server.resolve(*_burns("high"))
            server.resolve(*_memory("high"))
            server.resolve(*_burns("medium"))
            server.resolve(*_memory("medium", "low"))
            _marker(server, box, "all-ended")
            yield [m for m in box.messages() if "CrmTried" not in m["alerts"] and m["to"] != "heartbeat"], last


def test_on_call_has_two_conversations(story: tuple[list[dict[str, Any]], int]) -> None:
    """The cause, and what users feel: on each channel, and each is told as resolved."""
    of_on_call = {one for one in _told(story[0]) if one[:2] in _ON_CALL}
    assert of_on_call == {one for one in _EXPECTED if one[:2] in _ON_CALL}
    resolved = {(m["channel"], name) for m in story[0] if m["status"] == "resolved" for name in m["alerts"]}
    assert {("slack", "CrmDatabaseDown"), ("slack", "CrmApiUsersAffected")} <= resolved


def test_only_the_cause_escalates(story: tuple[list[dict[str, Any]], int]) -> None:
    """Second on-call and manager have one conversation each."""
    assert {one for one in _told(story[0]) if one[:2] not in _ON_CALL} == {
        one for one in _EXPECTED if one[:2] not in _ON_CALL
    }


def test_nothing_begins_after_the_fix(story: tuple[list[dict[str, Any]], int]) -> None:
    """What its windows still remember, at any severity, stays kept back until they have forgotten it."""
    messages, last = story
    before = {(m["to"], name) for m in messages if m["id"] <= last for name in m["alerts"]}
    assert {(m["to"], name) for m in messages if m["id"] > last for name in m["alerts"]} <= before
