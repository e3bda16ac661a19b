"""The slow log by command, with a real server: each entry counts once, and what was not read is a number."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import redis

from tests.support import servers
from tests.support.exporter import Exporter, Page, exporter

SETTINGS = "environment: test\ncache:\n  - name: main\n    url_file: url\n"
ENTRIES, SECONDS = "pantrywatch_cache_slow_commands_total", "pantrywatch_cache_slow_commands_seconds_total"
PASSED_OVER = "pantrywatch_cache_slow_commands_passed_over_total"


@dataclass(frozen=True, slots=True)
class Watched:
    """A server, a client of it, and the exporter."""

    exporter: Exporter
    client: redis.Redis

    def page(self) -> Page:
        """Return the page now."""
        return self.exporter.scrape("/metrics/cache")

    def counted(self, command: str) -> float:
        """Return the entries of a command so far."""
        return self.page().value(ENTRIES, cmd=command) or 0

    def slow(self, times: int) -> None:
        """Have the server log that many SETs, the setting that begins it, and nothing else."""
        self.client.config_set("slowlog-log-slower-than", "0")
        with self.client.pipeline(transaction=False) as pipe:
            for _ in range(times):
                pipe.set("secret-key", "secret-value")
            pipe.config_set("slowlog-log-slower-than", "-1")
            pipe.execute()


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    """A server whose slow log had an entry before the exporter started."""
    tmp_path = tmp_path_factory.mktemp("slow")
    with servers.redis_server(tmp_path / "redis") as server, server.client() as client:
        client.config_set("slowlog-log-slower-than", "-1")
        (tmp_path / "url").write_text(server.url)
        with exporter(tmp_path, SETTINGS, ["cache"]) as running:
            found = Watched(running, client)
            found.slow(3)
            yield found


def test_each_entry_counts_once_under_its_command(watched: Watched) -> None:
    """What was logged before the first scrape counts not, later entries once; subcommands have their own name."""
    assert watched.page().value(ENTRIES, cmd="set") == 0
    watched.slow(5)
    for _ in range(2):
        page = watched.page()
        assert page.value(ENTRIES, cmd="set") == 5
        assert (page.value(SECONDS, cmd="set") or 0) > 0
        assert page.value(ENTRIES, cmd="config|set") == 1
        assert page.value(PASSED_OVER) == 0
    assert "secret" not in page.text
    assert page.error_classes() == {}


def test_entries_that_the_server_dropped_are_a_number(watched: Watched) -> None:
    """Of 300 entries the server kept 128: those count, the others are passed over."""
    before = watched.counted("set"), watched.page().value(PASSED_OVER) or 0
    watched.slow(300)
    page = watched.page()
    counted, passed_over = (page.value(ENTRIES, cmd="set") or 0) - before[0], page.value(PASSED_OVER) or 0
    assert counted == 128
    assert passed_over - before[1] == 300 + 1 - 128  # the setting that began it was logged as well


def test_a_reset_log_counts_on(watched: Watched) -> None:
    """SLOWLOG RESET takes nothing from the counters; what it removed unread is passed over; later entries count."""
    before = watched.counted("set"), watched.page().value(PASSED_OVER) or 0
    watched.slow(2)
    watched.client.slowlog_reset()
    assert watched.counted("set") == before[0]
    watched.slow(1)
    assert watched.counted("set") == before[0] + 1
    assert watched.page().value(PASSED_OVER) == before[1] + 3


def test_a_restarted_server_counts_on(tmp_path: Path) -> None:
    """Ids begin at 0 again: entries of the new process count from the first, though their ids were seen before."""
    port = servers.free_port()
    url = tmp_path / "url"
    url.write_text(f"redis://127.0.0.1:{port}")
    command = ["redis-server", "--port", str(port), "--save", "", "--slowlog-log-slower-than", "0"]
    counts = []
    with exporter(tmp_path, SETTINGS, ["cache"]) as running:
        for times in (1, 40):
            with (
                servers.process(command, tmp_path / "redis.log"),
                redis.Redis(port=port, single_connection_client=True) as client,
            ):
                servers.wait_until(lambda: running.scrape("/metrics/cache").value("redis_up") == 1, 30, "up")
                for _ in range(times):
                    client.set("a", "b")
                counts.append(running.scrape("/metrics/cache").value(ENTRIES, cmd="set"))
    assert counts == [1, 41]
