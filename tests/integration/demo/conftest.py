"""A demo installation of its own: its tests break things."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import pytest
import requests

from tests.integration.demo.installation import Installation, log_in, running
from tests.support import servers


@pytest.fixture(scope="session")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """A small seeded demo with its API and its third party running; tests leave it whole."""
    directory = tmp_path_factory.mktemp("demo")
    with ExitStack() as stack:
        options = {"shared_preload_libraries": "pg_stat_statements", "max_connections": "30"}
        postgres = stack.enter_context(servers.postgres(directory, options=options))
        redis = stack.enter_context(servers.redis_server(directory / "redis"))
        yield stack.enter_context(running(directory, postgres, redis))


@pytest.fixture
def representative(installation: Installation) -> Iterator[requests.Session]:
    """Somebody logged in, with an empty cache."""
    with installation.redis.client() as client:
        client.flushall()
    with log_in(installation.url) as session:
        yield session
