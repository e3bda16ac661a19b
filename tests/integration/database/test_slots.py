"""Replication slots in every state that a server knows, of a real server."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.integration.database.conftest import OPTIONS, Watch
from tests.support import servers

LIMITED = {**OPTIONS, "wal_level": "logical", "max_slot_wal_keep_size": "16MB", "min_wal_size": "32MB",
           "max_wal_size": "32MB"}  # fmt: skip


@pytest.mark.long
def test_a_slot_whose_wal_is_gone_is_lost_and_costs_nothing_else(
    tmp_path: Path, prepared: Callable[[servers.Postgres], None], watch: Watch
) -> None:
    """Physical and logical slots whose WAL was removed have no position: they say `lost`, and no collector fails."""
    with servers.postgres(tmp_path / "server", options=LIMITED) as server:
        prepared(server)
        server.execute(
            "SELECT pg_create_physical_replication_slot('behind', true)",
            "SELECT pg_create_logical_replication_slot('decoding', 'test_decoding')",
        )
        for _ in range(4):
            server.execute("CREATE TABLE wal AS SELECT 1", "SELECT pg_switch_wal()", "DROP TABLE wal", "CHECKPOINT")
        server.execute("SELECT pg_create_physical_replication_slot('unused')")
        assert server.value("SELECT count(*) FROM pg_replication_slots WHERE wal_status = 'lost'") == 2
        with watch(server.dsn(user="pantrywatch")) as running:
            page = running.scrape("/metrics/database")
    assert page.error_classes() == {}
    for slot in ("behind", "decoding"):
        assert page.value("pg_replication_slot_wal_status", slot_name=slot, wal_status="lost") == 1
    assert page.value("pg_replication_slot_slot_is_active", slot_name="unused") == 0
