"""The game day's matrix fits the demo and the rules; the course itself is played by tests/e2e/test_bad_days.py."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from demo.faults.registry import FAULTS
from demo.gameday.command import Plan, playable, stacks_at_once
from demo.gameday.expectations import AT_THE_START, ON_A_BUSY_MACHINE, Expectation
from demo.gameday.matrix import MATRIX, NO_FAULT, NOT_PLAYED, PARTS
from demo.gameday.run import Verdict
from demo.gameday.stack import Digest, FiredAlert, read_arrival
from exporters.core.errors import ConfigError
from pantrywatch.native.addresses import Addresses
from tools import soak

ROOT = Path(__file__).parents[3]
RULES = [
    rule
    for file in (ROOT / "alert_rules/generated").glob("*.yml")
    for group in yaml.load(file.read_text(), Loader=yaml.CSafeLoader)["groups"]
    for rule in group["rules"]
]
ALERTS = {FiredAlert(rule["alert"], rule["labels"]["severity"]) for rule in RULES if "alert" in rule}


def test_every_fault_has_its_row() -> None:
    """Every fault of the demo is played, once, and nothing else, but for those that cannot be."""
    assert sorted(row.fault for row in MATRIX) == sorted(FAULTS.keys() - NOT_PLAYED)
    assert NOT_PLAYED.keys() < FAULTS.keys()
    assert NO_FAULT.keys().isdisjoint(FAULTS)


@pytest.mark.parametrize(
    ("speed", "processors", "expected"), [(15, 2, 2), (1, 2, 4), (30, 2, 1), (15, 4, 4), (15, 1, 1), (15, 64, 4)]
)
def test_stacks_share_the_machine_as_far_as_it_carries_them(speed: int, processors: int, expected: int) -> None:
    """Fast stacks on few processors are few at once, but always one; on many never more than four."""
    assert stacks_at_once(speed, processors) == expected


def test_the_soak_plays_every_part_of_the_day() -> None:
    """Each part of the matrix is a part of the soak."""
    parts = [part.name for part in soak.PARTS if part.name.startswith("gameday-")]
    assert parts == [f"gameday-{name}" for name in PARTS]


@pytest.mark.parametrize("row", MATRIX, ids=lambda row: row.fault)
def test_declared_alerts_exist(row: Expectation) -> None:
    """What is required and what tolerated are alerts of the rules with that severity, each declared once."""
    assert row.seen()
    assert {*row.seen(), *row.tolerated(), *ON_A_BUSY_MACHINE, *AT_THE_START} <= ALERTS
    assert not row.seen().keys() & row.tolerated().keys()


def test_an_unknown_fault_is_refused() -> None:
    """A fault that does not exist is named before anything starts."""
    with pytest.raises(ConfigError) as raised:
        Plan(Addresses(), 15, 0, ["cache-hot"]).rows()
    assert "cache-hot" in str(raised.value)


def test_a_fault_that_this_user_cannot_play_is_left_out_and_said(capsys: pytest.CaptureFixture[str]) -> None:
    """Without the right to mount a file system the rest of the day is played, and the reason printed."""
    rows = Plan(Addresses(), 15, 0, ["disk-filling", "api-errors"]).rows()
    assert playable(rows, lambda: True) == rows
    assert capsys.readouterr().out == ""
    assert [row.fault for row in playable(rows, lambda: False)] == ["api-errors"]
    assert "disk-filling: not played, it mounts a file system" in capsys.readouterr().out


def test_a_verdict_names_its_mismatches() -> None:
    """Each alert that is missing, late, unexpected or still firing fails the day and is a line of its own."""
    down, slow = FiredAlert("CrmDatabaseDown", "critical"), FiredAlert("CrmApiSlow", "high")
    assert Verdict("quiet minutes").passed
    verdict = Verdict("database-stopped", missing={down}, unexpected={slow}, not_resolved={slow})
    assert not verdict.passed
    assert verdict.mismatches() == [
        "database-stopped: missing: CrmDatabaseDown critical",
        "database-stopped: unexpected: CrmApiSlow high",
        "database-stopped: no resolved notification: CrmApiSlow high",
    ]
    after = Verdict("x", after_the_end={down}, talkative={"on-call (a, b, c)"})
    assert not after.passed
    assert after.mismatches() == [
        "x: begins after the end: CrmDatabaseDown critical",
        "x: more critical conversations than allowed: on-call (a, b, c)",
    ]


_WEBHOOK = (
    "resolved since 2026-11-28T21:39:13Z\nalertname: CrmApiDown\nrunbook_url: docs/runbooks/CrmApiDown.md\n\n"
    "firing since 2026-11-28T21:39:52Z\nalertname: CrmApiUsersAffected\nsummary: Users are affected."
)
_MAIL = (
    "Users are affected.\nSince Sat 28 Nov 2026 21:39 UTC (CrmApiUsersAffected)\n\nResolved:\n\n"
    "- was: No instance responds. Since Sat 28 Nov 2026 21:39 UTC, resolved Sat 21:40 UTC, after 1m14s (CrmApiDown)"
)


@pytest.mark.parametrize(("channel", "text"), [("webhook", _WEBHOOK), ("email", _MAIL), ("slack", _MAIL)])
def test_a_message_may_say_both(channel: str, text: str) -> None:
    """What a message about a firing alert says is resolved counts as resolved."""
    message = {
        "received_at": 1.0, "to": "on-call", "channel": channel, "text": text,
        "title": "[CRITICAL] CrmApiDown, CrmApiUsersAffected",
        "status": "firing", "severity": "critical", "alerts": ["CrmApiDown", "CrmApiUsersAffected"],
    }  # fmt: skip
    arrival = read_arrival(message)
    assert arrival.firing == {FiredAlert("CrmApiUsersAffected", "critical")}
    assert arrival.resolved == {FiredAlert("CrmApiDown", "critical")}
    assert not read_arrival(message | {"status": "resolved"}).firing


def test_what_waits_for_the_digest_is_judged_by_what_alertmanager_keeps() -> None:
    """Alerts of severity low have no message before the morning: their begin and end are seen where they wait."""
    spill, flapping = FiredAlert("CrmDatabaseTemporaryFiles", "low"), FiredAlert("CrmSyntheticCheckFlapping", "low")
    digest = Digest()
    for at, now in enumerate(([], [spill], [spill], [spill, flapping], [flapping])):
        digest.look(frozenset(now), float(at))
    nothing: frozenset[FiredAlert] = frozenset()
    assert [(each.at, each.firing, each.resolved) for each in digest.arrivals] == [
        (1.0, {spill}, nothing), (3.0, {flapping}, nothing), (4.0, nothing, {spill}),
    ]  # fmt: skip
