"""Layer health: healthy, degraded, unhealthy, from the targets and from what is up."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from tests.rules.conftest import ROOT
from tests.rules.promtool import Promtool, at
from tests.rules.target_series import Segments, series_of

_ABOUT = "api-error-rate"
_TARGET = 'sum by (target) (target:health:state{target="api-error-rate"})'
_LAYERS = "sum by (layer) (layer:health:state)"
_WHOLE = "sum(system:health:state)"
# The rules of what is up, without those of the targets.
_UP = "(component|layer|system):health:state"


@pytest.fixture(scope="module")
def all_measured(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The rule file of an installation that measures one target: without data the others would count as unknown."""
    text = (ROOT / "alert_rules/generated/installation.yml").read_text().replace("vector(0)", "vector(1)")
    document = yaml.load(text, Loader=yaml.CSafeLoader)
    for group in document["groups"]:
        group["rules"] = [rule for rule in group["rules"] if rule.get("labels", {}).get("target", _ABOUT) == _ABOUT]
    path = tmp_path_factory.mktemp("rules") / "installation.yml"
    path.write_text(yaml.dump(document, Dumper=yaml.CSafeDumper))
    return path


def _backend(state: int) -> list[tuple[str, dict[str, float]]]:
    return [
        (_TARGET, {'{target="api-error-rate"}': state}),
        (_LAYERS, {'{layer="backend"}': state}),
        (_WHOLE, {"{}": state}),
    ]


def test_a_target_degrades_before_it_is_unhealthy(promtool: Promtool) -> None:
    """Worse than promised is degraded, a critical or high alert unhealthy, and both pass."""
    good: Segments = [(1000, 12), (995, 24), (500, 24), (1000, 84)]
    bad: Segments = [(0, 12), (5, 24), (500, 24), (0, 84)]
    times = {"50m": 0, "2h30m": 1, "4h30m": 2, "11h50m": 0}
    cases = [at(time, expr, samples) for time, state in times.items() for expr, samples in _backend(state)]
    promtool(series_of("api-error-rate", good, bad), "5m", cases, about=_ABOUT)


def test_a_single_failure_does_not_degrade(promtool: Promtool) -> None:
    """One failed request among few is no state of health."""
    series = series_of("api-error-rate", [(1, 12), (0, 1), (1, 12)], [(0, 12), (1, 1), (0, 12)])
    promtool(series, "5m", [at(f"{m}m", _TARGET, {'{target="api-error-rate"}': 0}) for m in (65, 75, 90)], about=_ABOUT)


def test_components_that_are_down_show_in_their_layer(promtool: Promtool) -> None:
    """One of two databases down is degraded, both are unhealthy; without its cache the CRM is only degraded."""
    promtool(
        [
            ('pg_up{job="database",instance="a"}', "1x20 0x20 1x40"),
            ('pg_up{job="database",instance="b"}', "1x10 0x30 1x40"),
            ('redis_up{job="cache",instance="main"}', "1x50 0x10 1x20"),
            ('up{job="application",instance="crm-api"}', "1x80"),
        ],
        "1m",
        [
            at(time, _LAYERS, {'{layer="infrastructure"}': database, '{layer="backend"}': cache})
            for time, database, cache in (
                ("5m", 0, 0),
                ("15m", 1, 0),
                ("30m", 2, 0),
                ("45m", 0, 0),
                ("55m", 0, 1),
                ("70m", 0, 0),
            )
        ],
        records=_UP,
    )


def test_what_nothing_is_known_of_is_not_healthy(promtool: Promtool) -> None:
    """Without a sample a target that should be measured has no state, and its layer is degraded."""
    cases = [at("30m", _TARGET, {}), at("30m", _LAYERS, {'{layer="backend"}': 1}), at("30m", _WHOLE, {"{}": 1})]
    promtool([], "5m", cases, about=_ABOUT)


def test_a_server_that_nobody_can_ask_any_more_is_not_healthy(promtool: Promtool) -> None:
    """The exporter of the only database went with its machine: its layer and the whole are degraded, not healthy."""
    promtool(
        [('pg_up{job="database",instance="a"}', "1x20 stale"), ('up{job="application",instance="crm-api"}', "1x80")],
        "1m",
        [
            at("10m", _LAYERS, {'{layer="infrastructure"}': 0, '{layer="backend"}': 0}),
            at("45m", _LAYERS, {'{layer="infrastructure"}': 1, '{layer="backend"}': 0}),
            at("45m", _WHOLE, {"{}": 1}),
        ],
        records=_UP,
    )


def test_an_application_whose_requests_fail_is_unhealthy_though_it_is_scraped(promtool: Promtool) -> None:
    """An alert that users' requests fail makes it unhealthy; one about attempts to log in does not."""
    firing = 'ALERTS{alertname="%s",alertstate="firing",component="api",severity="critical",type="%s"}'
    promtool(
        [
            ('up{job="application",instance="crm-api"}', "1x60"),
            (firing % ("CrmApiFailedLoginsBurst", "security"), "1x10 stale"),
            (firing % ("CrmApiUsersAffected", "error"), "_x20 1x10 stale"),
        ],
        "1m",
        [at(time, _LAYERS, {'{layer="backend"}': state}) for time, state in (("5m", 0), ("25m", 2), ("45m", 0))],
        records=_UP,
    )


def test_a_target_without_data_is_never_met(promtool: Promtool) -> None:
    """Its last events were good: as soon as none are counted it has no state, and its layer is not healthy."""
    series = series_of("api-error-rate", [(1000, 24)], [(0, 24)])
    promtool(
        [(name, f"{values} stale") for name, values in series],
        "5m",
        [
            at("1h50m", _TARGET, {'{target="api-error-rate"}': 0}),
            at("2h15m", _TARGET, {}),
            at("2h45m", _TARGET, {}),
            at("2h45m", _LAYERS, {'{layer="backend"}': 1}),
            at("2h45m", _WHOLE, {"{}": 1}),
        ],
        about=_ABOUT,
    )
