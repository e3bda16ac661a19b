"""The forecast of the API's promise and its alert, in promtool."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from tests.bench.promise_model import promise
from tests.rules.conftest import ROOT
from tests.rules.promtool import Case, at, promtool_says

_RULES = ROOT / "alert_rules/generated/forecasts.yml"
_WEEK = 2016
_PROVEN, _SERVERS = 60, 2
# Requests a minute of a week, the newest first: they grow with some noise, hardly grow, and have passed what is proven.
_GROWS, _WAVERS, _PASSED = (100, 96, 88, 85, 80), (100, 80, 110, 84, 90), (150, 140, 131, 122, 113)


def test_the_rules_forecast_what_the_function_does_and_the_alert_follows(tmp_path: Path) -> None:
    """Growth has an interval, an alert is due once that is near; what wavers has neither; four weeks are too early."""
    tests = [_test(_GROWS, _forecast(_GROWS)), _test(_WAVERS, _forecast(_WAVERS)), _test(_PASSED, _forecast(_PASSED))]
    early = [
        at("28d", "crm:api_promise_forecast:state", {"crm:api_promise_forecast:state": 2}),
        _alerts("28d", 0),
    ]
    _promtool(tmp_path, [*tests, _test(_GROWS, early)])


def _forecast(peaks: Sequence[float]) -> list[Case]:
    expected = promise(peaks, _PROVEN * _SERVERS)
    days = {"earliest": expected.earliest_weeks, "latest": expected.latest_weeks}
    return [
        at("35d", "sum(crm:api_promise_forecast:state)", {"{}": int(expected.grows)}),
        at("35d", "round(100 * crm:api_promise_used:ratio)", {"{}": round(100 * peaks[0] / _PROVEN / _SERVERS)}),
        *(
            at(
                "35d",
                f"round(crm:api_promise_broken_{which}:seconds / 864)",
                {"{}": round(700 * weeks)} if weeks is not None else {},
            )
            for which, weeks in days.items()
        ),
        _alerts("35d", int(expected.earliest_weeks is not None and expected.earliest_weeks < 2)),
    ]


def _alerts(time: str, count: int) -> Case:
    return at(time, 'count(ALERTS{alertname="CrmApiPromiseBrokenSoon"})', {"{}": count} if count else {})


def _test(peaks: Sequence[float], cases: list[Case]) -> dict[str, Any]:
    events = " ".join(f"{5 * peak}x{_WEEK - 1}" for peak in reversed(peaks)) + f" {5 * peaks[0]}x{_WEEK}"
    series = {
        'slo:events_total:sampled5m{target="api-error-rate"}': events,
        "pantrywatch_capacity_requests_per_minute": f"{_PROVEN}x{6 * _WEEK}",
        **{f'up{{job="application",instance="{name}"}}': f"1x{6 * _WEEK}" for name in range(_SERVERS)},
    }
    inputs = [{"series": name, "values": values} for name, values in series.items()]
    return {"interval": "5m", "input_series": inputs, "promql_expr_test": cases}


def _promtool(folder: Path, tests: list[dict[str, Any]]) -> None:
    groups = yaml.load(_RULES.read_text(), yaml.CSafeLoader)["groups"]
    kept = [group for group in groups if group["name"] == "forecasts.promise"]
    alerts = [
        {**group, "rules": [rule for rule in group["rules"] if rule["alert"] == "CrmApiPromiseBrokenSoon"]}
        for group in groups
        if group["name"] == "forecasts.alerts"
    ]
    (folder / "rules.yml").write_text(yaml.safe_dump({"groups": kept + alerts}))
    order = ["forecasts.promise", "forecasts.alerts"]
    document = {"rule_files": ["rules.yml"], "evaluation_interval": "1w", "group_eval_order": order, "tests": tests}
    (folder / "test.yml").write_text(yaml.safe_dump(document, width=1_000_000))
    said = promtool_says(folder, "test.yml", 100)
    assert not said, said[:8000]
