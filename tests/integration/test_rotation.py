"""A secret file that is replaced holds from the next connection on, in every exporter, without a restart."""

from __future__ import annotations

import json
import threading
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import cast

import bcrypt
import redis
import yaml

from tests.support import servers
from tests.support.exporter import exporter
from tests.support.servers import free_port, process, wait_until

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


def _rotate(folder: Path, postgres: servers.Postgres, cache: servers.Redis, client: redis.Redis) -> None:
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


def test_a_new_password_or_token_of_an_http_check_or_a_journey_holds_without_a_restart(tmp_path: Path) -> None:
    """Changed on servers and in files: HTTP checks and journeys fail as `auth` in between, and go on in one process."""
    with _prometheus(tmp_path, "one") as prometheus, _api("one") as api:
        _write_secrets(tmp_path, "one")
        checks = _checks(f"http://127.0.0.1:{prometheus}", f"http://127.0.0.1:{api.server_port}")
        settings = yaml.safe_dump({"environment": "test", "synthetic": {"checks": checks}})
        with exporter(tmp_path / "exporter", settings, ["synthetic"]) as running:

            def results() -> dict[str, float]:
                return {labels["check"]: value for labels, value in running.scrape().samples("probe_success")}

            names = {check["name"] for check in checks}
            wait_until(lambda: results() == dict.fromkeys(names, 1), 30, "all is well")
            _write_web_configuration(tmp_path, _NEW)
            api.secret = _NEW
            wait_until(lambda: results() == dict.fromkeys(names, 0), 30, "the old secrets are refused")
            errors = running.scrape().samples("pantrywatch_check_error")
            assert {(labels["check"], labels["class"]) for labels, _ in errors} == {(name, "auth") for name in names}
            _write_secrets(tmp_path, _NEW)
            wait_until(lambda: results() == dict.fromkeys(names, 1), 30, "the new secrets hold")
            shown = running.log.read_text() + running.scrape().text
        assert not [secret for secret in (_NEW, _basic(_NEW)) if secret in shown]


def _checks(prometheus: str, api: str) -> list[dict[str, object]]:
    often = {"interval_seconds": 1, "timeout_seconds": 0.9}
    login = {
        "name": "log-in", "method": "POST", "url": f"{api}/login", "body": '{"password": "<<password>>"}',
        "save": {"token": "token"},
    }  # fmt: skip
    read = {"name": "read", "url": f"{api}/", "headers": {"Authorization": "Bearer <<token>>"}}
    status = f"{prometheus}/api/v1/status/buildinfo"
    basic = {"name": "ask", "url": status, "headers": {"Authorization": "Basic <<login>>"}}
    return [
        {"name": "basic", "kind": "http", "url": status, "username": "me", "password_file": "../password", **often},
        {"name": "bearer", "kind": "http", "url": f"{api}/", "bearer_token_file": "../password", **often},
        {
            "name": "form",
            "kind": "journey",
            "secret_files": {"password": "../password"},
            "steps": [login, read],
            **often,
        },
        {"name": "header", "kind": "journey", "secret_files": {"login": "../basic"}, "steps": [basic], **often},
    ]


def _write_secrets(folder: Path, password: str) -> None:
    for name, text in (("password", password), ("basic", _basic(password))):
        (folder / f"{name}.part").write_text(f"{text}\n")
        (folder / f"{name}.part").rename(folder / name)


def _basic(password: str) -> str:
    return b64encode(f"me:{password}".encode()).decode()


@contextmanager
def _prometheus(folder: Path, password: str) -> Iterator[int]:
    """Run a Prometheus that wants a login; it reads again at each request which."""
    port = free_port()
    _write_web_configuration(folder, password)
    (folder / "prometheus.yml").write_text("")
    command = ["prometheus", f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/data"]
    command += [f"--web.listen-address=127.0.0.1:{port}", f"--web.config.file={folder}/web.yml"]
    with process(command, folder / "prometheus.log"):
        yield port


def _write_web_configuration(folder: Path, password: str) -> None:
    users = {"me": bcrypt.hashpw(password.encode(), bcrypt.gensalt(4)).decode()}
    (folder / "web.part").write_text(yaml.safe_dump({"basic_auth_users": users}))
    (folder / "web.part").rename(folder / "web.yml")


class _Api(ThreadingHTTPServer):
    """Takes a secret as a token, and gives it as a token to who logs in with it."""

    secret: str


class _Asked(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        """Answer who has the token."""
        self._reply(self.headers["Authorization"] == f"Bearer {self._secret}", {})

    def do_POST(self) -> None:
        """Give a token to who has the password."""
        fields = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self._reply(fields["password"] == self._secret, {"token": self._secret})

    @property
    def _secret(self) -> str:
        return cast(_Api, self.server).secret

    def _reply(self, right: bool, document: dict[str, str]) -> None:  # noqa: FBT001 - the one thing it says
        body = json.dumps(document if right else {}).encode()
        self.send_response(200 if right else 401)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_arguments: object) -> None:
        """Say nothing."""


@contextmanager
def _api(secret: str) -> Iterator[_Api]:
    with _Api(("127.0.0.1", 0), _Asked) as server:
        server.secret = secret
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join(5)
