"""All waiting times divided by one factor: what is scaled, and what stays."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
import yaml

from exporters.core.settings import decode
from pantrywatch.config.settings import Settings
from pantrywatch.generate.layout import Pace
from pantrywatch.native.time_scale import Speed
from tests.support.exporter import ROOT

_FAST = Speed(15)


@pytest.mark.parametrize(
    ("text", "scaled"),
    [("15s", "1s"), ("5m", "20s"), ("1h", "240s"), ("30d", "172800s"), ("10s", "667ms"), ("1ms", "1ms"), ("0s", "0s")],
)
def test_a_duration_is_divided(text: str, scaled: str) -> None:
    """To the millisecond; a millisecond, which only tells two samples apart, stays."""
    assert _FAST.duration(text) == scaled


def test_a_window_with_one_scrape_more_keeps_its_scrape() -> None:
    """`5m15s` is five minutes and a scrape: at another speed it is the divided minutes and the scrape of that speed."""
    assert _FAST.duration("5m15s") == "23s"
    assert Speed(2).duration("5m15s") == "157s"


def test_every_rule_is_scaled_and_still_valid(tmp_path: Path) -> None:
    """No `for`, range, subquery, offset, forecast or group interval of the generated rules stays as long as it was."""
    files = []
    for source in (ROOT / "alert_rules/generated").glob("*.yml"):
        text = Speed(7).rules(source.read_text())
        (tmp_path / source.name).write_text(text)
        files.append(str(tmp_path / source.name))
        for group in yaml.safe_load(text)["groups"]:
            times = [group.get("interval"), *(rule.get("for") for rule in group["rules"])]
            assert not {"1m", "5m", "15m", "1h"} & set(times), group["name"]
            expressions = "\n".join(rule["expr"] for rule in group["rules"])
            for long in ("[5m", "[15m", "[1h", "[6h", "[30d", ":5m]", ", 86400)"):
                assert long not in expressions, f"{group['name']}: {long}"
    done = subprocess.run(["promtool", "check", "rules", *files], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_rule_in_full() -> None:
    """Thresholds stay, except the counts of log-ins within a window."""
    rule = {"alert": "CrmApiFailedLogins", "expr": "sum(increase(a[1h])) > 50", "for": "1m"}
    other = {"alert": "Other", "expr": "rate(a[30m:1m] offset 15m) > 50 and predict_linear(b[6h], 86400) < 0"}
    text = yaml.safe_dump({"groups": [{"name": "g", "interval": "1m", "rules": [rule, other]}]})
    group = yaml.safe_load(_FAST.rules(text))["groups"][0]
    assert group["interval"] == "4s"
    assert group["rules"][0] == {"alert": "CrmApiFailedLogins", "expr": "sum(increase(a[240s])) > 3.33333", "for": "4s"}
    assert group["rules"][1]["expr"] == "rate(a[120s:4s] offset 60s) > 50 and predict_linear(b[1440s], 5760) < 0"


def test_prometheus_never_scrapes_faster_than_its_targets_can_answer() -> None:
    """Scrapes stop shrinking at 3 s, evaluations do not."""
    assert _FAST.pace() == Pace("3s", "3s", "1s")
    assert Speed().pace() == Pace("15s", "10s", "15s")


def test_settings_are_scaled_and_still_valid() -> None:
    """Escalations keep their order, checks stay slower than their timeouts, paths still lead to their files."""
    document = _FAST.settings(ROOT / "settings.yaml")
    settings = decode(document, Settings, "settings.yaml", {})
    assert settings.notifications is not None
    assert settings.synthetic is not None
    assert [step.after for step in settings.notifications.escalation.critical.steps] == ["1s", "60s", "120s"]
    assert settings.notifications.heartbeat.silent == "15m"
    assert settings.notifications.office_hours.closes == "24:00"
    assert all(check.timeout_seconds < check.interval_seconds for check in settings.synthetic.checks)
    assert str(ROOT / "demo/password") in str(document)


def test_speed_one_changes_nothing() -> None:
    """At their own pace, rules are the files as they are, comments included."""
    text = (ROOT / "alert_rules/generated/targets.yml").read_text()
    assert Speed().rules(text) == text
