"""A list of contacts is enough: everything else of `notifications` has a default."""

from __future__ import annotations

from pathlib import Path

import pytest

from pantrywatch.config.notifications.settings import Notifications
from pantrywatch.config.settings import read_settings

_CONTACTS = "environment: x\nhost: {name: h}\nnotifications:\n  contacts:\n"


def _read(folder: Path, more: str = "", contacts: int = 3) -> Notifications:
    names = "".join(
        f"    - {{name: c{number}, webhook: {{url: 'http://hook.example/{number}'}}}}\n" for number in range(contacts)
    )
    (folder / "settings.yaml").write_text(_CONTACTS + names + more)
    section = read_settings(folder / "settings.yaml").notifications
    assert section is not None
    return section


def test_contacts_alone_are_notified_in_their_order(tmp_path: Path) -> None:
    """Critical alerts reach the first three, one after the other; what can wait reaches the first in office hours."""
    section = _read(tmp_path)
    steps = {name: [(step.after, step.notify) for step in one.steps] for name, one in section.escalations()}
    assert steps == {
        "critical": [("5s", "c0"), ("15m", "c1"), ("30m", "c2")],
        "high": [("10s", "c0"), ("45m", "c1"), ("60m", "c2")],
        "medium": [("1m", "c0")],
        "low": [("1m", "c0")],
    }
    assert section.escalation.low.daily_at == "09:00"
    assert (section.office_hours.time_zone, section.office_hours.opens) == ("UTC", "08:00")


def test_one_contact_gets_everything(tmp_path: Path) -> None:
    """There is nobody to escalate to, and each severity still reaches somebody."""
    assert all(len(one.steps) == 1 for _, one in _read(tmp_path, contacts=1).escalations())


def test_the_digest_comes_when_the_office_opens(tmp_path: Path) -> None:
    """Office hours after nine move the digest, which would reach nobody before."""
    section = _read(tmp_path, "  office_hours: {time_zone: UTC, opens: '10:00', closes: '16:00'}\n")
    assert section.escalation.low.daily_at == "10:00"


def test_a_severity_of_ones_own_leaves_the_others_built_in(tmp_path: Path) -> None:
    """What is written counts; what is left out has its default."""
    own = "  escalation: {critical: {repeat: 2h, steps: [{after: 1m, notify: c3}]}}\n"
    section = _read(tmp_path, own, contacts=4)
    assert [step.notify for step in section.escalation.critical.steps] == ["c3"]
    assert [step.notify for step in section.escalation.high.steps] == ["c0", "c1", "c2"]


def test_links_lead_to_this_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """To what `./run up` serves, also on other ports; without it to the usual ones."""
    monkeypatch.delenv("PANTRYWATCH_BOARDS_URL", raising=False)
    assert _read(tmp_path).links.boards == "http://127.0.0.1:19200"
    monkeypatch.setenv("PANTRYWATCH_BOARDS_URL", "http://127.0.0.1:23200")
    assert _read(tmp_path).links.boards == "http://127.0.0.1:23200"
