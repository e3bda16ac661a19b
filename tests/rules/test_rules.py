"""Rules and server configuration, as Prometheus' and Alertmanager's own tools see them."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from pantrywatch.config.components import components
from pantrywatch.config.settings import PrometheusSettings, read_settings
from pantrywatch.containers.layout import container_layout
from pantrywatch.generate.layout import Layout
from pantrywatch.generate.prometheus import scrape_targets
from pantrywatch.generate.render import render
from pantrywatch.native.addresses import Addresses
from pantrywatch.native.configuration import Options, native_layout
from pantrywatch.native.state_dir import State
from tests.rules.needed import rules_of, run_cases

ROOT = Path(__file__).parents[2]
GENERATED = sorted((ROOT / "alert_rules/generated").glob("*.yml"))
ALERTS = [
    rule
    for file in GENERATED
    for group in yaml.load(file.read_text(), yaml.CSafeLoader)["groups"]
    for rule in group["rules"]
    if "alert" in rule
]


CASES = sorted((ROOT / "tests/rules").glob("*.yml"))
# Hours and days.
_DAYS = (
    "causes.yml", "causes_hours.yml", "database_statements.yml", "database_upkeep.yml", "monitoring_trends.yml",
    "synthetic_daily.yml", "delivery.yml",
)  # fmt: skip
# Many alerts: for `./run test long`, there with current releases as well.
_MANY = (
    "api.yml", "browser.yml", "cache.yml", "database.yml", "host.yml", "monitoring.yml", "network.yml", "synthetic.yml",
)  # fmt: skip


def _marks(file: Path) -> tuple[pytest.MarkDecorator, ...]:
    is_long = file.name in (*_DAYS, *_MANY)
    return (
        *([pytest.mark.long] if is_long else []),
        *([pytest.mark.every_release] if file.name in _MANY else []),
    )


def _run(*command: str, cwd: Path = ROOT) -> str:
    done = subprocess.run(command, capture_output=True, text=True, timeout=500, check=False, cwd=cwd)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.mark.parametrize("file", GENERATED, ids=lambda file: file.name)
def test_promtool_accepts_the_rules(file: Path) -> None:
    """Every rule file passes promtool's check with all its lints."""
    _run("promtool", "check", "rules", "--lint=all", "--lint-fatal", str(file))


@pytest.mark.timeout(550)
@pytest.mark.parametrize(
    "file",
    [pytest.param(file, marks=_marks(file)) for file in CASES],
    ids=lambda file: file.name,
)
def test_the_alerts_of_a_file_fire_and_clear(tmp_path: Path, file: Path) -> None:
    """The cases of a file hold in promtool."""
    assert run_cases(file, rules_of(file), tmp_path, 500) == ""


def test_every_alert_fires_and_clears() -> None:
    """Each alert has a promtool case in which it fires and one in which it clears.

    Those of the targets are shown in test_targets.py, for every tier.
    """
    cases = [
        case
        for file in CASES
        for test in yaml.load(file.read_text(), yaml.CSafeLoader)["tests"]
        for case in test.get("alert_rule_test", [])
    ]
    names = {alert["alert"] for alert in ALERTS if "target" not in alert["labels"]}
    assert {case["alertname"] for case in cases if case["exp_alerts"]} == names
    assert {case["alertname"] for case in cases if not case["exp_alerts"]} == names


@pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: alert["alert"])
def test_an_alert_carries_its_labels_and_a_runbook_that_exists(alert: dict[str, dict[str, str]]) -> None:
    """Every alert has the labels routing compares, the texts a person needs, and a runbook page in the repository."""
    assert {"severity", "layer", "team", "type"} <= alert["labels"].keys()
    assert alert["labels"].keys() & {"component", "target"}
    assert alert["labels"]["type"] in {"performance", "error", "security", "business", "unusual"}
    assert {"summary", "description", "impact", "runbook_url"} <= alert["annotations"].keys()
    page = (ROOT / alert["annotations"]["runbook_url"]).read_text()
    assert page.startswith(f"# {alert['alert']}\n")
    # The message begins where the page does: its first command or query stands in both.
    command = alert["annotations"]["first_step"].split("`")[1]
    before = command.split("{{")[0]
    assert f"`{before}" in page.partition("\n1. ")[2].partition("\n2. ")[0]


def _native(*, browser: bool) -> Layout:
    return native_layout(Options(State(ROOT / ".pantrywatch"), Addresses()), ROOT / "settings.yaml", browser=browser)


@pytest.mark.parametrize("origin", ["containers", "native"])
def test_prometheus_accepts_its_configuration(tmp_path: Path, origin: str) -> None:
    """The configuration of either way to run it is valid: no file it names is missing."""
    layout = container_layout() if origin == "containers" else _native(browser=True)
    for name, text in render(read_settings(ROOT / "settings.yaml"), layout).items():
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    shutil.copytree(ROOT / "alert_rules/generated", tmp_path / "prometheus/rules")
    printed = _run("promtool", "check", "config", str(tmp_path / "prometheus/prometheus.yml"))
    assert "WARNING" not in printed
    assert f"{len(GENERATED)} rule files found" in printed


def test_both_ways_scrape_the_same_jobs() -> None:
    """Native and containers have the same job files and the same instance names of what is watched."""
    settings = read_settings(ROOT / "settings.yaml")
    here, containers = scrape_targets(settings, _native(browser=True)), scrape_targets(settings, container_layout())
    assert here.keys() == containers.keys() == {component.job for component in components().components}
    by_name = {"browser", "rum", "access_log", "database_log"}
    assert all(here[job] for job in by_name), "in containers they are found by name: tests/unit/containers/test_init.py"
    assert scrape_targets(settings, _native(browser=False))["browser"] == []
    for job in here.keys() - by_name - {"exporter"}:
        assert [g["labels"] for g in here[job]] == [g["labels"] for g in containers[job]], job


def test_alertmanager_accepts_its_configuration() -> None:
    """The committed alertmanager.yml passes amtool."""
    assert "SUCCESS" in _run("amtool", "check-config", "provisioning/alertmanager/alertmanager.yml")


def test_scraping_and_retention_are_as_promised() -> None:
    """15 s between scrapes, more than 30 days of samples."""
    configuration = yaml.safe_load((ROOT / "provisioning/prometheus/prometheus.yml").read_text())
    assert configuration["global"]["scrape_interval"] == "15s"
    retention = read_settings(ROOT / "settings.yaml").prometheus.retention_days
    assert retention == PrometheusSettings().retention_days
    assert retention > 30
