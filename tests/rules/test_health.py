"""Layer health: healthy, degraded, unhealthy, from the targets and from what is up."""

from __future__ import annotations

from tests.rules.promtool import Promtool, at
from tests.rules.target_series import Segments, series_of

_ABOUT = "api-error-rate"
_TARGET = 'sum by (target) (target:health:state{target="api-error-rate"})'
_LAYERS = "sum by (layer) (layer:health:state)"
_WHOLE = "sum(system:health:state)"


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
        about=_ABOUT,
    )


def test_what_nothing_is_known_of_is_not_healthy(promtool: Promtool) -> None:
    """Without a sample there is no state, neither of a target nor of a layer."""
    promtool([], "5m", [at("30m", _LAYERS, {}), at("30m", _WHOLE, {})], about=_ABOUT)
