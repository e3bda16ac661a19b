"""Defaults set on a role, a database or a server do not change what we measure."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from tests.support import postgres_versions, servers
from tests.support.exporter import Exporter, Page

Watch = Callable[..., AbstractContextManager[Exporter]]

# Each breaks or changes something for a client that relies on the defaults.
HOSTILE = {
    "default_transaction_isolation": "serializable",
    "default_transaction_deferrable": "on",
    "default_transaction_read_only": "on",
    "search_path": "no_such_schema",
    "statement_timeout": "100ms",
    "lock_timeout": "1ms",
    "idle_in_transaction_session_timeout": "1ms",
    "DateStyle": "German, DMY",
    "IntervalStyle": "sql_standard",
    "TimeZone": "Pacific/Kiritimati",
    "bytea_output": "escape",
    "extra_float_digits": "-15",
    "client_encoding": "LATIN1",
    "row_security": "off",
    "jit_above_cost": "0",
    "transform_null_equals": "on",
    "standard_conforming_strings": "off",
    "client_min_messages": "debug5",
    "quote_all_identifiers": "on",
    "enable_hashjoin": "off",
    "enable_nestloop": "off",
    "array_nulls": "off",
}
HOSTILE_SINCE_17 = {"transaction_timeout": "100ms"}


SLOW = """
queries:
  - name: "slow"
    source: "pg_sleep(0.3)"
    metrics:
      - {name: "crm_slow", type: "gauge", value: "1", help: "One, after three tenths of a second."}
  - name: "large"
    source: "(SELECT 123456789012345678::float8 AS n) AS one"
    metrics:
      - {name: "crm_large", type: "gauge", value: "n", help: "A number of 18 digits."}
"""


@pytest.fixture(params=[15, 18])
def hostile(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    prepared: Callable[[servers.Postgres], None],
) -> Iterator[servers.Postgres]:
    """A server whose role `pantrywatch` has all of these defaults."""
    major = request.param
    options = {"shared_preload_libraries": "pg_stat_statements", "autovacuum": "off"}
    directory = tmp_path_factory.mktemp(f"hostile-{major}")
    with servers.postgres(
        directory, postgres_versions.binaries(major), options, postgres_versions.environment(major)
    ) as server:
        prepared(server)
        server.execute(
            "SELECT setval('orders_id_seq', 1234567891)", "GRANT SELECT ON SEQUENCE orders_id_seq TO pantrywatch"
        )
        yield server


def _settings(major: int) -> dict[str, str]:
    return {**HOSTILE, **(HOSTILE_SINCE_17 if major >= 17 else {})}


def _labels(page: Page) -> set[tuple[str, frozenset[tuple[str, str]]]]:
    """Return the series of the page that do not come and go."""
    return {
        (name, frozenset(labels.items()))
        for name in page.types
        if not name.startswith(("pg_stat_statements", "pantrywatch_database_statement"))
        for labels, _ in page.samples(name)
    }


@pytest.mark.long
def test_hostile_defaults_of_the_role_change_nothing(hostile: servers.Postgres, watch: Watch, tmp_path: Path) -> None:
    """With every such default the page has the same series, no collector fails and exact numbers stay exact."""
    (tmp_path / "slow.yaml").write_text(SLOW)
    with watch(hostile.dsn(user="pantrywatch"), "    queries: [slow.yaml]\n") as exporter:
        plain = exporter.scrape("/metrics/database")
    for name, value in _settings(int(str(hostile.value("SHOW server_version_num"))) // 10000).items():
        hostile.execute(f"ALTER ROLE pantrywatch SET {name} = '{value}'")
    with watch(hostile.dsn(user="pantrywatch"), "    queries: [slow.yaml]\n") as exporter:
        page = exporter.scrape("/metrics/database")
        errors = exporter.log.read_text()
    assert page.error_classes() == {}
    assert _labels(page) == _labels(plain)
    assert "debug" not in errors.lower()
    assert page.value("crm_large") == float(123456789012345678)
    for name in ("pantrywatch_database_sequence_used_ratio", "pg_postmaster_start_time_seconds"):
        assert page.samples(name) == plain.samples(name), name
