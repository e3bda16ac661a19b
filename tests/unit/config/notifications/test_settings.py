"""The section `notifications`: what is wrong in it is said at once, all of it, and never at night."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from exporters.core.errors import ConfigError
from pantrywatch.config.settings import read_settings
from pantrywatch.generate.alertmanager.secrets import require_delivery

ROOT = Path(__file__).parents[4]
Change = Callable[[dict[str, Any]], object]


def _write(tmp_path: Path, *changes: Change) -> Path:
    document = yaml.safe_load((ROOT / "settings.yaml").read_text())
    for change in changes:
        change(document["notifications"])
    file = tmp_path / "settings.yaml"
    file.write_text(yaml.safe_dump(document, sort_keys=False))
    return file


def _faults(tmp_path: Path, *changes: Change) -> list[str]:
    """Return every fault, as `up` and `build` say them."""
    file = _write(tmp_path, *changes)
    with pytest.raises(ConfigError) as raised:
        _read(file)
    return [fault.entry.removeprefix("notifications.") + f": {fault.expected}" for fault in raised.value.problems]


def _read(file: Path) -> None:
    section = read_settings(file).notifications
    assert section is not None
    require_delivery(section, file)


def _contact(**channels: Any) -> Change:
    return lambda section: section["contacts"][0].update(channels)


def _step(number: int, **more: Any) -> Change:
    return lambda section: section["escalation"]["critical"]["steps"][number].update(more)


def _maintenance(**window: Any) -> Change:
    return lambda section: section.setdefault("maintenance", []).append({"reason": "upgrade", **window})


def _section(name: str, **more: Any) -> Change:
    return lambda section: section.setdefault(name, {}).update(more)


_HOOK = {"channel": "#a", "url": "https://hooks.slack.com/services/T0/B0/hush"}
# What an operator may get wrong → where it is said, and what is said was expected.
_MISTAKES: dict[str, tuple[Change, str, str]] = {
    "a key that does not exist": (_section("email", sendr="x@y"), "email", "unknown key sendr"),
    "a contact nobody knows": (_step(1, notify="nobody"), "escalation.critical.steps[1]", "one of on-call"),
    "a contact nobody names": (
        lambda s: s["contacts"].append({"name": "idle", "email": "a@b"}), "contacts[5]", "contact is never used",
    ),
    "a contact twice": (
        lambda s: s["contacts"].append({"name": "manager", "email": "a@b"}), "contacts[5].name", "got 'manager' again",
    ),
    "a contact without a channel": (lambda s: s["contacts"][4].pop("email"), "contacts[4]", "at least one channel"),
    "a channel the contact has not": (
        _step(2, channels=["slack"]), "escalation.critical.steps[2]", "channels of manager, which has email",
    ),
    "steps out of order": (_step(1, after="2h"), "escalation.critical", "steps in the order of their delays"),
    "a delay that is none": (_step(1, after="15 min"), "escalation.critical.steps[1]", "a duration such as 5m"),
    "no steps": (lambda s: s["escalation"]["low"].update(steps=[]), "escalation.low", "at least one step"),
    "a repeat that is too short": (
        lambda s: s["escalation"]["high"].update(repeat="30s"), "escalation.high.repeat", "at least group_interval, 1m",
    ),
    "a digest outside office hours": (
        lambda s: s["escalation"]["low"].update(daily_at="20:00"), "escalation.low.daily_at", "a time in office hours",
    ),
    "a digest that escalates": (
        lambda s: s["escalation"]["low"]["steps"].append({"after": "2h", "notify": "manager"}), "escalation.low",
        "no later steps next to daily_at: a daily digest does not esc",
    ),
    "a type that does not exist": (
        lambda s: s["routes"][0].update(type="secrity"), "routes[0].type", "(did you mean security?)",
    ),
    "mail without a server": (lambda s: s.pop("email"), "email", "expected the mail server"),
    "a mail server without a port": (_section("email", server="mail"), "email", "host:port"),
    "a password over plain mail": (
        _section("email", user="u", password_file="p"), "email", "tls: true where a password is sent",
    ),
    "a Slack webhook in the open": (
        _contact(slack=_HOOK), "contacts[0].slack", "url_file: the URL of a Slack webhook",
    ),
    "an address that is none": (_contact(webhook={"url": "pager:80"}), "contacts[0].webhook", "an http(s) URL"),
    "a URL for an address of ours": (
        lambda s: s["own_addresses"].append("http://inbox:8025"), "own_addresses[3]", "host:port, got 'http://inbox:8025'",
    ),
    "a secret that is not there": (
        _contact(pagerduty={"key_file": "gone"}), "contacts[0].pagerduty.key_file", "No such file or directory",
    ),
    "a secret that is empty": (
        _contact(webhook={"url": "http://x/", "token_file": "empty"}), "contacts[0].webhook.token_file",
        "the file is empty",
    ),
    "a mail password with a line break": (
        _section("email", tls=True, user="u", password_file="broken"), "email.password_file",
        "no line break at the end",
    ),
    "a key of Opsgenie with a line break": (
        _contact(opsgenie={"key_file": "broken"}), "contacts[0].opsgenie.key_file", "no line break at the end",
    ),
    "a workflow of Teams that is not there": (
        _contact(msteams={"url_file": "gone"}), "contacts[0].msteams.url_file", "No such file or directory",
    ),
    "two secrets of one name": (
        _contact(webhook={"url": "http://x/", "token_file": "token"}, pagerduty={"key_file": "other/token"}),
        "contacts[0].pagerduty.key_file", "a name of its own",
    ),
    "a time zone that does not exist": (
        _section("office_hours", time_zone="Europe/Berln"), "office_hours.time_zone", "an IANA time zone",
    ),
    "a day that does not exist": (_section("office_hours", days=["mon"]), "office_hours", "got 'mon'"),
    "hours that end before they begin": (
        _section("office_hours", opens="18:00", closes="08:00"), "office_hours.closes", "a time after 18:00",
    ),
    "an hour that does not exist": (_section("office_hours", opens="8:00"), "office_hours", "a time such as 09:00"),
    "maintenance that ends before it begins": (
        _maintenance(begins="2026-12-02 22:00", ends="2026-12-01 22:00"), "maintenance[0]", "begins before ends",
    ),
    "maintenance without a date": (
        _maintenance(begins="22:00", ends="2026-12-01 23:00"), "maintenance[0].begins", "2026-12-31 22:00",
    ),
    "maintenance that has no end": (
        _maintenance(begins="2026-12-01 22:00", ends="2027-12-01 22:00"), "maintenance[0]", "at most 31 days",
    ),
    "a heartbeat that never comes": (_section("heartbeat", every="1h"), "heartbeat", "at most 5m"),
    "a heartbeat nobody hears of": (_section("heartbeat", notify=["nobody"]), "heartbeat.notify[0]", "one of on-call"),
    "a link that leads nowhere": (_section("links", boards="grafana"), "links", "an http(s) URL such as https://host/path"),
}  # fmt: skip


@pytest.mark.parametrize("mistake", _MISTAKES)
def test_a_mistake_is_said_with_its_entry(tmp_path: Path, mistake: str) -> None:
    """Each mistake is one fault that names the entry and says what was expected."""
    change, entry, expected = _MISTAKES[mistake]
    (tmp_path / "empty").write_text("\n")
    (tmp_path / "broken").write_text("password\n")
    (tmp_path / "other").mkdir()
    for name in ("token", "other/token"):
        (tmp_path / name).write_text("secret")
    faults = _faults(tmp_path, change)
    assert len(faults) == 1, faults
    assert faults[0].startswith(f"{entry}: ") or faults[0].startswith(f"{entry}."), faults
    assert expected in faults[0]
    assert "hush" not in faults[0]


def test_overlapping_maintenance_is_one_window(tmp_path: Path) -> None:
    """Two dated windows that overlap are refused: their reasons would contradict each other."""
    faults = _faults(
        tmp_path,
        _maintenance(begins="2026-12-01 22:00", ends="2026-12-02 04:00"),
        _maintenance(begins="2026-12-02 03:00", ends="2026-12-02 06:00"),
    )
    assert faults == ["maintenance[1]: expected no overlap with maintenance[0]: merge the two windows"]


def test_all_mistakes_are_said_at_once(tmp_path: Path) -> None:
    """What does not fit together is listed together, and so is every secret that cannot be read."""
    faults = _faults(
        tmp_path, _step(1, notify="nobody"), _step(2, channels=["slack"]), _section("heartbeat", notify=["x"])
    )
    # Second-on-call is still named by high.
    assert [fault.partition(": ")[0] for fault in faults] == [
        "escalation.critical.steps[1].notify", "escalation.critical.steps[2].channels", "heartbeat.notify[0]",
    ]  # fmt: skip
    faults = _faults(
        tmp_path,
        _contact(pagerduty={"key_file": "one"}, slack={"channel": "#a", "url_file": "two"}),
        _section("office_hours", time_zone="Nowhere"),
    )
    assert len(faults) == 3


def test_build_and_up_stop_at_a_secret_that_is_missing(tmp_path: Path) -> None:
    """Both end with exit code 2 and the entry, before anything is written or started."""
    file = _write(tmp_path, _contact(pagerduty={"key_file": "gone"}))
    for folder in ("alert_rules", "dashboards", "docs", "provisioning"):
        (tmp_path / folder).symlink_to(ROOT / folder)
    shutil.copy(ROOT / "targets.yaml", tmp_path)
    command = [sys.executable, "-m", "pantrywatch", "--state", str(tmp_path / "state"), "up", "--settings", str(file)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, env=environment)
    assert done.returncode == 2
    assert "notifications.contacts[0].pagerduty.key_file: expected a readable secret file" in done.stderr
    code = (
        "from pathlib import Path; from pantrywatch.build.repository import build; "
        f"build(Path({str(tmp_path)!r}), check=True)"
    )
    with pytest.raises(subprocess.CalledProcessError) as failed:
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment)
    assert "ConfigError" in failed.value.stderr
    assert "pagerduty.key_file" in failed.value.stderr
