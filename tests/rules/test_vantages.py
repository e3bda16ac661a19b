"""A check that runs at several places fails while two of them see it fail; with a single place that one decides."""

from __future__ import annotations

import pytest

from tests.rules.promtool import Promtool, at

pytestmark = pytest.mark.every_release

# Scrapes of 15 s, a run in each.
_PHASE = 40  # ten minutes; before the first there is one without a failure

_ONE_AFTER_THE_OTHER = 'sum by (target) (round(slo:events_bad:increase5m{target="frontend-availability"}))'

# What each place sees in two phases of ten minutes, 1 passes, 0 fails, None is gone.
Place = tuple[str, int | None, int | None]
# Target → places, and the failed runs of five minutes at the end of either phase.
WORLDS: dict[str, dict[str, tuple[tuple[Place, ...], float, float]]] = {
    "two places": {
        "db-availability": ((("berlin", 0, 0), ("oslo", 1, 1)), 0, 0),
        "api-availability": ((("berlin", 0, 1), ("oslo", 0, 1)), 40, 0),
        "frontend-availability": ((("berlin", 0, 1), ("oslo", 1, 0)), 0, 0),
        "system-availability": ((("berlin", 0, 0), ("oslo", 1, 0)), 0, 40),
    },
    "another number of places": {
        "db-availability": ((("berlin", 0, 1),), 20, 0),
        "api-availability": ((("berlin", 0, 0), ("oslo", 0, 1), ("rome", 1, 1)), 60, 0),
        "frontend-availability": ((("berlin", 1, 0), ("oslo", None, None)), 0, 20),
        "system-availability": ((("", 0, 1),), 20, 0),
        "integration-error-rate": ((("berlin", 0, 0), ("oslo", 1, 0)), 0, 40),
    },
}


def _series(target: str, place: Place) -> list[tuple[str, str]]:
    name, *phases = place
    labels = f'job="synthetic",instance="{name or "local"}",check="a-check",kind="http",target="{target}"'
    if name:
        labels += f',vantage="{name}"'
    passed, failed = _PHASE, 0
    state, good, bad = [f"1x{_PHASE - 1}"], [f"0+1x{_PHASE - 1}"], [f"0x{_PHASE - 1}"]
    for phase in phases:
        if phase is None:
            for values in (state, good, bad):
                values.append(f"stale _x{_PHASE - 2}")
            continue
        state.append(f"{phase}x{_PHASE - 1}")
        good.append(f"{passed}+{phase}x{_PHASE - 1}")
        bad.append(f"{failed}+{1 - phase}x{_PHASE - 1}")
        passed, failed = passed + phase * _PHASE, failed + (1 - phase) * _PHASE
    runs = f'pantrywatch_check_runs_total{{{labels},result="%s"}}'
    return [
        (f"probe_success{{{labels}}}", " ".join(state)),
        (runs % "success", " ".join(good)),
        (runs % "failure", " ".join(bad)),
    ]


@pytest.mark.parametrize("world", ["two places", pytest.param("another number of places", marks=pytest.mark.long)])
def test_a_moment_is_bad_where_two_places_see_it(promtool: Promtool, world: str) -> None:
    """One of two: good, also if they fail one after the other. Two, or the only one there is: bad, with every run."""
    targets = WORLDS[world]
    first = {f'{{target="{target}"}}': failed for target, (_, failed, _) in targets.items()}
    second = {f'{{target="{target}"}}': failed for target, (*_, failed) in targets.items()}
    bad = "sum by (target) (round(slo:events_bad:increase5m))"
    now = "sum by (target) (slo:sli_error:ratio_now > bool 0)"
    within = at("22m25s", _ONE_AFTER_THE_OTHER, {'{target="frontend-availability"}': 0.0})
    promtool(
        [pair for target, (places, *_) in targets.items() for place in places for pair in _series(target, place)],
        "15s",
        [
            at("19m55s", bad, first),
            at("29m55s", bad, second),
            *([within] if world == "two places" else []),
            at("19m55s", now, {target: float(count > 0) for target, count in first.items()}),
            at("29m55s", now, {target: float(count > 0) for target, count in second.items()}),
        ],
        records="slo:events_.+increase5m|slo:sli_error:ratio_now|check:fails:bool",
    )
