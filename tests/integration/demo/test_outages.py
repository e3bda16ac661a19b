"""The demo API with something away behind it."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest
import requests

from tests.integration.demo.installation import Installation, api, log_in
from tests.support import servers

DASHBOARD = "/api/v1/dashboard"
LIST = "/api/v1/organizations"


@pytest.fixture(scope="module")
def without_cache(installation: Installation) -> Iterator[str]:
    """The address of an API whose Redis is away."""
    url = f"redis://:secret@127.0.0.1:{servers.free_port()}/0"
    with api(installation.with_secrets("no-cache", cache_url=url), installation.directory / "no-cache.log") as address:
        yield address


def test_the_cache_is_away(without_cache: str) -> None:
    """Without Redis people log in, read and stay logged in; health says degraded; look-ups count as off."""
    with log_in(without_cache) as session:
        answers = [session.get(without_cache + DASHBOARD, timeout=5) for _ in range(3)]
    assert [(answer.status_code, answer.headers["X-Cache"]) for answer in answers] == [(200, "MISS")] * 3
    health = requests.get(f"{without_cache}/healthz", timeout=5)
    assert (health.status_code, health.json()["status"]) == (200, "degraded")
    assert health.json()["checks"]["auth_service"]["status"] == "warn"
    metrics = requests.get(f"{without_cache}/metrics", timeout=5).text
    assert 'crm_app_cache_requests_total{prefix="GET:",result="off"} 3.0' in metrics


def test_no_secret_is_logged(without_cache: str, installation: Installation) -> None:
    """The log of an API whose Redis is away says so once, without its address or password."""
    requests.get(f"{without_cache}/healthz", timeout=5)
    log = (installation.directory / "no-cache.log").read_text()
    assert log.count("cache away=True") == 1
    assert "secret" not in log
    assert "127.0.0.1" not in log


def test_the_cache_comes_back(installation: Installation, tmp_path_factory: pytest.TempPathFactory) -> None:
    """A Redis that starts later is used without a restart of the API."""
    port = servers.free_port()
    url = f"redis://:{servers.PASSWORD.replace('@', '%40').replace('/', '%2F')}@127.0.0.1:{port}/0"
    log = installation.directory / "late-cache.log"
    with api(installation.with_secrets("late-cache", cache_url=url), log) as address, log_in(address) as session:
        assert session.get(address + DASHBOARD, timeout=5).headers["X-Cache"] == "MISS"
        directory = tmp_path_factory.mktemp("late-redis")
        command = ["redis-server", "--port", str(port), "--save", "", "--requirepass", servers.PASSWORD]
        with servers.process([*command, "--dir", str(directory)], directory / "log"):
            servers.wait_until(
                lambda: session.get(address + DASHBOARD, timeout=5).headers["X-Cache"] == "HIT", 10, "the cache is used"
            )


def test_the_database_is_away(installation: Installation) -> None:
    """Without PostgreSQL everything that needs it is a 503 in JSON within three seconds; health says unhealthy."""
    dsn = f"postgresql://crm_app:secret@127.0.0.1:{servers.free_port()}/crm"
    log = installation.directory / "no-database.log"
    with api(installation.with_secrets("no-database", app_dsn=dsn), log) as address:
        body = {"email": "rep01@pantry.example", "password": "x"}
        answer = requests.post(f"{address}/api/v1/auth/login", json=body, timeout=10)
        assert answer.status_code == 503
        assert "database" in answer.json()["error"]
        health = requests.get(f"{address}/healthz", timeout=10)
        assert (health.status_code, health.json()["status"]) == (503, "unhealthy")
        assert requests.get(f"{address}/metrics", timeout=10).ok
    assert "secret" not in log.read_text()


def test_lost_connections_cost_one_request(installation: Installation, representative: requests.Session) -> None:
    """When all of the API's sessions are ended at once, one request fails and the next ones work."""
    address = installation.url + LIST
    with psycopg.connect(installation.postgres.dsn("crm"), autocommit=True) as connection:
        connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'crm-api'")
    seen = [representative.get(address, params={"page": page}, timeout=5).status_code for page in range(1, 7)]
    assert sorted(seen)[:5] == [200] * 5, seen


def test_the_third_party_is_away(installation: Installation) -> None:
    """Without its third parties the API logs interactions and opens organizations, and counts the failed calls."""
    variables = {
        **installation.with_secrets("no-partner"),
        "DEMO_THIRD_PARTY_URL": f"http://127.0.0.1:{servers.free_port()}",
    }
    key = installation.postgres.value(
        "SELECT id::text FROM organizations WHERE account_status = 'active' AND NOT is_deleted LIMIT 1", "crm"
    )
    with api(variables, installation.directory / "no-partner.log") as address, log_in(address) as session:
        body = {"organization_id": key, "interaction_type": "CALL", "outcome": "fine"}
        logged = session.post(f"{address}/api/v1/interactions", json=body, timeout=5)
        assert (logged.status_code, logged.json()["email_sent"]) == (201, False)
        assert session.get(f"{address}{LIST}/{key}", timeout=5).json()["location"] is None
        page = requests.get(f"{address}/metrics", timeout=5).text
    for service, method in (("email", "POST"), ("geocoding", "GET")):
        labels = (
            f'error_type="connection",http_request_method="{method}",http_response_status_code="",'
            f'service_peer_name="{service}"'
        )
        assert f"http_client_request_duration_seconds_count{{{labels}}} 1.0" in page
