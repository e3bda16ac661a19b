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
# The rules of what is up, without those of the targets, and of which targets are measured.
_STATES = "(component|layer|system):health:state"
_HEALTHY_API = ('up{job="application",instance="crm-api"}', "1x80")
_UP = f"{_STATES}|slo:measured:bool"
# What a target's state is made of but for its alerts, which take most of the time.
_EVENTS = "slo:(measured|events|series|sli_error:ratio|error_budget:ratio).*|target:health:state"


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


@pytest.mark.every_release
@pytest.mark.long
def test_a_target_degrades_before_it_is_unhealthy(promtool: Promtool) -> None:
    """Worse than promised is degraded, a critical or high alert unhealthy as long as users are affected; both pass."""
    good: Segments = [(1000, 12), (995, 24), (500, 24), (1000, 84)]
    bad: Segments = [(0, 12), (5, 24), (500, 24), (0, 84)]
    times = {"50m": 0, "2h30m": 1, "4h30m": 2, "5h20m": 1, "11h50m": 0}
    cases = [at(time, expr, samples) for time, state in times.items() for expr, samples in _backend(state)]
    promtool(series_of("api-error-rate", good, bad), "5m", cases, about=_ABOUT)


def test_a_single_failure_does_not_degrade(promtool: Promtool) -> None:
    """One failed request among few is no state of health."""
    series = series_of("api-error-rate", [(1, 12), (0, 1), (1, 12)], [(0, 12), (1, 1), (0, 12)])
    promtool(series, "5m", [at(f"{m}m", _TARGET, {'{target="api-error-rate"}': 0}) for m in (65, 75, 90)], about=_ABOUT)


def test_a_second_failure_in_a_row_degrades_what_hardly_ever_fails(promtool: Promtool) -> None:
    """A check each half minute: degraded within a minute of its second failure, until it succeeds."""
    check: Segments = [(1, 1), (0, 1)]
    silence: Segments = [(0, 1), (0, 1)]
    good = [*check * 20, *silence * 4, *check * 40]
    bad = [*silence * 20, *check * 4, *silence * 40]
    times = {"10m20s": 0, "11m20s": 1, "12m5s": 1, "12m20s": 0}
    cases = [at(time, _TARGET, {'{target="api-error-rate"}': state}) for time, state in times.items()]
    promtool(series_of("api-error-rate", good, bad), "15s", cases, about=_ABOUT, records=_EVENTS, every="15s")


def test_what_has_only_failed_is_degraded(promtool: Promtool) -> None:
    """The first check after a start fails, a minute before the second: nothing was good in the last hour."""
    series = series_of("api-error-rate", [(0, 1), (0, 7)], [(1, 1), (0, 7)])
    promtool(series, "15s", [at("75s", _TARGET, {'{target="api-error-rate"}': 1})], about=_ABOUT, records=_EVENTS)


@pytest.mark.long
@pytest.mark.parametrize("steps", [2, 20, 120])
def test_one_failure_of_a_check_never_degrades(promtool: Promtool, steps: int) -> None:
    """At any pace, at each moment until its hour is over."""
    one: Segments = [(1, 1), (0, steps - 1)]
    none: Segments = [(0, 1), (0, steps - 1)]
    before, after = 480 // steps, 300 // steps
    good, bad = [*one * before, *none, *one * after], [*none * before, *one, *none * after]
    seen = 'max_over_time(sum(target:health:state{target="api-error-rate"})[70m:15s])'
    promtool(
        series_of("api-error-rate", good, bad),
        "15s",
        [at("195m", seen, {"{}": 0})],
        about=_ABOUT,
        records=_EVENTS,
        every="15s",
    )


@pytest.mark.parametrize("minutes", [5, pytest.param(30, marks=pytest.mark.long)])
def test_a_check_that_runs_seldom_degrades_with_its_second_failure(promtool: Promtool, minutes: int) -> None:
    """Checks some minutes apart: neither failure is in the last five minutes when the rules see the other."""
    steps = minutes * 60 // 15
    one: Segments = [(1, 1), (0, steps - 1)]
    none: Segments = [(0, 1), (0, steps - 1)]
    good, bad = [*one * 4, *none * 2, *one], [*none * 4, *one * 2, *none]
    ends = [f"{(number * steps + 12) * 15}s" for number in (4, 5, 6)]
    cases = [
        at(time, _TARGET, {'{target="api-error-rate"}': state}) for time, state in zip(ends, (0, 1, 0), strict=True)
    ]
    promtool(series_of("api-error-rate", good, bad), "15s", cases, about=_ABOUT, records=_EVENTS, every="15s")


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


def test_nothing_is_healthy_before_it_is_known_what_is_measured(promtool: Promtool) -> None:
    """Components that are up in the first minute after a start say nothing about the targets."""
    promtool([_HEALTHY_API], "1m", [at("10m", expr, {}) for expr in (_LAYERS, _WHOLE)], records=_STATES)


def test_what_nothing_is_known_of_is_unknown(promtool: Promtool) -> None:
    """Without a sample a target that should be measured is unknown, and so are its layer and the whole."""
    promtool([], "5m", [at("30m", expr, samples) for expr, samples in _backend(3)], about=_ABOUT)


_DATABASE = ('job="database",instance="a"', 'job="database",instance="b"')


def _infrastructure(promtool: Promtool, series: list[tuple[str, str]], states: dict[str, tuple[int, int]]) -> None:
    """At each time the layer of the databases, and the whole, beside a healthy application."""
    cases = [
        case
        for time, (layer, whole) in states.items()
        for case in (
            at(time, _LAYERS, {'{layer="infrastructure"}': layer, '{layer="backend"}': 0}),
            at(time, _WHOLE, {"{}": whole}),
        )
    ]
    promtool([*series, _HEALTHY_API], "1m", cases, records=_UP)


def test_a_server_that_nobody_can_ask_any_more_is_unknown(promtool: Promtool) -> None:
    """The exporter of the only database went with its machine: its layer and the whole are unknown, not healthy."""
    series = [(f"pg_up{{{_DATABASE[0]}}}", "1x20 stale"), (f"up{{{_DATABASE[0]}}}", "1x20 0x60")]
    _infrastructure(promtool, series, {"10m": (0, 0), "25m": (3, 3), "45m": (3, 3)})


def test_a_server_that_was_removed_is_unknown_for_a_day(promtool: Promtool) -> None:
    """Neither the server nor its target is there any more."""
    _infrastructure(promtool, [(f"pg_up{{{_DATABASE[0]}}}", "1x20 stale")], {"10m": (0, 0), "45m": (3, 3)})


def test_a_server_that_nobody_could_ever_ask_is_unknown(promtool: Promtool) -> None:
    """Its exporter has never responded: there is no gauge of it at all."""
    series = [(f"up{{{_DATABASE[0]}}}", "0x80")]
    _infrastructure(promtool, series, {"10m": (3, 3)})


def test_one_of_two_servers_that_nobody_can_ask_is_unknown(promtool: Promtool) -> None:
    """The other one responds: that says nothing about this one."""
    series = [
        (f"pg_up{{{_DATABASE[0]}}}", "1x80"),
        (f"up{{{_DATABASE[0]}}}", "1x80"),
        (f"pg_up{{{_DATABASE[1]}}}", "1x20 stale"),
        (f"up{{{_DATABASE[1]}}}", "1x20 0x60"),
    ]
    _infrastructure(promtool, series, {"10m": (0, 0), "45m": (3, 3)})


def test_a_server_that_was_down_before_its_machine_died_stays_unhealthy(promtool: Promtool) -> None:
    """Worse is not better: unknown never replaces what was known to be down."""
    series = [(f"pg_up{{{_DATABASE[0]}}}", "1x20 0x20 stale"), (f"up{{{_DATABASE[0]}}}", "1x40 0x40")]
    _infrastructure(promtool, series, {"10m": (0, 0), "30m": (2, 2), "60m": (2, 2)})


def test_a_failed_scrape_changes_no_state(promtool: Promtool) -> None:
    """A server that could not be asked once is as healthy as before."""
    series = [(f"pg_up{{{_DATABASE[0]}}}", "1x40 stale 1x80"), (f"up{{{_DATABASE[0]}}}", "1x40 0 1x80")]
    states = 'max_over_time(layer:health:state{layer="infrastructure"}[20m])'
    promtool([*series, _HEALTHY_API], "15s", [at("20m", f"sum({states})", {"{}": 0})], records=_UP, every="15s")


def test_unknown_hides_nothing_worse(promtool: Promtool) -> None:
    """An unknown database beside an application that is down: the whole is unhealthy."""
    series = [
        (f"up{{{_DATABASE[0]}}}", "0x80"),
        ('up{job="application",instance="crm-api"}', "0x80"),
        ('up{job="cache",instance="main"}', "0x80"),
    ]
    cases = [
        at("10m", _LAYERS, {'{layer="infrastructure"}': 3, '{layer="backend"}': 2}),
        at("10m", _WHOLE, {"{}": 2}),
    ]
    promtool(series, "1m", cases, records=_UP)


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
    """Its last events were good: as soon as none are counted it is unknown, with its layer and the whole."""
    series = series_of("api-error-rate", [(1000, 24)], [(0, 24)])
    promtool(
        [(name, f"{values} stale") for name, values in series],
        "5m",
        [
            at("1h50m", _TARGET, {'{target="api-error-rate"}': 0}),
            *(
                case
                for time in ("2h15m", "2h45m")
                for case in (at(time, expr, samples) for expr, samples in _backend(3))
            ),
        ],
        about=_ABOUT,
    )


def test_a_target_is_unknown_as_soon_as_its_source_is_missing(promtool: Promtool) -> None:
    """What was counted before a source froze is remembered for five minutes, and says nothing about now."""
    promtool(
        [(name, f"{values} stale") for name, values in series_of(_ABOUT, [(100, 60)], [(0, 60)])],
        "1m",
        [
            at(time, _TARGET, {'{target="api-error-rate"}': value})
            for time, value in (("59m", 0), ("64m", 3), ("90m", 3))
        ],
        about=_ABOUT,
    )


def test_a_lost_scrape_leaves_a_target_met(promtool: Promtool) -> None:
    """One scrape that fails is no missing source."""
    (name, _), *_ = series_of(_ABOUT, [(100, 1)], [(0, 1)])
    promtool(
        [(name, "0+100x59 stale 6100+100x60")],
        "1m",
        [at("1h30m", f"max_over_time({_TARGET}[40m:1m])", {'{target="api-error-rate"}': 0})],
        about=_ABOUT,
    )
