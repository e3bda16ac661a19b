"""A secret file that is replaced holds from the next connection on, in every exporter, without a restart."""

from __future__ import annotations

from pathlib import Path

import servers
from exporter import exporter
from servers import wait_until

_ROLE, _NEW = "rotated", "another"


def test_a_new_dsn_and_url_hold_without_a_restart(
    tmp_path: Path, postgres: servers.Postgres, redis_server: servers.Redis
) -> None:
    """Passwords changed on the servers and in the files: exporters and checks go on in the same process."""
    postgres.execute(f"CREATE ROLE {_ROLE} LOGIN PASSWORD 'one' IN ROLE pg_monitor")
    with redis_server.client() as client:
        client.acl_setuser(_ROLE, enabled=True, passwords=["+one"], commands=["+@all"], keys=["*"])
        try:
            _rotate(tmp_path, postgres, redis_server, client)
        finally:
            client.acl_deluser(_ROLE)
            _end_sessions(postgres)
            postgres.execute(f"DROP ROLE {_ROLE}")


def _rotate(folder: Path, postgres: servers.Postgres, cache: servers.Redis, client: servers.redis.Redis) -> None:
    def write(password: str) -> None:
        (folder / "dsn").write_text(postgres.dsn(user=_ROLE, password=password) + "\n")
        (folder / "url").write_text(f"redis://{_ROLE}:{password}@127.0.0.1:{cache.port}\n")

    folder.mkdir(exist_ok=True)
    write("one")
    checks = "interval_seconds: 1, timeout_seconds: 0.9}"
    settings = (
        "environment: test\n"
        "database: [{name: one, dsn_file: dsn}]\n"
        "cache: [{name: one, url_file: url}]\n"
        f"synthetic: {{checks: [{{name: sql, kind: sql, dsn_file: dsn, {checks}, "
        f"{{name: redis, kind: redis, url_file: url, {checks}]}}\n"
    )
    with exporter(folder, settings, []) as running:

        def up() -> dict[str, float | None]:
            page = running.scrape()
            results = {labels["check"]: value for labels, value in page.samples("probe_success")}
            return {"database": page.value("pg_up"), "cache": page.value("redis_up"), **results}

        wait_until(lambda: up() == dict.fromkeys(("database", "cache", "sql", "redis"), 1), 20, "all is well")
        postgres.execute(f"ALTER ROLE {_ROLE} PASSWORD '{_NEW}'")
        client.acl_setuser(_ROLE, enabled=True, reset_passwords=True, passwords=[f"+{_NEW}"])
        _end_sessions(postgres)
        client.client_kill_filter(user=_ROLE)
        wait_until(lambda: set(up().values()) == {0}, 20, "the old password is refused")
        write(_NEW)
        wait_until(lambda: set(up().values()) == {1}, 20, "the new password holds")


def _end_sessions(postgres: servers.Postgres) -> None:
    postgres.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'rotated'")
