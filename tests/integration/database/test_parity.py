"""Same name, same meaning: our page beside postgres_exporter's, of the same server at the same time."""

from __future__ import annotations

import math
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from fnmatch import fnmatch
from pathlib import Path

import psycopg
import pytest

from tests.support import servers
from tests.support.exporter import Exporter, Page, exporter, fetch
from tests.support.suites import Suite
from tools.record_metrics import without

# Name → why the two values may differ although both are right.
EXCLUDED = {
    "pg_exporter_last_scrape_duration_seconds": "each exporter's own",
    "pg_exporter_scrapes_total": "each exporter's own",
    "pg_scrape_collector_duration_seconds": "each exporter's own",
    "pg_scrape_collector_success": "the collectors have names of their own",
}

# Beyond, of the current release.
MOVING = {
    "pg_long_running_transactions": "it does not count its own",
    "pg_stat_database_numbackends": "its own connection ends with the scrape",
    "pg_stat_statements_calls_total": "ours is up to 15 s old",
    "pg_stat_statements_rows_total": "ours is up to 15 s old",
    "pg_stat_statements_seconds_total": "ours is up to 15 s old",
    "pg_stat_activity_count": "theirs is split by more labels",
    "pg_stat_activity_max_tx_duration": "theirs is split by more labels",
}
# pg_stat_activity_* are compared for the application's database, not for the one the exporters are connected to: while
# one of them looks, its own sessions are at work there and the other's are idle.

# What postgres_exporter writes and we do not: name, or pattern → why, as docs/metrics.md says it.
LEFT_OUT = without()["postgres_exporter"]
# Collectors of current releases that are off by default, and whose metrics we have.
OPTIONAL = ("stat_statements", "statio_user_indexes", "long_running_transactions", "database_wraparound", "postmaster")


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
        servers.wait_until(run.has_run_all_queries, 10, "all ran")
        yield run


@pytest.fixture(scope="module")
def theirs(replicated: servers.Postgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of Debian's postgres_exporter of that server."""
    assert shutil.which("prometheus-postgres-exporter"), "apt-get install prometheus-postgres-exporter"
    with _postgres_exporter("prometheus-postgres-exporter", replicated, tmp_path_factory.mktemp("theirs")) as url:
        yield url


@contextmanager
def _postgres_exporter(
    program: str | Path, server: servers.Postgres, folder: Path, collectors: Sequence[str] = ()
) -> Iterator[str]:
    """Watch a server with postgres_exporter until the block ends; yields the URL of its page."""
    port = servers.free_port()
    url = f"http://127.0.0.1:{port}/metrics"
    command = [str(program), f"--web.listen-address=127.0.0.1:{port}", *(f"--collector.{name}" for name in collectors)]
    with servers.process(command, folder / "log", environment={"DATA_SOURCE_NAME": f"{server.dsn()}?sslmode=disable"}):
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
    assert len(_shared(before, their_page)) > 75
    assert not _differences(before, their_page, after)


def _shared(our_page: Page, their_page: Page) -> set[str]:
    return {name for name in our_page.types if name.startswith("pg_") and name in their_page.types}


def _differences(before: Page, their_page: Page, after: Page) -> list[str]:
    shared = _shared(before, their_page)
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
    return differences


def test_names_left_out_are_these_and_no_others(ours: Exporter, theirs: str) -> None:
    """What postgres_exporter has and we have not stands in docs/metrics.md with its reason."""
    assert _unlisted(ours.scrape("/metrics/database"), fetch(theirs)) == []


def _unlisted(our_page: Page, their_page: Page) -> list[str]:
    with_values = {name for name in their_page.types if name.startswith("pg_") and _has_values(their_page, name)}
    missing = with_values - our_page.types.keys()
    return sorted(name for name in missing if not any(fnmatch(name, pattern) for pattern in LEFT_OUT))


def _has_values(page: Page, name: str) -> bool:
    return page.types[name] == "histogram" or bool(_samples(page, name))


@pytest.mark.long
@pytest.mark.timeout(900)
def test_the_current_release_says_the_same(
    ours: Exporter,
    replicated: servers.Postgres,
    current_suite: Suite,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """So it is with the current release, which has no label `server` and splits sessions by more labels.

    What it has beyond, and nobody has judged yet, is printed.
    """
    if not current_suite.is_current:
        pytest.skip(f"only Debian 12's releases are to be had: {current_suite.describe()}")
    program = current_suite.programs / "prometheus-postgres-exporter"
    with _postgres_exporter(program, replicated, tmp_path, OPTIONAL) as url:
        before, their_page, after = ours.scrape("/metrics/database"), fetch(url), ours.scrape("/metrics/database")
    with capsys.disabled():
        print(f"\npostgres_exporter of {current_suite.describe()}: unlisted {_unlisted(before, their_page)}")
    assert len(_shared(before, their_page)) > 100
    differences = [
        f"{name}{sorted(labels)}: {low}, theirs {middle}, {high}"
        for name in sorted(_shared(before, their_page) - EXCLUDED.keys() - MOVING.keys())
        for labels, middle in _samples(their_page, name).items()
        for low, high in zip(_like(before, name, labels), _like(after, name, labels), strict=True)
        if not min(low, high) <= middle <= max(low, high) or before.types[name] != their_page.types[name]
    ]
    assert not differences, "\n".join(differences)


def _like(page: Page, name: str, labels: frozenset[tuple[str, str]]) -> list[float]:
    return [value for own, value in _samples(page, name).items() if labels <= own]


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
    """A server with two databases of ours has at most 790 series, those about the exporter included."""
    page = ours.scrape("/metrics/database")
    assert sum(1 for line in page.text.splitlines() if not line.startswith("#")) <= 790


def test_nothing_secret_is_on_the_page_or_in_the_log(ours: Exporter, tmp_path: Path) -> None:
    """Neither password nor SQL text is on the page or in the log."""
    text = ours.scrape("/metrics/database").text + ours.log.read_text()
    for secret in (servers.PASSWORD, "s3cr3t", "SELECT", "md5", "postgresql://"):
        assert secret not in text
