"""Same name, same meaning: our page beside postgres_exporter's, of the same server at the same time."""

from __future__ import annotations

import math
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tests.support import servers
from tests.support.exporter import Exporter, Page, exporter, fetch

# Name → why the two values may differ although both are right.
EXCLUDED = {
    "pg_exporter_last_scrape_duration_seconds": "each exporter's own",
    "pg_exporter_scrapes_total": "each exporter's own",
    "pg_scrape_collector_duration_seconds": "each exporter's own",
    "pg_scrape_collector_success": "the collectors have names of their own",
}

# pg_stat_activity_* are compared for the application's database, not for the one the exporters are connected to: while
# one of them looks, its own sessions are at work there and the other's are idle.

# Name of theirs that we have not → why.
LEFT_OUT = {
    "pg_stat_database_checksum_last_failure": "NULL: a checksum that was never wrong",
}


@pytest.fixture(scope="module")
def replicated(server: servers.Postgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[servers.Postgres]:
    """The server with a replication slot that a receiver of WAL uses."""
    receiver = servers.postgres_bin() / "pg_receivewal"
    directory = tmp_path_factory.mktemp("receiver")
    server.execute("SELECT pg_create_physical_replication_slot('standby', true)")
    with servers.process([str(receiver), "-D", str(directory), "-d", server.dsn(), "-S", "standby"], directory / "log"):
        servers.wait_until(
            lambda: server.value("SELECT count(*) FROM pg_stat_replication WHERE state = 'streaming'") == 1,
            10,
            "WAL flows",
        )
        yield server


@pytest.fixture(scope="module")
def _busy(server: servers.Postgres) -> Iterator[None]:
    """An application with an open transaction that holds locks."""
    with psycopg.connect(server.dsn("second"), connect_timeout=5) as connection:
        connection.execute("LOCK TABLE elsewhere IN SHARE MODE")
        yield


@pytest.fixture(scope="module")
def ours(replicated: servers.Postgres, _busy: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Exporter]:
    """Our exporter of that server."""
    directory = tmp_path_factory.mktemp("ours")
    (directory / "dsn").write_text(replicated.dsn())
    with exporter(directory, "environment: test\ndatabase:\n  - name: main\n    dsn_file: dsn\n", ["database"]) as run:
        servers.wait_until(
            lambda: run.scrape("/metrics/database").value("pantrywatch_query_success", query="wal") == 1, 10, "all ran"
        )
        yield run


@pytest.fixture(scope="module")
def theirs(replicated: servers.Postgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of Debian's postgres_exporter of that server."""
    assert shutil.which("prometheus-postgres-exporter"), "apt-get install prometheus-postgres-exporter"
    port, log = servers.free_port(), tmp_path_factory.mktemp("theirs") / "log"
    url = f"http://127.0.0.1:{port}/metrics"
    command = ["prometheus-postgres-exporter", f"--web.listen-address=127.0.0.1:{port}"]
    with servers.process(command, log, environment={"DATA_SOURCE_NAME": f"{replicated.dsn()}?sslmode=disable"}):
        servers.wait_until(lambda: _answers(url), 10, "postgres_exporter answers")
        yield url


def _answers(url: str) -> bool:
    try:
        return fetch(url).value("pg_up") == 1
    except OSError:
        return False


def _samples(page: Page, name: str) -> dict[frozenset[tuple[str, str]], float]:
    """NaN is how postgres_exporter writes NULL; we write no sample."""
    return {frozenset(labels.items()): value for labels, value in page.samples(name) if not math.isnan(value)}


def test_shared_names_have_the_same_type_labels_and_values(ours: Exporter, theirs: str) -> None:
    """For every name on both pages type and labels are equal, and their value lies between two of ours around it."""
    before, their_page, after = ours.scrape("/metrics/database"), fetch(theirs), ours.scrape("/metrics/database")
    shared = {name for name in before.types if name.startswith("pg_") and name in their_page.types}
    assert len(shared) > 75
    differences = [
        f"{name}: {before.types[name]}, theirs {their_page.types[name]}"
        for name in shared
        if before.types[name] != their_page.types[name]
    ]
    for name in sorted(shared - EXCLUDED.keys()):
        first, middle, last = _samples(before, name), _samples(their_page, name), _samples(after, name)
        if not first.keys() == middle.keys() == last.keys():
            differences.append(f"{name}: {sorted(map(sorted, first.keys() ^ middle.keys()))}")
            continue
        differences += [
            f"{name}{sorted(labels)}: {low}, theirs {middle[labels]}, {last[labels]}"
            for labels, low in first.items()
            if not (name.startswith("pg_stat_activity_") and ("datname", "postgres") in labels)
            and not min(low, last[labels]) <= middle[labels] <= max(low, last[labels])
        ]
    assert not differences, "\n".join(differences)


def test_names_left_out_are_these_and_no_others(ours: Exporter, theirs: str) -> None:
    """What postgres_exporter has and we have not is most of its settings, and what is listed with a reason."""
    our_page, their_page = ours.scrape("/metrics/database"), fetch(theirs)
    with_values = {name for name in their_page.types if name.startswith("pg_") and _samples(their_page, name)}
    missing = {name for name in with_values - our_page.types.keys() if not name.startswith("pg_settings_")}
    assert missing <= LEFT_OUT.keys()


def test_the_page_passes_promtool(ours: Exporter) -> None:
    """Nothing is found by promtool but what the names of postgres_exporter force."""
    page = ours.scrape("/metrics/database")
    result = subprocess.run(
        ["promtool", "check", "metrics"], input=page.text, text=True, capture_output=True, timeout=20, check=False
    )
    complaints = [line for line in (result.stderr + result.stdout).splitlines() if line and not _forced(line)]
    assert not complaints


def _forced(line: str) -> bool:
    """postgres_exporter's counters go without `_total`, and it counts things under names that end in `_count`."""
    name, _, what = line.partition(" ")
    return name.startswith("pg_") and ('should have "_total" suffix' in what or 'have "_count" suffix' in what)


def test_the_page_of_a_small_server_is_small(ours: Exporter) -> None:
    """A server with two databases of ours has at most 700 series, those about the exporter included."""
    page = ours.scrape("/metrics/database")
    assert sum(1 for line in page.text.splitlines() if not line.startswith("#")) <= 700


def test_nothing_secret_is_on_the_page_or_in_the_log(ours: Exporter, tmp_path: Path) -> None:
    """Neither password nor SQL text is on the page or in the log."""
    text = ours.scrape("/metrics/database").text + ours.log.read_text()
    for secret in (servers.PASSWORD, "s3cr3t", "SELECT", "md5", "postgresql://"):
        assert secret not in text
