"""What watches the measuring itself: no traffic, no data, not measured here, a spent budget, impossible numbers."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from pantrywatch.config.settings import read_settings
from pantrywatch.config.targets import read_targets
from pantrywatch.generate.rules import rule_files
from pantrywatch.native.addresses import Addresses
from pantrywatch.native.configuration import Options, write_configuration
from pantrywatch.native.state_dir import State
from tests.rules.promtool import Promtool, at
from tests.rules.target_series import Segments, counter, series_of

ROOT = Path(__file__).parents[2]


def test_no_traffic_is_neither_good_nor_bad(promtool: Promtool) -> None:
    """Counters that stand still give no ratio and no page, but a low alert after an hour, which clears."""
    firing_now = 'sum by (alertname, target) (ALERTS{alertstate="firing",target="api-error-rate"})'
    silent = {'{alertname="CrmTargetNoTraffic", target="api-error-rate"}': 1.0}
    segments: Segments = [(100, 12), (0, 24), (100, 12)]
    promtool(
        series_of("api-error-rate", segments, [(0, 12), (0, 24), (0, 12)]),
        "5m",
        [
            at("1h30m", 'slo:sli_error:ratio_rate5m{target="api-error-rate"}', {}),
            at("1h30m", firing_now, {}),
            at("2h30m", firing_now, silent),
            at("3h30m", firing_now, {}),
        ],
        about="api-error-rate",
    )


def test_missing_data_is_an_alert_of_its_own(promtool: Promtool) -> None:
    """Series that go away give no ratio and, after 15 minutes, an alert; it clears when they are back."""
    missing = 'max by (target, team) (ALERTS{alertname="CrmTargetNoData",target="api-error-rate",alertstate="firing"})'
    (good, values), (bad, _), *_ = series_of("api-error-rate", [(100, 12)], [(0, 12)])
    gap = f"{values} stale _x11 1300+100x24"
    promtool(
        [(good, gap), (bad, "0x12 stale _x11 0x24")],
        "5m",
        [
            at("1h5m", missing, {}),
            at("1h45m", missing, {'{target="api-error-rate", team="backend"}': 1}),
            at("1h45m", 'slo:sli_error:ratio_rate5m{target="api-error-rate"}', {}),
            at("3h", missing, {}),
        ],
        about="api-error-rate",
    )


def test_a_missing_bucket_is_missing_data_not_a_perfect_record(promtool: Promtool) -> None:
    """A histogram without the bucket of the promise leaves the target unknown."""
    (count, values), *_ = series_of("api-latency", [(100, 24)], [(0, 24)])
    promtool(
        [(count, values), (count.replace("_count{", '_bucket{le="0.51",'), values)],
        "5m",
        [
            at("1h", 'slo:sli_error:ratio_rate5m{target="api-latency"}', {}),
            at("1h", 'sum(ALERTS{alertstate="firing",alertname="CrmTargetNoData",target="api-latency"})', {"{}": 1}),
        ],
    )


@pytest.mark.every_release
@pytest.mark.long
def test_what_is_not_measured_here_raises_no_alarm(promtool: Promtool) -> None:
    """In the committed installation the front end is not fed, nor what the application has never exported: no alert."""
    names = {target.id for target in read_targets(ROOT / "targets.yaml").targets}
    fed = {target for target in names if target.startswith(("db-", "cache-"))} - {"db-query-latency"}
    fed |= {"api-availability", "frontend-availability", "system-availability"}
    missing = 'sum by (target) (ALERTS{alertstate="firing",alertname="CrmTargetNoData"})'
    promtool(
        [],
        "5m",
        [
            at("1h", "sum by (target) (slo:measured:bool == 0)", {f'{{target="{t}"}}': 0 for t in names - fed}),
            at("1h", missing, {f'{{target="{t}"}}': 1 for t in fed}),
        ],
        installation=ROOT / "alert_rules/generated/installation.yml",
    )


@pytest.mark.every_release
@pytest.mark.long
def test_what_the_application_exported_once_is_missed(promtool: Promtool) -> None:
    """A histogram of statements vanishes with a deployment: it stays measured, and its absence is an alert."""
    name = "db_client_operation_duration_seconds"
    labels = 'db_system_name="postgresql",db_operation_name="SELECT"'
    missing = 'sum by (target) (ALERTS{alertstate="firing",alertname="CrmTargetNoData",target=~"db-query.*|api-.*y"})'
    promtool(
        [
            (f"{name}_count{{{labels}}}", "0+60x40 _x200"),
            (f'{name}_bucket{{{labels},le="0.1"}}', "0+60x40 _x200"),
        ],
        "1m",
        [
            at("30m", missing, {'{target="api-availability"}': 1}),
            at(
                "30m",
                'sum by (target) (slo:measured:bool{target="db-query-latency"})',
                {'{target="db-query-latency"}': 1},
            ),
            at("2h", missing, {'{target="api-availability"}': 1, '{target="db-query-latency"}': 1}),
        ],
        about="db-query-latency api-availability",
        records="slo:events.+|slo:measured:bool|CrmTargetNoData",
        installation=ROOT / "alert_rules/generated/installation.yml",
    )


@pytest.mark.parametrize(
    ("job", "targets"), [("browser", ("page-load-3g", "tti")), ("rum", ("lcp", "search-response"))]
)
@pytest.mark.every_release
@pytest.mark.long
def test_what_browsers_measure_is_missed_when_it_vanishes(
    promtool: Promtool, job: str, targets: tuple[str, ...]
) -> None:
    """With its exporter a browser's targets must be there; a day after its end they are "not measured": no alarm."""
    either = "|".join(targets)
    missing = f'sum by (target) (ALERTS{{alertstate="firing",alertname="CrmTargetNoData",target=~"{either}"}})'
    measured = f'sum by (target) (slo:measured:bool{{target=~"{either}"}})'
    ones, noughts = ({f'{{target="{target}"}}': value for target in targets} for value in (1, 0))
    series = [made for target in targets for made in series_of(target, [(100, 24)], [(0, 24)])]
    promtool(
        [(f'up{{job="{job}",instance="local"}}', "1x24 _x400"), *series],
        "5m",
        [
            at("1h", measured, ones),
            at("1h", missing, {}),
            at("4h", missing, ones),
            at("27h", measured, noughts),
            at("27h", missing, {}),
        ],
        about=" ".join(targets),
        installation=ROOT / "alert_rules/generated/installation.yml",
    )


def test_a_receiver_that_was_restarted_waits_for_the_first_user(promtool: Promtool) -> None:
    """At night it may have no histogram for hours: not measured until there is one, and nobody is paged."""
    missing = 'sum(ALERTS{alertname="CrmTargetNoData",target="lcp"})'
    measured = 'sum by (target) (slo:measured:bool{target="lcp"})'
    series = [(name, f"_x24 {values}") for name, values in series_of("lcp", [(100, 12)], [(0, 12)])]
    promtool(
        [('up{job="rum",instance="local"}', "1x40"), *series],
        "5m",
        [
            at("1h55m", measured, {'{target="lcp"}': 0}),
            at("1h55m", missing, {}),
            at("2h30m", measured, {'{target="lcp"}': 1}),
        ],
        about="lcp",
        installation=ROOT / "alert_rules/generated/installation.yml",
    )


def test_a_data_source_turned_on_is_measured(tmp_path: Path) -> None:
    """One part more in settings.yaml, and its targets are fed."""
    text = (ROOT / "settings.yaml").read_text()
    assert "frontend, capacity]" in text
    (tmp_path / "settings.yaml").write_text(text)
    targets = read_targets(ROOT / "targets.yaml")
    rules = yaml.safe_load(rule_files(ROOT, targets, read_settings(tmp_path / "settings.yaml"))["installation.yml"])
    measured = {rule["labels"]["target"]: rule["expr"] for rule in _measured(rules)}
    assert measured["api-throughput"] != "vector(0)"
    (tmp_path / "settings.yaml").write_text(text.replace("frontend, capacity]", "frontend]"))
    rules = yaml.safe_load(rule_files(ROOT, targets, read_settings(tmp_path / "settings.yaml"))["installation.yml"])
    assert {rule["labels"]["target"]: rule["expr"] for rule in _measured(rules)}["api-throughput"] == "vector(0)"


def test_up_takes_the_data_sources_from_the_settings_in_use(tmp_path: Path) -> None:
    """Prometheus is given the generated rules, but what is fed here by the settings `up` was started with."""
    settings = replace(read_settings(ROOT / "settings.yaml"), data_sources=("cache",))
    options = Options(State(tmp_path), Addresses())
    for _ in range(2):  # a second start finds the folder of the first
        (tmp_path / "prometheus/targets").mkdir(parents=True, exist_ok=True)
        write_configuration(options, settings, tmp_path / "settings.yaml")
    rules = tmp_path / "prometheus/rules"
    generated = {file.name for file in (ROOT / "alert_rules/generated").glob("*.yml")}
    assert {file.name for file in rules.iterdir()} == generated
    measured = _measured(yaml.safe_load((rules / "installation.yml").read_text()))
    assert [rule["labels"]["target"] for rule in measured if rule["expr"] == "vector(1)"] == ["cache-hit-ratio"]
    assert "vector(1)" in (ROOT / "alert_rules/generated/installation.yml").read_text()


@pytest.mark.long
def test_a_spent_budget_is_said_once_and_clears(promtool: Promtool) -> None:
    """More bad events than 30 days allow fire an alert after a day of data; it clears once they are within it again."""
    spent = 'sum by (target, severity) (ALERTS{alertstate="firing",alertname="CrmTargetBudgetExhausted"})'
    left = 'round(sum by (target) (slo:period_error_budget_remaining:ratio{target="api-error-rate"}), 0.1)'
    labels = '{target="api-error-rate"}'
    promtool(
        series_of("api-error-rate", [(0, 20), (100, 340), (1000, 360)], [(100, 20), (0, 340), (0, 360)]),
        "5m",
        [
            # 2000 bad events; at 100 in five minutes 30 days allow 864.
            at("20h", left, {labels: -1.3}),
            at("20h", spent, {}),
            at("26h", spent, {'{severity="low", target="api-error-rate"}': 1}),
            # At 550 in five minutes 30 days allow 4752.
            at("60h", spent, {}),
            at("60h", left, {labels: 0.6}),
        ],
        about="api-error-rate",
    )


def test_a_young_budget_is_spent_in_terms_of_30_days(promtool: Promtool) -> None:
    """Ten minutes of full outage cost 46 % of 99.95 %, whether the installation is an hour or 30 days old."""
    target = "db-availability"
    labels = f'{{target="{target}", layer="infrastructure", sloth_id="crm-{target}", sloth_service="crm", '
    labels += f'sloth_slo="{target}"}}'
    for time, good in (("1h", 9), ("30d", 8637)):
        promtool(
            [
                (f"slo:events_total:sampled5m{labels}", f"_ 20x{good + 2}"),
                (f"slo:events_bad:sampled5m{labels}", f"_ 0x{good - 1} 20x1 0x0"),
            ],
            "5m",
            [
                at(time, "round(sum(slo:period_error_budget_remaining:ratio), 0.001)", {"{}": 0.537}),
                at(time, "round(sum(slo:history:days), 1)", {"{}": 30} if good > 9 else {"{}": 0}),
            ],
            about=target,
            records=".+30d|slo:error_budget:ratio|slo:period_.+|slo:history.+",
            every=time,
        )


@pytest.mark.every_release
@pytest.mark.long
def test_a_ratio_that_cannot_be_is_noticed(promtool: Promtool) -> None:
    """More good events than events: the counts do not belong together, and the alert says so until they do."""
    impossible = 'sum by (target) (ALERTS{alertstate="firing",alertname="CrmTargetRatioImpossible"})'
    (count, _), (bucket, _), _ = series_of("api-latency", [(1, 1)], [(0, 1)])
    promtool(
        [(count, counter([(100, 48)])), (bucket, counter([(150, 12), (100, 36)]))],
        "5m",
        [at("50m", impossible, {'{target="api-latency"}': 1}), at("3h", impossible, {})],
    )


@pytest.mark.every_release
@pytest.mark.long
def test_a_capacity_below_the_promise_is_an_alert(promtool: Promtool) -> None:
    """A capacity run that holds 900 of 1000 requests a minute fires; one that holds 1200 clears it; use is shown."""
    below = 'sum by (target, severity) (ALERTS{alertstate="firing",alertname="CrmApiThroughputBelowTarget"})'
    requests = 'http_server_request_duration_seconds_count{instance="%s",http_route="/api/a",route_group="critical"}'
    promtool(
        [
            ("pantrywatch_capacity_requests_per_minute", "900x20 1200x20"),
            (requests % "a", counter([(250, 40)])),
            (requests % "b", counter([(500, 40)])),
        ],
        "1m",
        [
            at("10m", below, {'{severity="medium", target="api-throughput"}': 1}),
            at("30m", below, {}),
            at("30m", "round(sum by (target) (slo:capacity_use:ratio), 1e-6)", {'{target="api-throughput"}': 0.5}),
        ],
    )


def test_a_promise_broken_now_has_an_alert_for_itself(promtool: Promtool) -> None:
    """All requests fail for twenty minutes: it fires at medium, and clears (test_missed_now.py has the rest)."""
    missed = 'sum by (target, severity) (ALERTS{alertstate="firing",alertname="CrmTargetMissedNow"})'
    segments: Segments = [(20, 60), (0, 20), (20, 60)]
    promtool(
        series_of("api-error-rate", segments, [(0, 60), (20, 20), (0, 60)]),
        "1m",
        [
            at("1h15m", missed, {'{severity="medium", target="api-error-rate"}': 1}),
            at("2h15m", missed, {}),
        ],
        about="api-error-rate",
        records=r"slo:.+|CrmTargetMissedNow",
    )


def _measured(rules: Any) -> list[dict[str, Any]]:
    """Return the rules that say which targets are fed."""
    return [rule for rule in rules["groups"][0]["rules"] if rule["record"] == "slo:measured:bool"]
