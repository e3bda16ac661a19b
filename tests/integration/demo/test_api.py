"""The API of the demo CRM."""

from __future__ import annotations

from urllib.parse import urlsplit
from uuid import uuid4

import pytest
import requests

from exporters.rum.settings import RumSettings
from exporters.rum.source import RumSource
from tests.integration.demo.installation import Installation, log_in

GET_ROUTES = ("dashboard", "organizations?owner=me", "organizations/search?q=oak")


def first_organization(session: requests.Session, url: str) -> str:
    answer = session.get(f"{url}/api/v1/organizations", params={"owner": "me"}, timeout=5)
    return str(answer.json()["items"][0]["id"])


def test_a_wrong_password_is_401(installation: Installation) -> None:
    """A wrong password and an unknown address get the same 401."""
    address = f"{installation.url}/api/v1/auth/login"
    answers = [
        requests.post(address, json={"email": email, "password": "guess"}, timeout=5)
        for email in ("rep01@pantry.example", "nobody@pantry.example")
    ]
    assert [answer.status_code for answer in answers] == [401, 401]
    assert answers[0].json() == answers[1].json()


@pytest.mark.parametrize("token", ["", "x", "e30=.00", "e30=.\u00ff"])
def test_without_a_session_nothing_is_shown(installation: Installation, token: str) -> None:
    """No token and a made-up token are 401."""
    headers = {"Authorization": f"Bearer {token}".encode("latin-1")}
    assert requests.get(f"{installation.url}/api/v1/dashboard", headers=headers, timeout=5).status_code == 401


@pytest.mark.parametrize("path", GET_ROUTES)
def test_a_second_look_comes_from_the_cache(
    installation: Installation, representative: requests.Session, path: str
) -> None:
    """The first GET is a MISS, the second the same answer as a HIT, and another user's first is a MISS again."""
    address = f"{installation.url}/api/v1/{path}"
    answers = [representative.get(address, timeout=5) for _ in range(2)]
    assert [answer.headers["X-Cache"] for answer in answers] == ["MISS", "HIT"]
    assert answers[0].json() == answers[1].json()
    with log_in(installation.url, "rep02@pantry.example") as other:
        assert other.get(address, timeout=5).headers["X-Cache"] == "MISS"


def test_cached_answers_live_five_minutes(installation: Installation, representative: requests.Session) -> None:
    """A cached answer lies under method:url:user and expires within 300 s."""
    representative.get(f"{installation.url}/api/v1/dashboard", timeout=5)
    with installation.redis.client() as client:
        keys = list(client.scan_iter("GET:/api/v1/dashboard:*"))
        assert len(keys) == 1
        assert 0 < client.ttl(keys[0]) <= 300


def test_filters_hold(installation: Installation, representative: requests.Session) -> None:
    """A filtered list holds only what was asked for, and fewer than the whole."""
    address = f"{installation.url}/api/v1/organizations"
    chosen = representative.get(address, params={"segment": "Healthcare", "priority": "C"}, timeout=5).json()
    everything = representative.get(address, timeout=5).json()
    assert {(item["industry_segment"], item["priority_level"]) for item in chosen["items"]} == {("Healthcare", "C")}
    assert 0 < chosen["total"] < everything["total"]
    second = representative.get(address, params={"page": 2}, timeout=5).json()
    assert {item["id"] for item in second["items"]}.isdisjoint(item["id"] for item in everything["items"])


def test_search_takes_wildcards_literally(installation: Installation, representative: requests.Session) -> None:
    """`%%` finds nothing: what people type is no pattern."""
    address = f"{installation.url}/api/v1/organizations/search"
    assert representative.get(address, params={"q": "%%"}, timeout=5).json() == {"items": []}


def test_logging_an_interaction_shows_at_once(installation: Installation, representative: requests.Session) -> None:
    """A logged interaction is mailed, stands in the organization at the next look, and leaves other answers cached."""
    organization = first_organization(representative, installation.url)
    address = f"{installation.url}/api/v1/organizations/{organization}"
    before = representative.get(address, timeout=5).json()["interactions"]
    body = {"organization_id": organization, "interaction_type": "VISIT", "outcome": "interested", "notes": "oil ☕"}
    answer = representative.post(f"{installation.url}/api/v1/interactions", json=body, timeout=5)
    assert answer.status_code == 201
    assert answer.json()["email_sent"] is True
    after = representative.get(address, timeout=5).json()["interactions"]
    assert after[0]["id"] == answer.json()["id"]
    assert after[0]["notes"] == "oil ☕"
    assert [each["id"] for each in after[1:]] == [each["id"] for each in before][: len(after) - 1]
    listing = representative.get(f"{installation.url}/api/v1/organizations", params={"owner": "me"}, timeout=5)
    assert listing.headers["X-Cache"] == "HIT"


def test_moving_an_opportunity(installation: Installation, representative: requests.Session) -> None:
    """Closing an opportunity dates it and counts the days; opening it again takes both away."""
    key = installation.postgres.value("SELECT id::text FROM opportunities WHERE NOT is_deleted LIMIT 1", "crm")
    address = f"{installation.url}/api/v1/opportunities/{key}/stage"
    closed = representative.patch(address, json={"stage": "closed-won"}, timeout=5).json()
    assert (closed["stage"], closed["probability"]) == ("closed-won", 100)
    assert closed["actual_close_date"] is not None
    assert closed["sales_cycle_days"] >= 0
    opened = representative.patch(address, json={"stage": "proposal"}, timeout=5).json()
    assert (opened["probability"], opened["actual_close_date"], opened["sales_cycle_days"]) == (50, None, None)


def test_a_reader_may_not_write(installation: Installation) -> None:
    """Writing is 403 for an account that may only read."""
    with log_in(installation.url, "viewer01@pantry.example") as viewer:
        stage = viewer.patch(f"{installation.url}/api/v1/opportunities/{uuid4()}/stage", json={"stage": "x"}, timeout=5)
        logged = viewer.post(f"{installation.url}/api/v1/interactions", json={}, timeout=5)
        assert (stage.status_code, logged.status_code) == (403, 403)


BAD_GETS = [
    ("organizations?page=0", 400),
    ("organizations?page=99999999999999999999", 400),
    ("organizations?page=%C2%B2", 400),
    ("organizations?owner=somebody", 400),
    ("organizations?segment=Space", 400),
    ("organizations?priority=E", 400),
    ("organizations/search", 400),
    ("organizations/search?q=a", 400),
    ("organizations/search?q=" + "a" * 101, 400),
    ("organizations/search?q=oak%00", 400),
    ("organizations/no-uuid", 404),
    ("organizations/9a5baf45-9c32-413c-9f5a-2379e07a2766", 404),
    ("nothing", 404),
]


@pytest.mark.parametrize(("path", "status"), BAD_GETS)
def test_bad_questions_are_refused(
    installation: Installation, representative: requests.Session, path: str, status: int
) -> None:
    """What cannot be meant is 400 or 404 with a JSON message, never a 500."""
    answer = representative.get(f"{installation.url}/api/v1/{path}", timeout=5)
    assert answer.status_code == status
    assert answer.json()["error"]


INTERACTION = {"organization_id": str(uuid4()), "interaction_type": "CALL", "outcome": "fine"}
BAD_BODIES: list[tuple[object, int]] = [
    (b"", 400),
    (b"{", 400),
    (b"\xff\xfe", 400),
    (b"[" * 60_000, 400),
    (b"[]", 400),
    (b'"text"', 400),
    (b"x" * 70_000, 413),
    ({}, 400),
    (INTERACTION, 404),
    ({**INTERACTION, "organization_id": "1; DROP TABLE users"}, 400),
    ({**INTERACTION, "interaction_type": "DANCE"}, 400),
    ({**INTERACTION, "interaction_type": ["CALL"]}, 400),
    ({**INTERACTION, "outcome": "nul \x00"}, 400),
    ({**INTERACTION, "outcome": 7}, 400),
    ({**INTERACTION, "duration_minutes": 10**30}, 400),
    ({**INTERACTION, "duration_minutes": True}, 400),
    ({**INTERACTION, "follow_up_date": "tomorrow"}, 400),
    ({**INTERACTION, "sentiment_score": 9}, 400),
]


@pytest.mark.parametrize(("body", "status"), BAD_BODIES)
def test_bad_bodies_are_refused(
    installation: Installation, representative: requests.Session, body: object, status: int
) -> None:
    """A body that is no interaction is 400, one too large 413, one about an unknown organization 404."""
    content = {"data": body} if isinstance(body, bytes) else {"json": body}
    answer = representative.post(f"{installation.url}/api/v1/interactions", timeout=5, **content)
    assert answer.status_code == status, answer.text
    assert answer.json()["error"]


def test_a_wrong_method_is_refused(installation: Installation, representative: requests.Session) -> None:
    """A method an address does not have is 405 with a JSON message."""
    answer = representative.delete(f"{installation.url}/api/v1/dashboard", timeout=5)
    assert answer.status_code == 405
    assert answer.json()["error"]


def test_the_page_is_served(installation: Installation) -> None:
    """The page and the files it names are there, with the types a browser wants."""
    page = requests.get(installation.url, timeout=5)
    assert "Kitchen Pantry" in page.text
    for name, kind in (("app.js", "javascript"), ("style.css", "css")):
        assert f"/static/{name}" in page.text
        assert kind in requests.get(f"{installation.url}/static/{name}", timeout=5).headers["Content-Type"]


def test_the_page_has_a_strict_policy_and_the_agent(installation: Installation) -> None:
    """Nothing inline and nothing from elsewhere is allowed; where the agent was not built, its script is empty."""
    page = requests.get(installation.url, timeout=5)
    policy = page.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; script-src 'self'; ")
    assert "unsafe" not in policy
    assert "http" not in policy
    assert "style=" not in page.text
    assert "<script>" not in page.text
    assert 'src="/agent.js"' in page.text
    agent = requests.get(f"{installation.url}/agent.js", timeout=5)
    assert (agent.status_code, agent.text) == (200, "")
    assert "javascript" in agent.headers["Content-Type"]


def test_beacons_are_passed_on(installation: Installation) -> None:
    """The receiver's own answer comes back, by the page's origin; a body too large is not even passed on."""
    rum = RumSource(RumSettings(listen=urlsplit(installation.variables["DEMO_BEACONS_URL"]).netloc))
    own, url = {"Origin": installation.url}, f"{installation.url}/rum"

    def send(body: bytes, headers: dict[str, str]) -> int:
        return requests.post(url, data=body, headers=headers, timeout=5).status_code

    beacon = b'{"id": "%032x", "navigation": "hard"}'
    assert send(beacon % 1, own) == 502  # nobody listens yet
    rum.start()
    try:
        assert send(beacon % 1, own) == 204
        assert send(beacon % 2, {"Origin": "http://elsewhere.example"}) == 403
        assert send(b"no beacon", own) == 400
        assert send(b"x" * 17_000, own) == 413
    finally:
        rum.close()


def test_health(installation: Installation) -> None:
    """A whole demo is healthy, every check a pass with its duration."""
    answer = requests.get(f"{installation.url}/healthz", timeout=5)
    assert answer.status_code == 200
    assert answer.json()["status"] == "healthy"
    assert {name: check["status"] for name, check in answer.json()["checks"].items()} == {
        "database": "pass",
        "auth_service": "pass",
        "memory": "pass",
    }
    assert all(check["duration_seconds"] >= 0 for check in answer.json()["checks"].values())
