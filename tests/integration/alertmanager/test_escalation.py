"""Who is told when, by a real Alertmanager: the demo's settings with delays of seconds, all alerts at once.

Each alert has a target of its own, so that its first messages are none of another's.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import pytest

from tests.support.alertmanagers import Alertmanager, alert, alertmanager, delays, settings_for
from tests.support.inboxes import Inbox, inbox
from tests.support.servers import wait_until

# Seconds after the begin. Far enough apart that what is seen after a step is seen before the next.
_AFTER = {"critical": (1, 12, 16), "high": (1, 6, 10, 14), "medium": (1, 8), "low": (1,)}

_FIRST = {("email", "on-call@pantry.example"), ("slack", "#crm-alerts"), ("webhook", "on-call")}
_SECOND = {("email", "second-on-call@pantry.example"), ("webhook", "second-on-call")}
_MANAGER = {("email", "manager@pantry.example")}
# Severity → who is told after each delay: the table of docs/notifications.md.
_MARKS = {"critical": (pytest.mark.long, pytest.mark.every_release), "high": (pytest.mark.long,)}
_TOLD = {
    "critical": (_FIRST, _SECOND, _MANAGER),
    "high": ({("email", "on-call@pantry.example"), ("slack", "#crm-alerts")}, _FIRST, _SECOND, _MANAGER),
    "medium": ({("slack", "#crm-alerts")}, {("email", "on-call@pantry.example")}),
}
_BY_TYPE = {
    "security": {("email", "security@pantry.example"), ("webhook", "security")},
    "business": {("email", "sales-ops@pantry.example")},
}


@dataclass(slots=True)
class World:
    """An Alertmanager, its inbox, and the alerts sent."""

    inbox: Inbox
    alertmanager: Alertmanager
    sent: dict[str, dict[str, Any]] = field(default_factory=dict)

    def fire(self, target: str, severity: str, **labels: str) -> None:
        """Begin an alert about a target."""
        self.sent[target] = alert("CrmTried", severity, target=target, **labels)
        self.alertmanager.send(self.sent[target])

    def told(self, target: str, status: str = "firing") -> list[tuple[str, str, float]]:
        """Return channel, receiver and seconds since the begin of every message about a target."""
        begin = datetime.fromisoformat(self.sent[target]["startsAt"]).timestamp()
        return [
            (message["channel"], message["to"], message["received_at"] - begin)
            for message in self.inbox.messages()
            if f"] {target}:" in message["title"].replace("] was: ", "] ") and message["status"] == status
        ]

    def who(self, target: str, status: str = "firing") -> set[tuple[str, str]]:
        """Return channels and receivers of the messages about a target."""
        return {(channel, to) for channel, to, _ in self.told(target, status)}

    def wait(self, target: str, told: set[tuple[str, str]], status: str = "firing") -> None:
        """Wait until all these have been told."""
        wait_until(lambda: told <= self.who(target, status), 90, f"{told} are told that {target} is {status}")


def _change(section: dict[str, Any]) -> None:
    delays(section, {severity: [f"{after}s" for after in times] for severity, times in _AFTER.items()})


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Every severity and type has begun, one alert has been resolved and one silenced after their first step."""
    folder = tmp_path_factory.mktemp("escalation")
    with (
        inbox(folder / "inbox") as box,
        alertmanager(folder / "alertmanager", settings_for(box.port, box.mail_port, _change)) as server,
    ):
        world = World(box, server)
        world.fire("over-soon", "critical")
        world.fire("looked-after", "critical")
        world.alertmanager.send(alert("Watchdog", "none"))
        world.wait("over-soon", _FIRST)
        world.alertmanager.resolve(world.sent["over-soon"])
        world.wait("looked-after", _FIRST)
        world.alertmanager.silence(target="looked-after")
        for severity in _TOLD:
            world.fire(severity, severity)
            for kind in _BY_TYPE:
                world.fire(f"{severity}-{kind}", severity, type=kind)
        world.fire("of-others", "warning")
        server.send(*(alert("CrmTried", "low", target=f"low-{n}", layer=f"layer-{n}") for n in range(3)))
        yield world


@pytest.mark.parametrize("severity", [pytest.param(one, marks=_MARKS.get(one, ())) for one in _TOLD])
def test_each_severity_reaches_each_receiver_after_its_delay(world: World, severity: str) -> None:
    """Everybody in the table is told, nobody before the delay, and nobody else."""
    for step, after in zip(_TOLD[severity], _AFTER[severity], strict=True):
        world.wait(severity, step)
        earliest: dict[tuple[str, str], float] = {}
        for channel, to, seconds in world.told(severity):
            earliest.setdefault((channel, to), seconds)
        new = step - set().union(*_TOLD[severity][: _TOLD[severity].index(step)])
        assert [who for who in new if earliest[who] < after] == []
    assert world.who(severity) == set().union(*_TOLD[severity])


@pytest.mark.parametrize("kind", _BY_TYPE)
@pytest.mark.parametrize("severity", _TOLD)
def test_security_and_business_have_routes_of_their_own(world: World, severity: str, kind: str) -> None:
    """Their contacts are told first, in place of the first step; the later steps are those of the severity."""
    expected = _BY_TYPE[kind] | set().union(*_TOLD[severity][1:])
    world.wait(f"{severity}-{kind}", expected)
    assert world.who(f"{severity}-{kind}") == expected


def test_what_is_over_before_the_delay_never_escalates(world: World) -> None:
    """The first to be told hear that it is over; when a later alert has reached everybody, nobody else has heard."""
    world.wait("critical", _MANAGER)
    assert world.who("over-soon") == _FIRST
    world.wait("over-soon", _FIRST, "resolved")
    assert world.who("over-soon", "resolved") == _FIRST


def test_what_is_silenced_never_escalates(world: World) -> None:
    """A silence is the acknowledgement: when a later alert has reached everybody, nobody else has heard of this one."""
    world.wait("critical", _MANAGER)
    assert world.who("looked-after") == _FIRST


def test_an_escalation_says_so(world: World) -> None:
    """Messages of later steps say that nobody has acted, and for how long."""
    world.wait("critical", _SECOND)
    texts = {m["to"]: m["text"] for m in world.inbox.messages() if "] critical:" in m["title"]}
    assert "unacknowledged 12s after it first fired. Firing since " in texts["second-on-call@pantry.example"]
    assert "unacknowledged" not in texts["on-call@pantry.example"]


def test_severities_of_other_rules_are_told_as_high(world: World) -> None:
    """An alert whose severity is none of ours is not lost."""
    world.wait("of-others", _TOLD["high"][0])


def test_watchdog_goes_to_the_heartbeat_alone_and_again_and_again(world: World) -> None:
    """It comes at once, repeats, and reaches no person."""

    def beats() -> list[dict[str, Any]]:
        return [message for message in world.inbox.messages() if "Watchdog" in message["alerts"]]

    wait_until(lambda: len(beats()) >= 3, 60, "three heartbeats")
    assert {beat["to"] for beat in beats()} == {"heartbeat"}


def test_low_is_one_digest(world: World) -> None:
    """Alerts of severity low come in one mail, whatever they are about, and only to the first contact."""
    world.wait("critical", _MANAGER)
    (digest,) = (message for message in world.inbox.messages() if message["title"].startswith("[LOW]"))
    assert digest["title"] == "[LOW] daily digest \u2013 firing (3)"
    assert (digest["channel"], digest["to"]) == ("email", "on-call@pantry.example")
    assert all(target in digest["text"] for target in ("low-0", "low-1", "low-2"))
