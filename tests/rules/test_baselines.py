"""The rules that say what is normal for an hour, in promtool, against the function that the benchmark uses."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import rjsonnet
import yaml

from demo.history.golden import Signal, history
from pantrywatch.analysis.baseline.bands import HISTORY_HOURS, Hours
from tests.rules.conftest import ROOT
from tests.rules.promtool import promtool_says

_RULES = ROOT / "alert_rules/generated/baselines.yml"
_HOURS = HISTORY_HOURS + 30
# Signal → how often its values are multiplied to be compared as whole numbers.
_SIGNALS = {"requests": 1, "api_slow_share": 1_000_000, "database_connections": 10_000}


@pytest.mark.long
def test_the_rules_have_the_bands_of_the_function_of_the_benchmark(tmp_path: Path) -> None:
    """A count, a share and a gauge have equal bands in the sixth week, and none before it."""
    signals = history(8128, 3600 * _HOURS, days=56).signals
    inputs = [line for name in _SIGNALS for line in _inputs(signals[name])]
    cases = [case for name in _SIGNALS for case in _cases(signals[name])]
    _promtool(tmp_path, inputs, cases, _groups(yaml.safe_load(_RULES.read_text()), "baselines.normal"))


def test_no_hour_of_a_holiday_is_normal_or_unusual(tmp_path: Path) -> None:
    """A holiday is left out of the median of the weeks after it, and is not compared with the weeks before it."""
    holidays = ["1970-01-16", "1970-01-31", "1972-03-01"]
    code = f"""
      local config = (import 'config.libsonnet').with({{ holidays: {holidays} }});
      {{ groups: (import 'installation.jsonnet')(config).groups + (import 'baselines.jsonnet')(config).groups }}
    """
    document = json.loads(rjsonnet.evaluate_snippet("snippet.jsonnet", code, [str(ROOT / "alert_rules")]))
    assert "== bool 790" in str(document)
    # The second day of the third week is the first holiday.
    values = " ".join(f"{events}x167" for events in (100, 200, 900, 400, 300))
    inputs = [{"series": f'crm:{name}:hour{{kind="count"}}', "values": values} for name in ("signal", "signal_events")]
    cases = [
        _found("28d12h", "crm:signal_usual:hour", 300),
        _found("29d12h", "crm:signal_usual:hour", 200),
        _found("29d12h", "crm:signal_to_usual:ratio", 1.5),
        _found("30d12h", "crm:signal_to_usual:ratio", None),
        *(_holiday(at, weeks) for at, weeks in (("22d12h", 1), ("29d12h", 2), ("30d12h", 0))),
    ]
    _promtool(tmp_path, inputs, cases, _groups(document, "baselines.holidays", "baselines.normal"), ("1h", "12h"))


def test_an_hour_with_planned_maintenance_is_left_out(tmp_path: Path) -> None:
    """It has no value, so that it is neither unusual nor normal; the next whole hour has one, other targets always."""
    events = {"slo:events_total:sum1h": 100, "slo:events_bad:sum1h": 7, "slo:events_total:increase5m": 10}
    inputs = [
        {"series": f'{name}{{target="{target}"}}', "values": f"{value}x300"}
        for target in ("lcp", "fid")
        for name, value in events.items()
    ]
    inputs.append({"series": 'slo:excluded:bool{target="lcp"}', "values": "0x119 1x29 0x150"})
    counted = "count by (target) (crm:signal:hour) + count by (target) (crm:signal_events:hour)"
    fid, lcp = ({"labels": f'{{target="{target}"}}', "value": 4} for target in ("fid", "lcp"))
    found = {"110m": [fid, lcp], "130m": [fid], "200m": [fid], "215m": [fid, lcp]}
    cases = [{"eval_time": at, "expr": counted, "exp_samples": samples} for at, samples in found.items()]
    _promtool(tmp_path, inputs, cases, _groups(yaml.safe_load(_RULES.read_text()), "baselines.signals"), ("1m", "5m"))


def test_unusual_events_and_errors_of_targets_are_low_alerts(tmp_path: Path) -> None:
    """Traffic outside its band, and errors above it, alert after half an hour, then end; none on a holiday."""
    low, high = "10x60 4x120 10x120", "10x60 20x120 10x120"
    inputs = [
        *_of_target("api-error-rate", "traffic", low),
        *_of_target("search-response", "traffic", high),
        *_of_target("lcp", "bad events", high),
        *_of_target("fcp", "bad events", low),
        *_of_target("fcp", "traffic", high),
        *_of_target("form-submission", "traffic", high, measured=0),
    ]
    alerts = 'sum by (alertname, target, team, severity) (ALERTS{alertstate="firing"})'
    unusual = ["CrmTargetUnusualTraffic api-error-rate", "CrmTargetUnusualTraffic search-response"]
    cases = [
        _alerts(alerts, at, names)
        for at, names in (("80m", []), ("2h", [*unusual, "CrmTargetUnusualErrors lcp"]), ("4h", []))
    ]
    groups = _groups(yaml.safe_load(_RULES.read_text()), "baselines.alerts")
    _promtool(tmp_path, inputs, cases, groups, ("1m", "5m"))
    holiday = {"series": 'crm:holiday:bool{weeks="0"}', "values": "1x60 0x240"}
    later = [_alerts(alerts, "125m", []), _alerts(alerts, "3h", [*unusual, "CrmTargetUnusualErrors lcp"])]
    _promtool(tmp_path, [*inputs, holiday], later, groups, ("1m", "5m"))


def _of_target(target: str, signal: str, values: str, measured: int = 1) -> list[dict[str, str]]:
    labels = f'{{target="{target}",layer="backend",signal="{signal}"}}'
    series = {"signal": values, "signal_normal": "10x300", "signal_upper": "13x300", "signal_lower": "7x300"}
    of_all = f'slo:measured:bool{{target="{target}",layer="backend",team="web",requires="x"}}'
    return [{"series": f"crm:{name}:hour{labels}", "values": given} for name, given in series.items()] + [
        {"series": of_all, "values": f"{measured}x300"}
    ]


def _alerts(expr: str, at: str, names: list[str]) -> dict[str, Any]:
    def labels(name: str, target: str) -> str:
        return f'{{alertname="{name}",target="{target}",team="web",severity="low"}}'

    samples = [{"labels": labels(*name.split()), "value": 1} for name in names]
    return {"eval_time": at, "expr": expr, "exp_samples": samples}


def _holiday(at: str, weeks: int) -> dict[str, Any]:
    sample = {"labels": f'crm:holiday:bool{{weeks="{weeks}"}}', "value": 1}
    return {"eval_time": at, "expr": "crm:holiday:bool == 1", "exp_samples": [sample]}


def _found(at: str, name: str, value: float | None) -> dict[str, Any]:
    samples = [] if value is None else [{"labels": f'{name}{{kind="count"}}', "value": value}]
    return {"eval_time": at, "expr": name, "exp_samples": samples}


def _inputs(signal: Signal) -> list[dict[str, str]]:
    labels = f'{{signal="{signal.name}",kind="{signal.kind}"}}'
    values = {"signal": list(signal.values), "signal_events": _events(signal)}
    return [
        {"series": f"crm:{series}:hour{labels}", "values": " ".join(_text(one) for one in found[-_HOURS - 1 :])}
        for series, found in values.items()
        if found
    ]


def _events(signal: Signal) -> list[float | None]:
    if signal.kind == "gauge":
        return []
    if signal.kind == "count":
        return list(signal.events)
    return [events * (value or 0.0) for events, value in zip(signal.events, signal.values, strict=True)]


def _text(value: float | None) -> str:
    return "_" if value is None else repr(value)


def _cases(signal: Signal) -> list[dict[str, Any]]:
    """Hours at noon, in the evening, and the last of the first five weeks."""
    events = [one or 0.0 for one in _events(signal)[-_HOURS - 1 :]]
    hours = Hours(signal.values[-_HOURS - 1 :], events or None, [False] * (_HOURS + 1))
    bands = list(hours.bands())
    assert any(bands[-30:])
    return [case for hour in (HISTORY_HOURS - 1, _HOURS - 12, _HOURS) for case in _band(signal, hour, bands[hour])]


def _band(signal: Signal, hour: int, band: tuple[float, float] | None) -> list[dict[str, Any]]:
    scale = _SIGNALS[signal.name]
    labels = f'{{signal="{signal.name}",kind="{signal.kind}"}}'
    return [
        {
            "eval_time": f"{hour}h",
            "expr": f'round({scale} * crm:signal_{side}:hour{{signal="{signal.name}"}})',
            "exp_samples": [{"labels": labels, "value": round(scale * value)}] if value is not None else [],
        }
        for side, value in zip(("lower", "upper"), band or (None, None), strict=True)
    ]


def _groups(document: Any, *names: str) -> list[dict[str, Any]]:
    return [{"name": one["name"], "rules": one["rules"]} for one in document["groups"] if one["name"] in names]


def _promtool(
    folder: Path,
    inputs: list[dict[str, str]],
    cases: list[dict[str, Any]],
    groups: list[dict[str, Any]],
    pace: tuple[str, str] = ("1h", "1h"),
) -> None:
    """Check the cases; `pace`: between samples, and between evaluations."""
    (folder / "rules.yml").write_text(yaml.safe_dump({"groups": groups}))
    test = {"interval": pace[0], "input_series": inputs, "promql_expr_test": cases}
    order = [group["name"] for group in groups]
    run = {"rule_files": ["rules.yml"], "evaluation_interval": pace[1], "group_eval_order": order, "tests": [test]}
    (folder / "test.yml").write_text(yaml.safe_dump(run, width=1_000_000))
    said = promtool_says(folder, "test.yml", 250)
    assert not said, said[:8000]
