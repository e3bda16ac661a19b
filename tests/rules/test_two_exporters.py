"""A server that two exporters watch, ours and the Go exporter beside it, has its events once in the targets."""

from __future__ import annotations

import pytest

from tests.rules.promtool import Promtool, at

# Target → what of its server grows by 10 and by 1 a minute: the good events, and the bad ones.
_COUNTERS = {
    "db-error-rate": ("pg_stat_database_xact_commit", "pg_stat_database_xact_rollback", ',datname="crm"'),
    "cache-hit-ratio": ("redis_keyspace_hits_total", "redis_keyspace_misses_total", ""),
}


def _series(target: str, *jobs: tuple[str, str]) -> list[tuple[str, str]]:
    *names, more = _COUNTERS[target]
    return [
        (f'{name}{{job="{job}",instance="{instance}"{more}}}', f"0+{pace}x60")
        for job, instance in jobs
        for name, pace in zip(names, (10, 1), strict=True)
    ]


@pytest.mark.parametrize("target", _COUNTERS)
@pytest.mark.parametrize(
    ("jobs", "servers"),
    [
        ([("ours", "primary")], 1),
        ([("ours", "primary"), ("theirs", "primary")], 1),
        ([("ours", "primary"), ("theirs", "primary"), ("ours", "second")], 2),
    ],
)
def test_each_server_counts_once(promtool: Promtool, target: str, jobs: list[tuple[str, str]], servers: int) -> None:
    """One exporter, two of one server, and a second server: 11 events a minute and server, one of them bad."""
    events = 'round(slo:events_%s:increase5m{target="' + target + '"})'
    promtool(
        _series(target, *jobs),
        "1m",
        [
            at("40m30s", f"sum({events % 'total'})", {"{}": 55 * servers}),
            at("40m30s", f"sum({events % 'bad'})", {"{}": 5 * servers}),
        ],
        about=target,
        records="slo:events_.+5m",
    )
