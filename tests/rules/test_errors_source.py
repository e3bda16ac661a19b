"""Errors of a database count from its log where one is followed, else from rollbacks: never both, no gap as health."""

from __future__ import annotations

import pytest

from tests.rules.promtool import BURNING, Promtool, at, firing

_EVENTS = r"slo:events_.+5m|database:errors_source:info|slo:series:count"
_TOTAL = 'sum(round(slo:events_total:increase5m{target="db-error-rate"}))'
_BAD = 'sum(round(slo:events_bad:increase5m{target="db-error-rate"}))'
_SOURCES = "sum by (instance, source) (database:errors_source:info)"

Series = list[tuple[str, str]]


def _server(commits: str, rollbacks: str, name: str = "primary") -> Series:
    """Return a server's own counters."""
    labels = f'{{job="database",instance="{name}",datid="5",datname="crm"}}'
    return [
        (f'pg_up{{job="database",instance="{name}"}}', "1x400"),
        (f"pg_stat_database_xact_commit{labels}", commits),
        (f"pg_stat_database_xact_rollback{labels}", rollbacks),
    ]


def _log(followed: str, errors: str, more: Series | None = None, up: str = "1x400", name: str = "primary") -> Series:
    """Return what the exporter of its log says; `errors` is class 42."""
    of = f'job="database_log",instance="{name}"'
    written = (f'pantrywatch_database_logs_errors{{job="database",instance="{name}",format="csv"}}', "1x400")
    return [
        (f"up{{{of}}}", up),
        (f"pantrywatch_database_log_followed_seconds{{{of}}}", followed),
        (f'pantrywatch_database_errors_total{{{of},severity="ERROR",class="42"}}', errors),
        (f"pantrywatch_database_log_lines_total{{{of}}}", "0+10x400"),
        (f'pantrywatch_database_log_lines_not_parsed_total{{{of},reason="syntax"}}', "0x400"),
        *(more or [written]),
    ]


_OF = 'job="database_log",instance="primary"'
# Transactions that only read and are rolled back at their end, as SQLAlchemy does: 20 a scrape, not one error.
_ROLLED_BACK = _server("0x400", "0+20x400")


@pytest.mark.every_release
@pytest.mark.long
def test_an_application_that_rolls_back_everything_has_no_error(promtool: Promtool) -> None:
    """With the log: no bad event, and no alert; without it all are bad."""
    promtool(
        [*_ROLLED_BACK, *_log("1000+15x400", "0x400")],
        "15s",
        [
            at("60m", _TOTAL, {"{}": 400}),
            at("60m", _BAD, {"{}": 0}),
            at("60m", _SOURCES, {'{instance="primary", source="log"}': 1}),
            firing("60m", {}),
        ],
        about="db-error-rate",
        records=rf"{_EVENTS}|{BURNING}",
    )
    promtool(
        _ROLLED_BACK,
        "15s",
        [
            at("60m", _BAD, {"{}": 400}),
            at("60m", _SOURCES, {'{instance="primary", source="rollbacks"}': 1}),
        ],
        about="db-error-rate",
        records=_EVENTS,
    )


def test_what_counts_as_an_error(promtool: Promtool) -> None:
    """Failed statements; not what a constraint refuses, what follows in the same transaction, or sessions that end."""
    others = [
        (f'pantrywatch_database_errors_total{{{_OF},severity="{severity}",class="{one}"}}', "0+3x400")
        for severity, one in (("ERROR", "23"), ("ERROR", "25P02"), ("FATAL", "57P01"), ("FATAL", "28"), ("PANIC", "53"))
    ]
    cancelled = (f'pantrywatch_database_errors_total{{{_OF},severity="ERROR",class="57014"}}', "0+2x400")
    promtool(
        [*_server("0+20x400", "0+7x400"), *_log("1000+15x400", "0+1x400", [*others, cancelled])],
        "15s",
        [at("60m", _TOTAL, {"{}": 540}), at("60m", _BAD, {"{}": 60})],
        about="db-error-rate",
        records=_EVENTS,
    )


def test_each_server_has_its_own_source(promtool: Promtool) -> None:
    """Of two servers one has a log: its errors and the other's rollbacks are the bad events."""
    second = _server("0+20x400", "0+2x400", "second")
    promtool(
        [*_ROLLED_BACK, *_log("1000+15x400", "0+1x400"), *second],
        "15s",
        [
            at("60m", _TOTAL, {"{}": 20 * (20 + 22)}),
            at("60m", _BAD, {"{}": 20 * (1 + 2)}),
            at(
                "60m",
                _SOURCES,
                {'{instance="primary", source="log"}': 1, '{instance="second", source="rollbacks"}': 1},
            ),
        ],
        about="db-error-rate",
        records=_EVENTS,
    )


@pytest.mark.every_release
@pytest.mark.long
def test_a_gap_is_neither_health_nor_an_outage(promtool: Promtool) -> None:
    """The exporter is down for half an hour, and then reads 900 errors at once: unknown until no trace is left of that.

    The rollbacks of an application that has nothing else never replace them.
    """
    series = [
        *_ROLLED_BACK,
        *_log("1000+15x79 stale _x119 0+15x200", "0x79 stale _x119 900x200", up="1x79 0x120 1x200"),
    ]
    unknown = {'{instance="primary", source="unknown"}': 1}
    nothing = [at(time, one, {}) for time in ("22m", "35m", "49m", "52m", "55m30s") for one in (_TOTAL, _BAD)]
    promtool(
        series,
        "15s",
        [
            at("19m", _TOTAL, {"{}": 400}),
            *nothing,
            at("35m", _SOURCES, unknown),
            at("52m", _SOURCES, unknown),
            at("35m", 'slo:series:count{target="db-error-rate"}', {}),
            at("58m", _TOTAL, {"{}": 400}),
            at("58m", _BAD, {"{}": 0}),
            at("70m", _BAD, {"{}": 0}),
            *(firing(time, {}) for time in ("22m", "35m", "52m", "58m", "70m")),
        ],
        about="db-error-rate",
        records=rf"{_EVENTS}|{BURNING}",
    )


def test_following_a_log_for_the_first_time_and_no_more(promtool: Promtool) -> None:
    """From rollbacks to the log and back: nothing counts twice, and what lies between is unknown."""
    series = [
        *_server("0+18x400", "0+2x400"),
        *_log("_x40 0+15x160 stale", "_x40 7x40 7+1x120 stale", up="_x40 1x160 stale"),
    ]
    promtool(
        series,
        "15s",
        [
            at("9m", _BAD, {"{}": 40}),
            at("12m", _TOTAL, {}),
            at("17m", _BAD, {"{}": 0}),
            at("30m", _BAD, {"{}": 20}),
            at("30m", _SOURCES, {'{instance="primary", source="log"}': 1}),
            at("54m", _TOTAL, {}),
            at("65m", _BAD, {"{}": 40}),
            at("65m", _SOURCES, {'{instance="primary", source="rollbacks"}': 1}),
        ],
        about="db-error-rate",
        records=_EVENTS,
    )


@pytest.mark.parametrize(
    "more",
    [
        [('pantrywatch_database_logs_errors{job="database",instance="primary",format="csv"}', "1x80 0x320")],
        [
            ('pantrywatch_database_logs_errors{job="database",instance="primary",format="csv"}', "1x400"),
            (
                'pantrywatch_database_logs_written_timestamp_seconds{job="database",instance="primary",format="csv"}',
                "0+15x400",
            ),
            (f"pantrywatch_database_log_written_timestamp_seconds{{{_OF}}}", "3+15x80 1200x320"),
        ],
        [(f'pantrywatch_database_log_lines_not_parsed_total{{{_OF},reason="language"}}', "0x80 1+2x320")],
        [(f'pantrywatch_collector_error{{{_OF},collector="errors",class="storage"}}', "_x80 1x320")],
    ],
    ids=["no longer written", "written elsewhere", "not understood", "cannot be saved"],
)
def test_a_log_that_says_nothing_is_not_health(promtool: Promtool, more: Series) -> None:
    """No csvlog any more, or elsewhere, a log in another language, and an exporter that cannot save: unknown."""
    followed = "1000+15x80 0x320" if "collector_error" in more[0][0] else "1000+15x400"
    promtool(
        [*_ROLLED_BACK, *_log(followed, "0x400", more)],
        "15s",
        [
            at("19m", _BAD, {"{}": 0}),
            at("40m", _BAD, {}),
            at("40m", _TOTAL, {}),
            at("40m", _SOURCES, {'{instance="primary", source="unknown"}': 1}),
        ],
        about="db-error-rate",
        records=_EVENTS,
    )
