"""The query files: what is shipped is right, and what is wrong is refused with file and entry."""

from __future__ import annotations

from pathlib import Path

import pytest

from exporters.core.errors import ConfigError
from exporters.database.business import default_queries
from exporters.database.queries import BUSINESS, SHIPPED, read_files, read_queries
from exporters.database.shipped_queries import QUERIES
from tools.shipped_queries import MODULE, module

GOOD = """
queries:
  - name: "mine"
    source: "orders"
    labels: {state: "state"}
    limit: 5
    rank: "crm_orders"
    fold: ["state"]
    metrics:
      - {name: "crm_orders", type: "gauge", value: "count(*)", help: "Orders."}
"""

SECOND = '      - {name: "crm_orders", type: "gauge", value: "1", help: "Two."}'


def _read(directory: Path, text: str) -> str:
    """Return the faults of a query file, empty where there are none."""
    path = directory / "mine.yaml"
    path.write_text(text)
    try:
        read_queries([path])
    except ConfigError as error:
        return str(error)
    return ""


def test_every_shipped_file_is_read() -> None:
    """Each file gives queries; every metric of every query has a version in which it exists."""
    queries = read_queries()
    assert len(queries) > 20
    assert len(list(SHIPPED.glob("*.yaml"))) >= 7
    for query in queries:
        seen = {metric.name for major in range(13, 19) for metric in query.metrics_of(major)}
        assert seen == {metric.name for metric in query.metrics}, query.name


def test_the_module_says_what_the_shipped_files_say() -> None:
    """A sidecar starts with the records of the module: `./run build` writes them from the files."""
    files = [path for path in sorted(SHIPPED.glob("*.yaml")) if path.name != BUSINESS]
    assert list(QUERIES) == read_files(files, default_queries())
    assert MODULE.read_text(encoding="utf-8") == module()


def test_sql_is_written_to_be_pasted() -> None:
    """What comes after FROM fits a screen: long SQL is block text, of lines that psql and a person can read."""
    for query in read_queries():
        assert all(len(line) <= 120 for line in query.source.splitlines()), query.name


def test_heavy_queries_are_bounded() -> None:
    """What has labels named by users of the server has a limit; what visits every database is in the background."""
    named_by_users = {"datname", "relname", "indexrelname", "queryid", "slot_name", "application_name"}
    for query in read_queries():
        if named_by_users & query.labels.keys():
            assert query.limit or query.ranges, query.name  # of which one histogram is made
        assert query.interval_seconds or not query.every_database


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("", "", ""),
        ('source: "orders"', 'sorce: "orders"', "unknown key sorce"),
        ('type: "gauge"', 'type: "summary"', "expected one of counter, gauge, untyped, got 'summary'"),
        ('"crm_orders", type', '"orders", type', "expected a metric name with pg_"),
        ('"Orders."', '"Orders"', "with a full stop"),
        ('rank: "crm_orders"', 'rank: "crm_other"', "`rank`, the name of one of the metrics"),
        ('fold: ["state"]', 'fold: ["status"]', "fold[0]: expected one of state, got 'status'"),
        ('name: "mine"', 'name: "archiver"', "expected a name that no other query has"),
        ("limit: 5", "limit: 5\n    every_database: true", "an interval and a label datname"),
        ("limit: 5", 'limit: 5\n    requires: ["pg_monitor"]', "requires[0]: expected role:NAME"),
        ("limit: 5", "limit: 5\n    interval_seconds: 0.1", "interval_seconds: expected a number from 1 to 1200"),
        ('{state: "state"}', '{State: "state"}', "labels.State: expected a label name in lower case, got 'State'"),
        ("    metrics:", f"    metrics:\n{SECOND}", "one definition of crm_orders in each version"),
        ('name: "crm_orders", type', 'name: "pg_locks_count", type', "pg_locks_count is also in"),
        ("limit: 5", "limit: 5\n    closed: {status: {open: open}}", "closed.status: expected one of state"),
        ("limit: 5", "limit: 5\n    groups: state", "groups: expected a label in `closed`, and with it `people`"),
        ("limit: 5", "limit: 5\n    least_people: 0", "least_people: expected a number of at least 1"),
    ],
)  # fmt: skip
def test_a_fault_is_named_with_what_was_expected(tmp_path: Path, before: str, after: str, expected: str) -> None:
    """Each mistake is refused at start; the message says which file and what was expected."""
    text = GOOD.replace('rank: "crm_orders"', 'rank: "pg_locks_count"') if "pg_locks_count" in after else GOOD
    assert before in text
    faults = _read(tmp_path, text.replace(before, after) if before else text)
    assert expected in faults
    assert bool(faults) == bool(expected)
    assert not faults or str(tmp_path / "mine.yaml") in faults


def test_numbers_of_the_business_are_in_no_other_file(tmp_path: Path) -> None:
    """A file of one's own next to the shipped pack: a name or metric that both have is refused, naming the file."""
    path = tmp_path / "mine.yaml"
    path.write_text(GOOD.replace("crm_orders", "crm_opportunities").replace('"mine"', '"business_users"'))
    with pytest.raises(ConfigError) as raised:
        read_queries([path], default_queries())
    assert "crm_opportunities is also in business_pipeline" in str(raised.value)
    assert "a name that no other query has, got business_users" in str(raised.value)
    assert {query.name for query in default_queries()} < {query.name for query in read_queries((), default_queries())}
