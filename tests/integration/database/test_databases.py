"""The databases of a server: each is looked at in its turn, and what is not is a number with its reason."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest

from exporters.core.deadline import Deadline
from exporters.core.exposition import AnyFamily, Family
from exporters.core.postgres_dsn import Dsn
from exporters.core.settings import Secret
from exporters.database.background import Background
from exporters.database.databases import Databases
from exporters.database.queries import read_queries
from tests.support import servers
from tests.support.exporter import ROOT, Exporter, Page

Watch = Callable[..., AbstractContextManager[Exporter]]

EVERY_SECOND = "{stat_user_tables: 1, table_size: 1, stat_user_indexes: 1, index_use: 1, sequences: 1}"


@pytest.fixture
def crowded(server: servers.Postgres, prepared: Callable[[servers.Postgres], None]) -> Iterator[servers.Postgres]:
    """The server with databases that let nobody in: by a rule, half dropped, without CONNECT, named in bytes."""
    rules = server.data / "pg_hba.conf"
    allowed = rules.read_text()
    rules.write_text(f"host rdsadmin pantrywatch all reject\n{allowed}")
    server.execute(
        "CREATE DATABASE rdsadmin", "CREATE DATABASE broken", "CREATE DATABASE closed", "CREATE DATABASE quiet"
    )
    server.execute("UPDATE pg_database SET datconnlimit = -2 WHERE datname = 'broken'")
    server.execute("REVOKE CONNECT ON DATABASE closed FROM PUBLIC")
    server.execute("CREATE DATABASE latin ENCODING 'LATIN1' TEMPLATE template0 LOCALE 'C'")
    with psycopg.connect(server.dsn("latin"), autocommit=True, connect_timeout=5) as connection:
        connection.execute('CREATE DATABASE "düse"')  # as bytes two names, as UTF-8 none
        connection.execute('CREATE DATABASE "döse"')
    server.execute("SELECT pg_reload_conf()")
    yield server
    for name in ("rdsadmin", "closed", "quiet", "broken"):
        server.execute(f"DROP DATABASE {name} WITH (FORCE)")
    rules.write_text(allowed)
    server.execute("SELECT pg_reload_conf()")


def _states(page: Page) -> dict[tuple[str, str], float]:
    found = page.samples("pantrywatch_database_databases")
    return {(labels["state"], labels["class"]): value for labels, value in found if value}


@pytest.mark.long
def test_a_database_that_lets_nobody_in_is_a_number_and_no_fault(
    crowded: servers.Postgres, watch: Watch, tmp_path: Path
) -> None:
    """No collector fails, the others are looked at, and the server's log has one FATAL, not one a run."""
    log = crowded.data.parent / "postgres.log"
    before = log.read_text().count("FATAL")
    with watch(
        crowded.dsn(user="pantrywatch"), f"    exclude_databases: ['qui*']\n    intervals: {EVERY_SECOND}\n"
    ) as exporter:
        runs = {exporter.scrape("/metrics/database").value(LAST, query="sequences") for _ in range(1)}
        servers.wait_until(
            lambda: runs.add(exporter.scrape("/metrics/database").value(LAST, query="sequences")) or len(runs) > 3,
            20,
            "several runs",
        )
        page = exporter.scrape("/metrics/database")
    assert page.error_classes() == {}
    assert _states(page) == {
        ("visited", ""): 3, ("excluded", ""): 1, ("closed", ""): 1, ("invalid", ""): 1, ("undecodable", ""): 2,
        ("refused", "auth"): 1,
    }  # fmt: skip
    assert page.value("pg_stat_user_tables_n_live_tup", relname="elsewhere") is not None
    assert log.read_text().count("FATAL") == before + 1
    assert page.value("pg_database_wraparound_age_datfrozenxid_seconds", datname="broken") is None
    assert page.value("pg_database_connection_limit", datname="broken") is None
    validated = _validate(tmp_path)
    assert "database broken is invalid" in validated
    assert 'DROP DATABASE "broken";' in validated
    assert "database rdsadmin: auth" in validated


LAST = "pantrywatch_query_last_success_timestamp_seconds"


def _validate(directory: Path) -> str:
    return subprocess.run(
        [sys.executable, "-m", "exporters", "--settings", str(directory / "settings.yaml"), "validate"],
        capture_output=True, text=True, timeout=30, check=False, cwd=ROOT,
    ).stdout  # fmt: skip


def test_include_and_exclude_are_patterns(server: servers.Postgres, watch: Watch) -> None:
    """Only what is included is looked at, the connected database too."""
    with watch(server.dsn(user="pantrywatch"), "    include_databases: ['sec?nd']\n") as exporter:
        page = exporter.scrape("/metrics/database")
    names = {labels["datname"] for labels, _ in page.samples("pg_stat_user_tables_n_live_tup")}
    assert names == {"second"}
    assert page.error_classes() == {}


def test_more_databases_than_one_run_visits_have_their_turn(server: servers.Postgres) -> None:
    """Two at a time: each is looked at in the end, what it gave is kept meanwhile, and the rest is a number."""
    names = ["ten", "eleven", "twelve", "zzz"]
    for name in names:
        server.execute(f"CREATE DATABASE {name}")
        server.execute(f"CREATE TABLE of_{name} (id int)", dbname=name)
    query = next(query for query in read_queries() if query.name == "stat_user_tables")
    databases = Databases(include=["ten", "eleven", "twelve", "zzz"], at_once=2)
    background = Background(
        "main", Dsn(Secret(server.dsn()), "dsn", "settings.yaml"), [replace(query, limit=50)], databases
    )
    try:
        found: list[object] = []
        for _ in range(2):
            families = background.families(query, Deadline.after(20))
            tables = next(family for family in families if family.name == "pg_stat_user_tables_n_live_tup")
            found.append({labels[0] for labels, _ in _samples(tables)})
            states = {labels: value for labels, value in _samples(databases.families()[0]) if value}
            found.append(states.get(("waiting", ""), 0))
        assert found == [{"eleven", "ten"}, 2, set(names), 0]
    finally:
        background.close()
        for name in names:
            server.execute(f"DROP DATABASE {name} WITH (FORCE)")


def _samples(family: AnyFamily) -> list[tuple[tuple[str, ...], float]]:
    assert isinstance(family, Family)
    return [(tuple(labels), value) for labels, value in family.samples]


@pytest.mark.long
@pytest.mark.timeout(600)
def test_sixty_real_databases_have_their_turn(
    watch: Watch, tmp_path: Path, prepared: Callable[[servers.Postgres], None]
) -> None:
    """Each of sixty is visited in its turn and shows its own value; until then it is a number, and no alarm is blind.

    The last by alphabet has the fullest sequence.
    """
    with servers.postgres(tmp_path / "server", options={"shared_preload_libraries": "pg_stat_statements"}) as server:
        prepared(server)
        server.execute("CREATE DATABASE shape")
        server.execute(
            "CREATE SEQUENCE counter MAXVALUE 1001",
            "GRANT SELECT, USAGE ON SEQUENCE counter TO pantrywatch",
            dbname="shape",
        )
        for number in range(60):
            server.execute(f"CREATE DATABASE zz{number:02} TEMPLATE shape STRATEGY file_copy")
            server.execute(f"SELECT setval('counter', {number * 16 + 1})", dbname=f"zz{number:02}")
        more = "    intervals: {sequences: 2}\n    limits: {sequences: 100}\n"
        with watch(server.dsn(user="pantrywatch"), more, ready=False) as exporter:
            states: list[dict[tuple[str, str], float]] = []

            def all_visited() -> bool:
                states.append(_states(exporter.scrape("/metrics/database")))
                return states[-1].get(("visited", "")) == 63

            servers.wait_until(all_visited, 100, "all had their turn")
            assert any(seen.get(("waiting", ""), 0) >= 10 for seen in states), "not all at once, and it says so"
            assert {sum(seen.values()) for seen in states if seen} == {63}, "each is in one state"
            _sequences_have_run(exporter)
            page = exporter.scrape("/metrics/database")
            found = {
                labels["datname"]: value
                for labels, value in page.samples("pantrywatch_database_sequence_used_ratio")
                if labels["datname"].startswith("zz")
            }
            assert found == {f"zz{number:02}": pytest.approx(number * 0.016) for number in range(60)}
            assert page.error_classes() == {}
            _sequences_have_run(exporter)  # ten others had their turn, what the rest gave is kept
            page = exporter.scrape("/metrics/database")
            assert page.value("pantrywatch_database_sequence_used_ratio", datname="zz59") == pytest.approx(0.944)


def _sequences_have_run(exporter: Exporter) -> None:
    """Return when the query of sequences has begun and ended a run."""
    name = "pantrywatch_query_last_success_timestamp_seconds"
    for _ in range(2):
        last = exporter.scrape("/metrics/database").value(name, query="sequences")
        servers.wait_until(
            lambda last=last: exporter.scrape("/metrics/database").value(name, query="sequences") != last,
            60,
            "it has run again",
        )
