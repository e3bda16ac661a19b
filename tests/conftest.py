"""Fixtures shared by all tests: real servers, started once a session where a test does not break them."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from exporters.core import logs
from tests.support import servers, suites
from tests.support.properties import register_profiles

register_profiles()

# Files of several minutes start first: as the last one, each would leave the other processors waiting.
SLOWEST = (
    "compose/test_engine.py",
    "e2e/test_bad_days.py",
    "test_current_releases.py",
    "integration/application/test_libraries.py",
    "boards/test_boards.py",
    "e2e/test_upgrade.py",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Order the files; pytest-xdist would begin with those of the most tests."""
    tests = Path(__file__).parent
    ranks = {tests / name: number for number, name in enumerate(SLOWEST)}
    items.sort(key=lambda item: ranks.get(item.path, len(ranks)))


@pytest.fixture(autouse=True)
def _logs_reach_the_test() -> None:
    """Undo what a program that an earlier test ran in this process did to our loggers: no record reached pytest."""
    for name in logs.OURS:
        logger = logging.getLogger(name)
        logger.handlers, logger.propagate = [], True
        logger.setLevel(logging.NOTSET)


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


@pytest.fixture(scope="session")
def current_suite(tmp_path_factory: pytest.TempPathFactory, pytestconfig: pytest.Config) -> Iterator[suites.Suite]:
    """Current releases in a folder, installed once for all workers; their versions are printed each time."""
    if os.geteuid() != 0:
        pytest.skip("another suite of Debian can only be installed as root")

    def say(line: str) -> None:
        with pytestconfig.pluginmanager.getplugin("capturemanager").global_and_fixture_disabled():
            print(f"\n{line}")

    base = tmp_path_factory.getbasetemp()
    with suites.shared((base.parent if hasattr(pytestconfig, "workerinput") else base) / "current", say) as suite:
        yield suite
