"""Why a target is not measured, said by a rule where boards show it: what the application's page lacks."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from pantrywatch.config.settings import read_settings
from pantrywatch.config.targets import read_targets
from pantrywatch.generate.rules import rule_files
from tests.rules.promtool import Promtool, at

_ROOT = Path(__file__).parents[2]
_INSTALLATION = _ROOT / "alert_rules/generated/installation.yml"
_COUNT = "http_server_request_duration_seconds_count"
_UP = ('up{job="application",instance="crm"}', "1x60")
# What Prometheus has of the application → the reasons of api-latency and api-error-rate.
_LACKING = {
    "nothing": ([], 2 * ["it exports no http_server_request_duration_seconds, or none yet"]),
    "down": ([], 2 * ["the application does not answer Prometheus"]),
    "other routes": (
        [(f'{_COUNT}{{job="application",route_group="page",http_response_status_code="200"}}', "0+9x60")],
        2 * ["none of its routes is one of `routes` or `critical` in the settings"],
    ),
    "no status": (
        [(f'{_COUNT}{{job="application",route_group="critical"}}', "0+9x60")],
        ["its histogram has no bucket edge at 0.5 s", "its requests have no label with the status"],
    ),
    "other edges": (
        [
            (f'{_COUNT}{{job="application",route_group="critical",http_response_status_code="200"}}', "0+9x60"),
            ('http_server_request_duration_seconds_bucket{job="application",route_group="critical",le="0.3"}', "1x60"),
        ],
        ["its histogram has no bucket edge at 0.5 s", "nothing was counted in ten minutes"],
    ),
}


@pytest.mark.parametrize("case", _LACKING)
def test_the_reason_is_what_is_seen_first_on_the_page(promtool: Promtool, case: str) -> None:
    """For five minutes nobody can know; then the first thing that is missing is named, for each target its own."""
    series, (latency, errors) = _LACKING[case]
    if case == "down":
        series, up = [], (_UP[0], "0x60")
    else:
        up = _UP
    early = {f'{{target="{target}", reason="no data yet"}}': 0.0 for target in ("api-latency", "api-error-rate")}
    later = {
        f'{{target="api-latency", reason="{latency}"}}': 1.0,
        f'{{target="api-error-rate", reason="{errors}"}}': 1.0,
    }
    query = 'max by (target, reason) (slo:not_measured:bool{target=~"api-latency|api-error-rate"})'
    cases = [at("3m", query, early), at("30m", query, later)]
    promtool([up, *series], "1m", cases, records="slo:measured:bool", installation=_INSTALLATION)


@pytest.mark.parametrize(("counted", "measured"), [("0x60", 0.0), ("0x20 1x40", 1.0)])
def test_errors_over_interactions_are_not_measured_before_the_first(
    promtool: Promtool, counted: str, measured: float
) -> None:
    """The receiver exports its counters from its start on: no interaction among its browsers' is not "no error"."""
    series = [
        ('up{job="rum",instance="rum"}', "1x60"),
        ('browser_interactions_total{job="rum",instance="rum",source="field"}', counted),
        ('browser_interaction_errors_total{job="rum",instance="rum",source="field"}', "0+1x60"),
    ]
    cases = [at("50m", 'max(slo:measured:bool{target="frontend-error-rate"})', {"{}": measured})]
    promtool(series, "1m", cases, records="slo:measured:bool", installation=_INSTALLATION)


def test_before_the_first_capacity_run_its_target_says_what_it_takes(promtool: Promtool) -> None:
    """The data source is set up: not measured until a result is there, and for the day after the last one was seen."""
    because = 'max by (reason) (slo:not_measured:bool{target="api-throughput"} == 1)'
    measured = 'max(slo:measured:bool{target="api-throughput"})'
    missing = {'{reason="no capacity run yet: pantrywatch capacity"}': 1.0}
    cases = [at("5m", because, missing), at("12m", because, {}), at("5m", measured, {"{}": 0})]
    result = ("pantrywatch_capacity_requests_per_minute", "_x10 1200x5 stale")
    promtool(
        [_UP, result],
        "1m",
        [*cases, at("20m", measured, {"{}": 1})],
        records="slo:measured:bool",
        installation=_INSTALLATION,
    )


def test_what_is_not_set_up_says_what_it_takes(promtool: Promtool, tmp_path: Path) -> None:
    """A target without its data source is not measured from the first minute on, and its source is named."""
    settings = replace(read_settings(_ROOT / "settings.yaml"), data_sources=("application",))
    installation = tmp_path / "installation.yml"
    installation.write_text(rule_files(_ROOT, read_targets(_ROOT / "targets.yaml"), settings)["installation.yml"])
    expected = {'{reason="not set up here: it takes a capacity run"}': 1.0}
    query = 'max by (reason) (slo:not_measured:bool{target="api-throughput"})'
    promtool([_UP], "1m", [at("2m", query, expected)], records="slo:measured:bool", installation=installation)


def _instance(name: str, edge: str, good: int) -> list[tuple[str, str]]:
    """Return the histogram of an instance with one bucket: 100 requests a minute, `good` of them below its edge."""
    labels = f'job="application",instance="{name}",route_group="critical",http_route="/api/a"'
    histogram = "http_server_request_duration_seconds"
    return [
        (f"{histogram}_count{{{labels}}}", "0+100x60"),
        (f'{histogram}_bucket{{{labels},le="{edge}"}}', f"0+{good}x60"),
        (f'{histogram}_bucket{{{labels},le="+Inf"}}', "0+100x60"),
    ]


def test_an_instance_without_the_edge_is_left_out(promtool: Promtool) -> None:
    """Of two instances with different buckets the one that cannot tell counts as nothing: not good, bad or traffic."""
    series = [*_instance("new", "0.5", 90), *_instance("old", "0.3", 50)]
    counted = [
        at("40m", 'round(slo:events_total:increase5m{target="api-latency"})', {_LATENCY: 500.0}),
        at("40m", 'round(slo:events_bad:increase5m{target="api-latency"})', {_LATENCY: 50.0}),
    ]
    promtool(series, "1m", counted, about="api-latency", records="slo:events_.+5m")


_LATENCY = (
    '{layer="backend", sloth_id="crm-api-latency", sloth_service="crm", sloth_slo="api-latency", target="api-latency"}'
)
