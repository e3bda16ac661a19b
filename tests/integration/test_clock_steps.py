"""A machine whose clock is set while we run: an hour forward, and back."""

from __future__ import annotations

from pathlib import Path

from tests.support import servers
from tests.support.exporter import Exporter, Page, exporter


def _library() -> Path:
    found = sorted(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))
    assert found, "apt-get install faketime"
    return found[0]


def _runs(page: Page) -> float:
    return sum(value for _, value in page.samples("pantrywatch_check_runs_total"))


def _scrape(running: Exporter) -> Page:
    # Nothing here is frozen: how fast the machine answers is not what is asserted.
    return running.scrape(timeout=10)


def _durations(page: Page) -> list[float]:
    names = [name for name in page.types if name.endswith(("duration_seconds", "age_seconds"))]
    return [value for name in names if page.types[name] == "gauge" for _, value in page.samples(name)]


def _goes_on(running: Exporter, clock: Path, step: str, seconds: float) -> None:
    """Set the clock; checks and looks at processes go on at their pace, and no duration knows of it."""
    before = _scrape(running)
    clock.write_text(f"{step}\n")
    now = before.value("node_time_seconds") or 0
    servers.wait_until(
        lambda: abs((_scrape(running).value("node_time_seconds") or 0) - now - seconds) < 100, 10, "the clock is set"
    )
    first = _scrape(running)
    assert _runs(first) < _runs(before) + 30
    servers.wait_until(lambda: _runs(_scrape(running)) >= _runs(first) + 3, 15, "checks go on")
    name = "pantrywatch_process_groups_timestamp_seconds"
    servers.wait_until(
        lambda: abs((_scrape(running).value(name) or 0) - now - seconds) < 100, 15, "processes are looked at"
    )
    page = _scrape(running)
    assert all(0 <= value < 100 for value in _durations(page))
    assert page.error_classes() == {}


def test_a_clock_that_is_set_changes_no_schedule_and_no_duration(tmp_path: Path, redis_server: servers.Redis) -> None:
    """An hour forward and an hour back: times of day follow, everything else has a clock that only goes on."""
    clock = tmp_path / "clock"
    clock.write_text("+0\n")
    (tmp_path / "url").write_text(redis_server.url)
    settings = (
        "environment: test\n"
        "cache: [{name: one, url_file: url}]\n"
        "host: {process_interval_seconds: 1}\n"
        "synthetic:\n"
        f"  checks: [{{name: redis, kind: tcp, address: '127.0.0.1:{redis_server.port}', interval_seconds: 1,\n"
        "             timeout_seconds: 0.9}]\n"
    )
    environment = {
        "LD_PRELOAD": str(_library()),
        "FAKETIME_TIMESTAMP_FILE": str(clock),
        "FAKETIME_NO_CACHE": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        "DONT_FAKE_MONOTONIC": "1",
        # Otherwise libfaketime 0.9.10 ends every wait on a monotonic condition at once, and threads that wait for
        # Python's interpreter lock take the whole processor: findings/libfaketime-ends-monotonic-waits-at-once.sh
        "FAKETIME_FORCE_MONOTONIC_FIX": "0",
    }
    with exporter(tmp_path, settings, [], environment) as running:
        servers.wait_until(lambda: _runs(_scrape(running)) >= 2, 15, "checks run")
        _goes_on(running, clock, "+3600", 3600)
        _goes_on(running, clock, "-3600", -7200)
