"""All waiting times divided by one factor: what is scaled, and what stays."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import rjsonnet
import yaml

from exporters.core.settings import decode
from pantrywatch.config.settings import Settings, read_settings
from pantrywatch.config.targets import read_targets
from pantrywatch.generate.layout import Pace
from pantrywatch.generate.rules import rule_files
from pantrywatch.native.time_scale import Speed
from tests.support.exporter import ROOT

_FAST = Speed(15)


_DURATIONS = re.compile(r"\b\d+(?:ms|[smhdw])\b")


def _rules(speed: int) -> dict[str, str]:
    return rule_files(ROOT, read_targets(ROOT / "targets.yaml"), read_settings(ROOT / "settings.yaml"), speed)


def _jsonnet(code: str) -> Any:
    return json.loads(rjsonnet.evaluate_snippet("snippet.jsonnet", code, [str(ROOT / "alert_rules")]))


def _time(speed: int, call: str) -> Any:
    return _jsonnet(f"(import 'lib/time.libsonnet')({speed}).{call}")


@pytest.mark.parametrize(
    ("text", "scaled"),
    [
        ("15s", "1s"),
        ("5m", "20s"),
        ("1h", "240s"),
        ("30d", "172800s"),
        ("10s", "667ms"),
        ("1h30m", "360s"),
        ("0s", "0s"),
    ],
)
def test_a_duration_is_divided(text: str, scaled: str) -> None:
    """To the millisecond; at speed 1 it is the text as it was written."""
    assert _time(15, f"duration('{text}')") == scaled
    assert _time(1, f"duration('{text}')") == text


@pytest.mark.parametrize("text", ["", "5", "m", "5x", "5m6", "1.5h", "5 m"])
def test_what_is_not_a_duration_is_an_error(text: str) -> None:
    """A misspelt duration in a configuration stops the build and is named."""
    with pytest.raises(RuntimeError, match=f"not a duration: {text}"):
        _time(15, f"duration('{text}')")


def test_a_window_with_one_scrape_more_keeps_its_scrape() -> None:
    """`5m15s` is five minutes and a scrape: at another speed it is the divided minutes and the scrape of that speed."""
    assert [_time(speed, "with_scrape('5m')") for speed in (1, 2, 15)] == ["5m15s", "157s", "23s"]
    assert [_time(speed, "extrapolated('5m')") for speed in (1, 15)] == [1.05, 1.15]


def test_what_waits_for_scrapes_is_shortened_as_they_are() -> None:
    """Two scrapes stay two at 3 s each, and nothing is evaluated more often than once a second."""
    assert [_time(speed, "of_scrapes('20s')") for speed in (1, 2, 15, 100)] == ["20s", "9s", "4s", "4s"]
    assert [_time(speed, "of_scrapes('5s')") for speed in (1, 2, 15, 100)] == ["5s", "2s", "1s", "1s"]


def test_forecasts_and_counts_are_divided() -> None:
    """A forecast looks less far ahead, and a shorter window holds fewer events."""
    assert (_time(15, "horizon('1d')"), _time(1, "horizon('1d')")) == ("5760", "86400")
    assert (_time(5, "count(50)"), _time(1, "count(50)")) == ("10", "50")


@pytest.mark.parametrize("speed", [15, 30, *(pytest.param(speed, marks=pytest.mark.long) for speed in (5, 7))])
def test_every_rule_is_scaled_and_still_valid(tmp_path: Path, speed: int) -> None:
    """All durations of all rules are those of speed 1, divided; promtool takes them."""
    files = []
    for name, text in _rules(speed).items():
        (tmp_path / name).write_text(text)
        files.append(str(tmp_path / name))
        real = yaml.load((ROOT / "alert_rules/generated" / name).read_text(), yaml.CSafeLoader)
        for group, before in zip(yaml.load(text, yaml.CSafeLoader)["groups"], real["groups"], strict=True):
            assert _durations(group) == [_divided(duration, speed) for duration in _durations(before)], group["name"]
    done = subprocess.run(["promtool", "check", "rules", *files], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def _durations(group: dict[str, Any]) -> list[float]:
    """Every duration of a group in seconds, in order; a millisecond only tells two samples apart."""
    found = _DURATIONS.findall(group.get("interval", ""))
    for rule in group["rules"]:
        # Strings may hold anything: `Crm…{http_route=~"…"}`.
        bare = re.sub(r'"[^"]*"', "", rule["expr"])
        found += _DURATIONS.findall(f"{rule.get('for', '')} {rule.get('keep_firing_for', '')}")
        found += re.findall(r"(?<![\w:.])(?:\d+(?:ms|[smhdw]))+(?![\w:])", bare)
        found += [f"{seconds}s" for seconds in re.findall(r"predict_linear\([^,]*, ([0-9.]+)\)", bare)]
    return [_seconds(text) for text in found if text != "1ms"]


def _seconds(text: str) -> float:
    units = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
    return sum(float(count) * units[unit] for count, unit in re.findall(r"([0-9.]+)(ms|[smhdw])", text))


def _divided(duration: float, speed: int) -> Any:
    if duration in (_seconds("5m15s"), _seconds("1m15s")):
        duration -= 15
        return pytest.approx(duration / speed + max(3, 15 // speed), abs=0.001)
    if duration in (5, 20, 40):  # of an outage: as many scrapes as before
        return max(1, duration * max(3, 15 // speed) // 15)
    return pytest.approx(duration / speed, abs=0.001)


def test_at_speed_1_the_rules_are_those_that_are_committed() -> None:
    """`up` at the real pace gives Prometheus the generated files, byte for byte."""
    committed = {file.name: file.read_text() for file in (ROOT / "alert_rules/generated").glob("*.yml")}
    assert _rules(1) == committed


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
    assert settings.notifications.heartbeat.silent == "10m"
    assert settings.notifications.office_hours.closes == "24:00"
    assert all(check.timeout_seconds < check.interval_seconds for check in settings.synthetic.checks)
    assert str(ROOT / "demo/password") in str(document)


_SHORT = """
environment: production
database: [{name: crm, dsn_file: secrets/dsn, queries: [business.yaml, /etc/more.yaml]}]
notifications:
  links: {boards: "https://b.example", alertmanager: "https://a.example"}
  email: {server: "mail.example:587", sender: "a@b.example"}
  contacts: [{name: first, email: "a@b.example"}, {name: second, email: "b@b.example"}]
  escalation:
    high: {repeat: 2h, steps: [{after: 15m, notify: second}]}
"""


def test_what_is_built_in_is_scaled_too(tmp_path: Path) -> None:
    """An escalation left out is the built-in one, divided; query files too are found from the new place."""
    (tmp_path / "my.yaml").write_text(_SHORT)
    settings = decode(_FAST.settings(tmp_path / "my.yaml"), Settings, "my.yaml", {})
    assert settings.notifications is not None
    escalation = settings.notifications.escalation
    assert [step.after for step in escalation.critical.steps] == ["1s", "60s"]
    assert escalation.critical.repeat == "240s"
    assert [(step.after, step.notify) for step in escalation.high.steps] == [("60s", "second")]
    assert escalation.low.daily_at == "09:00"
    assert settings.database[0].queries == (str(tmp_path / "business.yaml"), "/etc/more.yaml")
