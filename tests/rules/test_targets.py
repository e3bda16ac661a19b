"""The rules of the documented targets, run by promtool over series as the exporters write them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from pantrywatch.config.targets import Target, Tier, read_targets
from tests.rules.promtool import BURNING, BURNS, Promtool, at, firing
from tests.rules.target_series import HISTOGRAMS, TARGETS, Segments, counter, series_of

ROOT = Path(__file__).parents[2]
_STATES = Path(__file__).with_name("test_target_states.py")


@pytest.mark.long
def test_a_full_outage_fires_every_tier_that_can_and_each_clears(promtool: Promtool) -> None:
    """Every target, all events bad for 22 hours: each tier fires in its time, those that cannot never; all clear."""
    strict = [t for t in TARGETS if t.endswith(("-availability", "-error-rate"))]
    at_95 = ["api-latency", "db-query-latency", "search-response", "form-submission", "page-load-3g"]
    at_75 = ["lcp", "fid", "cls", "fcp", "tti", "ttfb", "interactive-after-navigation"]
    documented = [t.id for t in read_targets(ROOT / "targets.yaml").targets if t.objective is not None]
    assert sorted([*strict, *at_95, *at_75, "cache-hit-ratio"]) == sorted(TARGETS) == sorted(documented)
    hour = 12
    good: Segments = [(100, hour), (0, 22 * hour), (100, 7 * hour)]
    bad: Segments = [(0, hour), (100, 22 * hour), (0, 7 * hour)]

    def each(of_strict: str, of_95: str, of_90: str, of_75: str) -> dict[str, str]:
        return (
            dict.fromkeys(strict, of_strict)
            | dict.fromkeys(at_95, of_95)
            | {"cache-hit-ratio": of_90}
            | dict.fromkeys(at_75, of_75)
        )

    promtool(
        (pair for target in TARGETS for pair in series_of(target, good, bad)),
        "5m",
        [
            firing("55m", {}),
            # 0.72 of the last hour are 43 minutes, 0.3 of six hours are 1.8; 3 * 0.0005 of a day are 2 minutes, + 1 h.
            firing("2h", each("ch", "c", "", "")),
            # 0.6 of six hours are 3.6; 0.15 of a day are 3.6, + 1 h; 0.05 of three days are 3.6, + 3 h.
            firing("7h", each("chml", "chm", "h", "")),
            # 0.1 of three days are 7.2 h, + 3; 0.75 of a day and 0.25 of three are 18 h, + 1 and 3.
            firing("23h", each("chml", "chml", "hml", "ml")),
            firing("23h20m", each("hml", "hml", "ml", "ml")),
            firing("29h40m", {}),
        ],
        records=BURNING,
    )


@pytest.mark.parametrize(
    ("severity", "above", "below", "steps"),
    [
        ("critical", 146, 142, 18),
        ("high", 61, 59, 80),
        pytest.param("medium", 31, 29, 306, marks=(pytest.mark.long, pytest.mark.every_release)),
        pytest.param("low", 11, 9, 906, marks=pytest.mark.long),
    ],
)
def test_a_steady_burn_fires_the_tier_whose_factor_it_exceeds(
    promtool: Promtool, severity: str, above: int, below: int, steps: int
) -> None:
    """Of two targets with an allowance of 10 in 10000, the one above 14.4, 6, 3 or 1 times it fires that tier alone."""
    burning = series_of("api-error-rate", [(10000 - above, steps)], [(above, steps)])
    slower = series_of("frontend-error-rate", [(10000 - below, steps)], [(below, steps)])
    promtool(
        [*burning, *slower],
        "5m",
        [
            at(
                f"{5 * steps}m",
                BURNS.replace("alertstate", f'severity="{severity}",alertstate'),
                {f'{{severity="{severity}", target="api-error-rate"}}': 1},
            )
        ],
        about="api-error-rate frontend-error-rate",
        records=BURNING,
    )


@pytest.mark.every_release
@pytest.mark.long
def test_failures_in_a_quiet_night_page_nobody(promtool: Promtool) -> None:
    """After a busy day three failures out of few requests cost too little of the month; one alone is never enough."""
    night: Segments = [(1, 12), (0, 3), (1, 40)]
    busy = series_of("api-error-rate", [(1000, 144), *night], [(0, 144), (0, 12), (1, 3), (0, 40)])
    young = series_of("api-availability", [(2, 50), (1, 1), (2, 148)], [(0, 50), (1, 1), (0, 148)])
    nobody = [firing(f"{hour}h{minute}m", {}) for hour in (4, 5, 13, 14, 15) for minute in (10, 15, 20, 30, 55)]
    promtool([*busy, *young], "5m", nobody, about="api-error-rate api-availability", records=BURNING)


def test_two_failures_of_a_young_installation_page_nobody(promtool: Promtool) -> None:
    """Where little is known of a month, two failed checks would cost a good part of it: the minimum holds the page."""
    good: Segments = [(1, 60), (0, 1), (1, 3), (0, 1), (1, 25)]
    bad: Segments = [(0, 60), (1, 1), (0, 3), (1, 1), (0, 25)]
    series = series_of("api-availability", good, bad)
    nobody = [firing(f"{minute}m", {}) for minute in range(61, 90)]
    promtool(series, "1m", nobody, about="api-availability", records=BURNING)


@pytest.mark.every_release
@pytest.mark.long
def test_a_sustained_outage_at_night_is_noticed(promtool: Promtool) -> None:
    """Few requests that all fail, for hours: the checks page at once, the requests as soon as they add up."""
    requests = series_of("api-error-rate", [(100, 144), (0, 60)], [(0, 144), (2, 60)])
    checks = series_of("api-availability", [(20, 144), (0, 60)], [(0, 144), (20, 60)])
    promtool(
        [*requests, *checks],
        "5m",
        [
            firing("12h25m", {"api-availability": "ch"}),
            firing("17h", {"api-availability": "chml", "api-error-rate": "chm"}),
        ],
        about="api-error-rate api-availability",
        records=BURNING,
    )


@pytest.mark.every_release
@pytest.mark.long
def test_a_day_is_counted_in_events(promtool: Promtool) -> None:
    """From the counters on: bad / total of a day is the true ratio, however unlike its hours are."""
    # 143 * 100 + 72 * 0 + 72 * 10 + 100 events, of them 143 + 360 bad. None at the begin of the day, which
    # belongs to it in Prometheus 2 only.
    good: Segments = [(0, 1), (99, 143), (0, 72), (5, 72), (100, 2)]
    bad: Segments = [(0, 1), (1, 143), (0, 72), (5, 72), (0, 2)]
    labels = '{target="api-error-rate"}'
    promtool(
        series_of("api-error-rate", good, bad),
        "5m",
        [
            at("24h5m", "round(sum by (target) (slo:events_total:sum1d), 100)", {labels: 15100}),
            at("24h5m", "round(sum by (target) (slo:events_bad:sum1d), 5)", {labels: 505}),
            at("24h5m", "round(sum by (target) (slo:sli_error:ratio_rate1d), 1e-4)", {labels: 0.0333}),
        ],
        about="api-error-rate",
        records="slo:events_.+|slo:sli_error:.+",
    )


def test_a_month_across_the_renaming_of_its_series_is_whole(promtool: Promtool) -> None:
    """Events that 0.1 recorded under the old name count, before, while and after the new one starts, each once."""
    day = 288
    labels = '{target="api-error-rate",layer="backend",sloth_id="crm-api-error-rate"}'
    series = [
        (f"slo:events_{events}:{name}{labels}", values)
        for events, count in (("total", 100), ("bad", 1))
        for name, values in (
            ("paced5m", f"_ {count}x{20 * day - 1}"),
            ("sampled5m", f"_ _x{20 * day} {count}x{11 * day - 1}"),
        )
    ]
    bad = "sum by (target) (slo:events_bad:sum30d)"
    only = '{target="api-error-rate"}'
    promtool(
        series,
        "5m",
        [
            at("10d", bad, {only: 10 * day}),
            at("20d", bad, {only: 20 * day}),
            at("25d", bad, {only: 25 * day}),
            at("30d", bad, {only: 30 * day}),
            at("30d", "count(slo:events_bad:sum30d)", {"{}": 1}),
            at("30d", "round(sum by (target) (slo:sli_error:ratio_rate30d), 1e-7)", {only: 0.01}),
        ],
        about="api-error-rate",
        records=".+30d",
        every="5d",
    )


def test_the_month_is_counted_in_events(promtool: Promtool) -> None:
    """Over 30 days bad / total is the true ratio, however unlike the days are; every event is counted once."""
    day = 288
    # Ten days of 100 events with 1 bad, ten of nothing at all, nine of 10 with 5 bad, one of 1000 with none.
    total = f"_ 100x{10 * day - 1} _x{10 * day} 10x{9 * day - 1} 1000x{day - 1}"
    bad = f"_ 1x{10 * day - 1} _x{10 * day} 5x{9 * day - 1} 0x{day - 1}"
    events, failed = (1000 + 90 + 1000) * day, (10 + 45) * day
    labels = '{target="api-error-rate"}'
    promtool(
        [(f"slo:events_total:sampled5m{labels}", total), (f"slo:events_bad:sampled5m{labels}", bad)],
        "5m",
        [
            at("30d", "sum by (target) (slo:events_total:sum30d)", {labels: events}),
            at("30d", "sum by (target) (slo:events_bad:sum30d)", {labels: failed}),
            at(
                "30d", "round(sum by (target) (slo:sli_error:ratio_rate30d), 1e-7)", {labels: round(failed / events, 7)}
            ),
        ],
        about="api-error-rate",
        records=".+30d",
        every="30d",
    )


@pytest.mark.every_release
@pytest.mark.long
def test_the_events_of_an_hour_are_counted_once_each(promtool: Promtool) -> None:
    """At a scrape every 15 s a bad event weighs one, whenever between two evaluations it happens."""
    total = counter([(4, 480)])
    bad = counter([(0, 241), (1, 1), (0, 9), (1, 1), (0, 10), (1, 1), (0, 11), (1, 1), (0, 205)])
    labels = 'http_request_method="GET",http_route="/api/v1/dashboard",route_group="critical"'
    promtool(
        [
            (f'http_server_request_duration_seconds_count{{{labels},http_response_status_code="200"}}', total),
            (f'http_server_request_duration_seconds_count{{{labels},http_response_status_code="500"}}', bad),
        ],
        "15s",
        [
            at("1h59m", 'round(sum by () (slo:events_bad:sum1h{target="api-error-rate"}), 0.5)', {"{}": 4}),
            at("1h59m", 'round(sum by () (slo:events_total:sum1h{target="api-error-rate"}), 10)', {"{}": 960}),
        ],
        every="1m",
        about="api-error-rate",
        records="slo:events.+",
    )


@pytest.mark.parametrize("edge", ["1", "1.0"])
@pytest.mark.every_release
@pytest.mark.long
def test_both_spellings_of_a_whole_edge_count(promtool: Promtool, edge: str) -> None:
    """Node writes le="1", Python and Prometheus 3 write le="1.0": the rules count either."""
    name, labels, _ = HISTOGRAMS["form-submission"]
    series = [
        (f"{name}_count{{{labels}}}", counter([(100, 24)])),
        (f'{name}_bucket{{{labels},le="{edge}"}}', counter([(90, 24)])),
    ]
    expression = 'round(sum by (target) (slo:sli_error:ratio_rate1h{target="form-submission"}), 1e-6)'
    promtool(series, "5m", [at("2h", expression, {'{target="form-submission"}': 0.1})])


def test_the_words_of_an_alert(promtool: Promtool) -> None:
    """At 3 a.m.: what is bad against what was promised, what is left, what it does to people, where to look."""
    expected = {
        "exp_labels": {
            "severity": "critical",
            "layer": "backend",
            "target": "api-error-rate",
            "team": "backend",
            "type": "error",
        },
        "exp_annotations": {
            "summary": "API error rate: 20% of API requests are bad (0.1% allowed).",
            "description": 'Target: "Maintain < 0.1% error rate for production systems". At least 2% of the 30-day '
            "error budget was used in the last hour, and the last 5 minutes were just as bad. Budget left: 91%. "
            "Check the board for the part that fails, then follow the runbook.",
            "impact": "Users' requests fail, and their input may be lost.",
            "first_step": "Which route and status: `topk(5, sum by (http_route, http_response_status_code) "
            '(rate(http_server_request_duration_seconds_count{http_response_status_code=~"5.."}[5m])))`',
            "deployment": "",
            "runbook_url": "docs/runbooks/CrmApiErrorRateBurn.md",
            "dashboard_url": "/d/crm-slo?var-target=api-error-rate",
        },
    }
    promtool(
        series_of("api-error-rate", [(80, 12)], [(20, 12)]),
        "5m",
        [],
        alert_rule_test=[
            {"eval_time": "20m", "alertname": "CrmApiErrorRateBurn", "exp_alerts": [expected]},
            {"eval_time": "1m", "alertname": "CrmApiErrorRateBurn", "exp_alerts": []},
        ],
        about="api-error-rate",
    )


def test_every_tier_that_can_fire_has_its_alert() -> None:
    """The alerts of the targets are exactly the tiers that can fire, and those over all targets tested beside."""
    targets = read_targets(ROOT / "targets.yaml")
    rules = yaml.safe_load((ROOT / "alert_rules/generated/targets.yml").read_text())["groups"]
    alerts = [rule for group in rules for rule in group["rules"] if "alert" in rule]
    burning = {(rule["alert"], rule["labels"]["severity"]) for rule in alerts if rule["alert"].endswith("Burn")}
    assert burning == {(t.runbook, tier.severity) for t in targets.targets for tier in targets.tiers if _fires(tier, t)}
    others = {rule["alert"] for rule in alerts if not rule["alert"].endswith("Burn")}
    assert others == set(re.findall(r'alertname="(Crm(?:Target|ApiThroughput)\w+)"', _STATES.read_text()))


def _fires(tier: Tier, target: Target) -> bool:
    return target.objective is not None and tier.can_fire(target)
