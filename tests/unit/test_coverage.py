"""The list of families on which `./run bench idle` compares an exporter with its peer."""

from __future__ import annotations

from pathlib import Path

from exporters.database.queries import read_queries
from tests.bench.coverage import Coverage, families, read, record

_PAGE = b"# HELP pg_up x\n# TYPE pg_up gauge\npg_up 1\n# TYPE pg_wal_segments gauge\n# TYPE go_info gauge\n"


def test_what_one_side_lacks_is_named() -> None:
    """A family of the list that is on one page alone is lost; those about the exporter itself do not count."""
    assert families(_PAGE) == {"pg_up", "pg_wal_segments"}
    coverage = Coverage(frozenset({"pg_up", "pg_wal_segments"}))
    assert coverage.lost([_PAGE, _PAGE]) == []
    assert coverage.lost([_PAGE, b"# TYPE pg_up gauge\n"]) == ["pg_wal_segments"]


def test_the_list_is_read_as_it_was_recorded(tmp_path: Path) -> None:
    """What `--record` writes is what the next run compares on."""
    file = tmp_path / "coverage.yaml"
    written = {"database": Coverage(frozenset({"pg_up"}), ("findings",)), "cache": Coverage(frozenset())}
    record(written, file)
    assert read(file) == written


def test_the_committed_list_can_be_used() -> None:
    """Each exporter has families, and what is off is a collector that serves none of them."""
    metrics = {query.name: {metric.name for metric in query.metrics} for query in read_queries([], [])}
    for coverage in read().values():
        assert coverage.families
        assert [name for name in coverage.without if metrics[name] & coverage.families] == []
