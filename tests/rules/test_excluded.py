"""Planned maintenance: its events count in no budget, and are counted apart, by the window that the scheduler names."""

from __future__ import annotations

import pytest

from tests.rules.promtool import BURNING, Promtool, at
from tests.rules.target_series import series_of

_RULES = r"slo:excluded:bool|slo:events_(total|bad):(sampled|excluded)5m"
_OF = 'job="scheduler",instance="scheduler"'
Series = list[tuple[str, str]]


def _window(name: str, target: str, values: str, minutes: tuple[int, int]) -> Series:
    """Return what the scheduler says of a window; `values`: for which minutes, with V for the time."""
    labels = f'{{{_OF},exclusion="{name}",target="{target}"}}'
    return [
        (f"pantrywatch_exclusion_{what}_timestamp_seconds{labels}", values.replace("V", str(minute * 60)))
        for what, minute in zip(("begins", "ends"), minutes, strict=True)
    ]


_EVENTS: Series = [
    *((f'slo:events_total:increase5m{{target="{target}"}}', "100x240") for target in ("lcp", "fid")),
    *((f'slo:events_bad:increase5m{{target="{target}"}}', "7x240") for target in ("lcp", "fid")),
    *((f'slo:objective:ratio{{target="{target}"}}', "0.75x240") for target in ("lcp", "fid")),
]


def test_events_of_planned_maintenance_are_counted_apart(promtool: Promtool) -> None:
    """From begin to end, with the five minutes around them, of the targets it is for; others, and later ones, count.

    It goes on while nobody can ask the scheduler; a window that was taken out of the settings excludes nothing.
    """
    promtool(
        [
            *_EVENTS,
            (f"up{{{_OF}}}", "1x80 0x60 1x100"),
            *_window("upgrade", "lcp", "Vx240", (20, 40)),
            # The scheduler is away from minute 81 to 140.
            *_window("everything", "all", "Vx80 stale", (70, 120)),
            *_window("taken-back", "fid", "Vx170 stale", (160, 240)),
        ],
        "1m",
        [
            at("18m", "slo:excluded:bool", {f'slo:excluded:bool{{target="{one}"}}': 0 for one in ("fid", "lcp")}),
            at("18m", "count(slo:events_bad:excluded5m)", {}),
            at("30m", "slo:events_total:sampled5m", {'slo:events_total:sampled5m{target="fid"}': 100}),
            at("30m", "slo:events_total:excluded5m", {'slo:events_total:excluded5m{target="lcp"}': 100}),
            at("30m", "slo:events_bad:excluded5m", {'slo:events_bad:excluded5m{target="lcp"}': 7}),
            at("43m", "slo:events_bad:sampled5m", {'slo:events_bad:sampled5m{target="fid"}': 7}),
            at("51m", "sum(slo:events_bad:sampled5m)", {"{}": 14}),
            *(at(minute, "sum(slo:events_total:excluded5m)", {"{}": 200}) for minute in ("75m", "100m", "118m")),
            at("100m", "count(slo:events_total:sampled5m)", {}),
            at("131m", "sum(slo:events_total:sampled5m)", {"{}": 200}),
            at("168m", "slo:events_total:excluded5m", {'slo:events_total:excluded5m{target="fid"}': 100}),
            at("190m", "sum(slo:events_total:sampled5m)", {"{}": 200}),
            # What the long memory adds up: no event in both, none in neither.
            at("200m", 'sum(sum_over_time(slo:events_total:sampled5m{target="lcp"}[199m30s])) + '
               'sum(sum_over_time(slo:events_total:excluded5m{target="lcp"}[199m30s]))', {"{}": 20000}),
        ],
        records=_RULES,
    )  # fmt: skip


def test_without_planned_maintenance_every_event_counts(promtool: Promtool) -> None:
    """Where no scheduler says anything there is no series of it, and nothing is left out."""
    promtool(
        _EVENTS,
        "1m",
        [
            at("30m", "count(slo:excluded:bool) or count(slo:events_total:excluded5m)", {}),
            at("30m", "sum(slo:events_total:sampled5m)", {"{}": 200}),
        ],
        records=_RULES,
    )


@pytest.mark.long
def test_planned_maintenance_burns_nothing_then_or_afterwards(promtool: Promtool) -> None:
    """All events are bad for 40 minutes: the target it was planned for fires nothing, the other one pages.

    An incident of half an hour before does not page when the maintenance begins; a minute of which a third is bad does
    not page after it, when an hour without the maintenance has too few; a real outage after it does.
    """
    minutes = [(100, 60), (0, 2), (100, 28), (0, 40), (100, 12), (70, 1), (100, 50), (0, 20)]
    before = [(share if number != 1 else 99.2, length) for number, (share, length) in enumerate(minutes)]
    planned, other = "api-error-rate", "integration-error-rate"
    series: Series = [
        *series_of(planned, before, [(100 - share, length) for share, length in before]),
        *series_of(other, before, [(100 - share, length) for share, length in before]),
        (f"up{{{_OF}}}", "1x240"),
        *_window("upgrade", planned, "Vx240", (90, 130)),
    ]
    burns = f'count(ALERTS{{alertstate="firing",alertname=~"Crm.+Burn",target="{planned}"}})'
    missed = f'count(ALERTS{{alertstate="firing",alertname="CrmTargetMissedNow",target="{planned}"}})'
    pages = 'count(ALERTS{alertstate="firing",alertname=~"Crm.+Burn",severity="critical",target="%s"})'
    promtool(
        series,
        "1m",
        [
            *(at(f"{minute}m", burns, {}) for minute in range(70, 190, 4)),
            *(at(f"{minute}m", missed, {}) for minute in range(90, 142, 4)),
            at("110m", pages % other, {"{}": 1}),
            at("145m", f'count(slo:events_bad:sum1h{{target="{planned}"}} < 40)', {"{}": 1}),
            at("205m", pages % planned, {"{}": 1}),
        ],
        about=f"{planned} {other}",
        records=f"{BURNING}|slo:excluded:bool|slo:objective:ratio|slo:measured:bool|CrmTargetMissedNow",
    )  # fmt: skip
