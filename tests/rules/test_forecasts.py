"""The rules that forecast what will be full, in promtool, against the function that the benchmark uses."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from demo.history.resources import Clock, Resource, resources
from tests.bench.forecast_model import DAY_SECONDS, EARLY, FILLING, JUMPED, RETURNS, STEADY, Forecast, daily, forecast
from tests.rules.conftest import ROOT
from tests.rules.promtool import promtool_says

_END_DAYS = 35
_RULES = ROOT / "alert_rules/generated/forecasts.yml"


@pytest.fixture(scope="module")
def series() -> list[tuple[Resource, list[float], list[float]]]:
    """Forty made-up resources, one cycle of their kinds, with the typical and the highest value of each day."""
    made = resources(4711, Clock(end=_END_DAYS * DAY_SECONDS, days=_END_DAYS, ahead_days=1), 40)
    return [(one, *daily(one.times, [value / one.limit for value in one.values])) for one in made]


def test_the_rules_forecast_what_the_function_of_the_benchmark_does(
    tmp_path: Path, series: list[tuple[Resource, list[float], list[float]]]
) -> None:
    """State, and earliest and latest time, of resources of every kind, and of one that is too young."""
    named = {f"{one.name} {one.kind}": (typical, highest) for one, typical, highest in series}
    named["young"] = (series[0][1][-20:], series[0][2][-20:])
    expected = {name: forecast(typical, highest, 0.25) for name, (typical, highest) in named.items()}
    assert {one.state for one in expected.values()} == {STEADY, FILLING, EARLY, JUMPED, RETURNS}
    _promtool(tmp_path, named, expected)


def _promtool(folder: Path, named: dict[str, tuple[list[float], list[float]]], expected: dict[str, Forecast]) -> None:
    (fit,) = (group for group in yaml.safe_load(_RULES.read_text())["groups"] if group["name"] == "forecasts.fit")
    (folder / "rules.yml").write_text(yaml.safe_dump({"groups": [{"name": fit["name"], "rules": fit["rules"]}]}))
    inputs = [
        {"series": f'crm:resource_{series}{{name="{name}"}}', "values": _written(values)}
        for name, (typical, highest) in named.items()
        for series, values in (("typical:ratio1d", typical), ("highest:ratio1d", highest))
    ]
    test = {"interval": "1d", "input_series": inputs, "promql_expr_test": _expected(expected)}
    document = {"rule_files": ["rules.yml"], "evaluation_interval": f"{_END_DAYS * 24 + 6}h", "tests": [test]}
    (folder / "test.yml").write_text(yaml.safe_dump(document, width=1_000_000))
    said = promtool_says(folder, "test.yml", 100)
    assert not said, said[:8000]


def _written(values: list[float]) -> str:
    return " ".join(["_"] * (_END_DAYS + 1 - len(values)) + [repr(value) for value in values])


def _expected(forecasts: dict[str, Forecast]) -> list[dict[str, Any]]:
    at = f"{_END_DAYS * 24 + 6}h"
    seconds = {
        "earliest": {name: one.earliest_days for name, one in forecasts.items()},
        "latest": {name: one.latest_days for name, one in forecasts.items()},
    }
    # That of one that is too young goes by what is in use now: tests/rules/forecasts.yml.
    states = {name: one.state for name, one in forecasts.items() if one.state != EARLY}
    return [
        _case(at, "crm:resource_forecast:state", states),
        *(
            _case(
                at,
                f"round(crm:resource_full_{which}:seconds / 8640)",
                {name: round(10 * days) for name, days in found.items() if days is not None},
            )
            for which, found in seconds.items()
        ),
    ]


def _case(at: str, expr: str, values: dict[str, int]) -> dict[str, Any]:
    samples = [{"labels": f'{{name="{name}"}}', "value": value} for name, value in values.items()]
    if expr.startswith("crm:"):
        samples = [{**one, "labels": f"{expr}{one['labels']}"} for one in samples]
    return {"expr": expr, "eval_time": at, "exp_samples": samples}
