"""The servers the other tests stand on."""

from __future__ import annotations

from tests.support import servers


def test_postgres_answers_and_can_be_frozen(postgres: servers.Postgres) -> None:
    """The shared PostgreSQL runs with pg_stat_statements preloaded."""
    assert postgres.value("SHOW shared_preload_libraries") == "pg_stat_statements"


def test_redis_answers(redis_server: servers.Redis) -> None:
    """The shared Redis asks for a password and answers with it."""
    with redis_server.client() as client:
        assert client.ping() is True
