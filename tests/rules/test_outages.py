"""The first message about a hard fault within a minute: scrape, rule and Alertmanager added up at their slowest."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
import yaml

from exporters.core.checks.check import CheckSettings
from pantrywatch.config.durations import seconds

ROOT = Path(__file__).parents[2]
_RULES = {
    rule["alert"]: (file, group, rule)
    for file in sorted((ROOT / "alert_rules/generated").glob("*.yml"))
    for group in yaml.load(file.read_text(), yaml.CSafeLoader)["groups"]
    for rule in group["rules"]
    if "alert" in rule
}
_SCRAPING = yaml.safe_load((ROOT / "provisioning/prometheus/prometheus.yml").read_text())["global"]
_ROUTES = yaml.safe_load((ROOT / "provisioning/alertmanager/alertmanager.yml").read_text())["route"]["routes"]
_SCRAPE, _TIMEOUT = (int(seconds(_SCRAPING[f"scrape_{name}"])) for name in ("interval", "timeout"))
_MOST_SECONDS = 60
_BEFORE = 8
_UP = {
    "CrmDatabaseDown": 'pg_up{job="database",instance="primary"}',
    "CrmDatabasePoolerDown": 'pgbouncer_up{job="database",instance="pooler"}',
    "CrmCacheDown": 'redis_up{job="cache",instance="cache"}',
    "CrmApiDown": 'up{job="application",instance="a"}',
}
_PAGE = 'job="synthetic",instance="local",check="%s",kind="http",target="frontend-availability"'
_CHECK = CheckSettings(name="page", kind="http")
_CHECK_SECONDS, _CHECK_TIMEOUT = int(_CHECK.interval_seconds), int(_CHECK.timeout_seconds)
_REQUESTS = 'http_server_request_duration_seconds_count{job="application",instance="a",route_group="critical",%s}'


def _evaluated_every(alert: str) -> int:
    _, group, _ = _RULES[alert]
    return int(seconds(group.get("interval", _SCRAPING["evaluation_interval"])))


def _first_wait(alert: str) -> int:
    """How long Alertmanager waits at most before the first message of the alert's severity."""
    severity = f'severity="{_RULES[alert][2]["labels"]["severity"]}"'
    waits = [seconds(route["group_wait"]) for route in _ROUTES if severity in route["matchers"]]
    return int(min(waits))


def _samples(values: list[tuple[int, str]]) -> str:
    """Promtool's notation, at one step a second, of samples at these seconds."""
    end = max(at for at, _ in values) + 1
    by_second = dict(values)
    return " ".join(by_second.get(second, "_") for second in range(end))


def _scraped(good: int, bad: int, late: int, end: int, *, after: int = 10**9) -> str:
    """1 until the last good scrape, then 0, seen `late` seconds after each scrape; 1 again after so many bad ones."""
    times = range(good % _SCRAPE, end, _SCRAPE)
    before = [(at, "1") for at in times if at <= good]
    found = [at for at in times if at > good]
    return _samples(before + [(at + late, str(int(number >= after) or bad)) for number, at in enumerate(found)])


def _check(tmp_path: Path, alert: str, cases: list[tuple[dict[str, str], int, bool]]) -> None:
    """Series with samples each second, a time, and whether the alert has fired by then, with what its group records."""
    file, group, rule = _RULES[alert]
    rules = [one for one in group["rules"] if "record" in one or one is rule]
    (tmp_path / "rules.yml").write_text(yaml.safe_dump({"groups": [{"name": group["name"], "rules": rules}]}))
    fired = f'count(max_over_time(ALERTS{{alertname="{alert}",alertstate="firing"}}[10m]))'
    tests = [
        {
            "interval": "1s",
            "input_series": [{"series": name, "values": values} for name, values in series.items()],
            "promql_expr_test": [
                {"eval_time": f"{at}s", "expr": fired, "exp_samples": [{"labels": "{}", "value": 1}] if fires else []}
            ],
        }
        for series, at, fires in cases
    ]
    document = {"rule_files": ["rules.yml"], "evaluation_interval": f"{_evaluated_every(alert)}s", "tests": tests}
    (tmp_path / "test.yml").write_text(yaml.safe_dump(document))
    command = ["promtool", "test", "rules", "test.yml"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=100, check=False)
    assert done.returncode == 0, f"{file.name}: {done.stdout}{done.stderr}"


@pytest.mark.parametrize("alert", _UP)
def test_an_outage_is_told_within_a_minute(tmp_path: Path, alert: str) -> None:
    """Frozen just after a scrape, so that the next one ends at its timeout: fires and leaves within 60 s."""

    def case(good: int) -> tuple[dict[str, str], int, bool]:
        told = good + _MOST_SECONDS - _first_wait(alert)
        return {_UP[alert]: _scraped(good, 0, _TIMEOUT - 1, told + _SCRAPE)}, told, True

    _check(tmp_path, alert, [case(_SCRAPE * _BEFORE + phase) for phase in range(5)])


@pytest.mark.parametrize("alert", _UP)
def test_one_scrape_that_finds_it_down_is_no_outage(tmp_path: Path, alert: str) -> None:
    """One answer of four is "down", at once or at the timeout, and the next comes a few seconds late: nothing fires."""

    def case(good: int, late: int) -> tuple[dict[str, str], int, bool]:
        return {_UP[alert]: _scraped(good, 0, late, good + 6 * _SCRAPE, after=1)}, good + 5 * _SCRAPE, False

    _check(tmp_path, alert, [case(_SCRAPE * _BEFORE + phase, late) for phase in range(5) for late in (0, 4, 9)])


@pytest.mark.parametrize("alert", ["CrmDatabaseDown", "CrmDatabasePoolerDown", "CrmCacheDown"])
def test_a_lost_scrape_is_no_outage(tmp_path: Path, alert: str) -> None:
    """The exporter does not answer one scrape: the server's last word holds."""
    good = _SCRAPE * _BEFORE
    text = _scraped(good, 1, 0, good + 6 * _SCRAPE).split()
    text[good + _SCRAPE] = "stale"
    _check(tmp_path, alert, [({_UP[alert]: " ".join(text)}, good + 5 * _SCRAPE, False)])


def test_an_api_that_fails_every_request_is_told_within_a_minute(tmp_path: Path) -> None:
    """Half a request a second, each a 500 from just after a scrape on: fires and leaves within 60 s."""
    alert, good = "CrmApiErrorsSudden", _SCRAPE * 40
    told = good + _MOST_SECONDS - _first_wait(alert)
    times = range(0, told + 1, _SCRAPE)
    of_scrape = _SCRAPE // 2
    fine = [(at, str(min(at, good) // _SCRAPE * of_scrape)) for at in times]
    failed = [(at, str(max(at - good, 0) // _SCRAPE * of_scrape)) for at in times]
    series = {
        _REQUESTS % 'http_response_status_code="200"': _samples(fine),
        _REQUESTS % 'http_response_status_code="500"': _samples(failed),
    }
    _check(tmp_path, alert, [(series, told, True)])


def _failures(good: int, phase: int, *, end: int, most: int = 10**9) -> str:
    """Failures in a row, as scraped: the run at `good` passed, each one after it fails, `most` at most."""
    first = good + _CHECK_SECONDS + _CHECK_TIMEOUT

    def counted(at: int) -> int:
        runs = max(0, (at - first) // _CHECK_SECONDS + 1)
        return runs if runs <= most else 0

    return _samples([(at, str(counted(at))) for at in range(phase, end, _SCRAPE)])


def test_a_front_end_that_hangs_is_told_within_a_minute(tmp_path: Path) -> None:
    """Frozen just after its check passed, wherever scrapes are between two runs: fires and leaves within 60 s."""
    alert, good = "CrmFrontendDown", _SCRAPE * _BEFORE
    told = good + _MOST_SECONDS - _first_wait(alert)
    series = f"pantrywatch_check_consecutive_failures{{{_PAGE % 'page'}}}"
    _check(tmp_path, alert, [({series: _failures(good, phase, end=told + 1)}, told, True) for phase in range(_SCRAPE)])


def test_a_front_end_that_passes_anywhere_is_not_down(tmp_path: Path) -> None:
    """One failed run, and one of two pages that fails for minutes: nothing fires."""
    alert, good = "CrmFrontendDown", _SCRAPE * _BEFORE
    end = good + 20 * _SCRAPE
    one, other = (f"pantrywatch_check_consecutive_failures{{{_PAGE % name}}}" for name in ("page", "help"))
    once = {one: _failures(good, 0, end=end, most=1)}
    half = {one: _failures(good, 0, end=end), other: _failures(end, 7, end=end)}
    _check(tmp_path, alert, [(once, end, False), (half, end, False)])


def test_blackbox_exporters_checks_tell_of_the_front_end_too(tmp_path: Path) -> None:
    """It counts no runs: two scrapes without a success fire, one does not."""
    alert, good = "CrmFrontendDown", _SCRAPE * _BEFORE
    series, end = f"probe_success{{{_PAGE % 'page'}}}", good + 20 * _SCRAPE
    cases = [
        ({series: _scraped(good, 0, 0, good + _MOST_SECONDS)}, good + _MOST_SECONDS - _first_wait(alert), True),
        ({series: _scraped(good, 0, 0, end, after=1)}, end, False),
    ]
    _check(tmp_path, alert, cases)


def test_what_is_told_within_a_minute_is_looked_at_more_often_than_scraped() -> None:
    """Causes are known before what they explain is told: both are evaluated every five seconds."""
    for alert in (*_UP, "CrmFrontendDown", "CrmApiErrorsSudden", "CrmMonitoringCauseRecent", "CrmApiUsersAffected"):
        assert _evaluated_every(alert) == 5, alert
