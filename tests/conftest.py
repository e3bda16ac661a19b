"""Fixtures shared by all tests: real servers, started once a session where a test does not break them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import servers


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[servers.Postgres]:
    """A PostgreSQL with pg_stat_statements, shared by the session: leave it as you found it."""
    options = {"shared_preload_libraries": "pg_stat_statements", "track_io_timing": "on"}
    with servers.postgres(tmp_path_factory.mktemp("postgres"), options=options) as server:
        yield server


@pytest.fixture(scope="session")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[servers.Redis]:
    """A Redis, shared by the session: leave it as you found it."""
    with servers.redis_server(tmp_path_factory.mktemp("redis")) as server:
        yield server
