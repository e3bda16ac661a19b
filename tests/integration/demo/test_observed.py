"""What the demo API tells about itself: metrics and access log."""

from __future__ import annotations

import json
import subprocess
from uuid import uuid4

import pytest
import requests
from prometheus_client.parser import text_string_to_metric_families

from tests.integration.demo.installation import Installation
from tests.support import servers

HTTP_EDGES = [
    "0.005",
    "0.01",
    "0.025",
    "0.05",
    "0.075",
    "0.1",
    "0.25",
    "0.5",
    "0.75",
    "1.0",
    "2.5",
    "5.0",
    "7.5",
    "10.0",
    "+Inf",
]
API = "/api/v1"


class Page:
    """The metrics of one scrape."""

    def __init__(self, url: str) -> None:
        self.text = requests.get(f"{url}/metrics", timeout=5).text
        self.families = {family.name: family for family in text_string_to_metric_families(self.text)}

    def value(self, name: str, **labels: str) -> float:
        """The sum of the samples whose labels include these; KeyError where there is none."""
        found = [
            sample.value
            for family in self.families.values()
            for sample in family.samples
            if sample.name == name and labels.items() <= sample.labels.items()
        ]
        if not found:
            raise KeyError(name)
        return sum(found)

    def label_names(self, family: str) -> set[str]:
        return {name for sample in self.families[family].samples for name in sample.labels} - {"le"}

    def edges(self, family: str) -> list[str]:
        seen = [sample.labels["le"] for sample in self.families[family].samples if "le" in sample.labels]
        return list(dict.fromkeys(seen))


def test_names_labels_and_edges(installation: Installation) -> None:
    """Durations have OpenTelemetry's names, labels and bucket edges."""
    page = Page(installation.url)
    requests_ = "http_server_request_duration_seconds"
    assert page.label_names(requests_) == {"http_request_method", "http_route", "http_response_status_code"}
    assert page.edges(requests_) == HTTP_EDGES
    calls = {"service_peer_name", "http_request_method", "http_response_status_code", "error_type"}
    assert page.label_names("http_client_request_duration_seconds") == calls
    assert page.edges("http_client_request_duration_seconds") == HTTP_EDGES
    statements = {"db_system_name", "db_operation_name", "db_collection_name"}
    assert page.label_names("db_client_operation_duration_seconds") == statements
    assert "0.1" in page.edges("db_client_operation_duration_seconds")


def test_promtool_accepts_the_page(installation: Installation) -> None:
    """`promtool check metrics` has one remark: a name OpenTelemetry gives a gauge ends in `_count`."""
    checked = subprocess.run(
        ["promtool", "check", "metrics"],
        input=Page(installation.url).text,
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )
    assert checked.stdout.splitlines() + checked.stderr.splitlines() == [
        'db_client_connection_count non-histogram and non-summary metrics should not have "_count" suffix'
    ]


@pytest.mark.parametrize(
    ("method", "route", "success"),
    [
        ("POST", "/auth/login", "200"),
        ("GET", "/organizations", "200"),
        ("GET", "/organizations/search", "200"),
        ("GET", "/organizations/{id}", "200"),
        ("POST", "/interactions", "201"),
        ("PATCH", "/opportunities/{id}/stage", "200"),
        ("GET", "/dashboard", "200"),
    ],
)
def test_series_exist_before_the_first_request(
    installation: Installation, method: str, route: str, success: str
) -> None:
    """Success and failure of every API route are there from the start, so that a first error is an increase."""
    page = Page(installation.url)
    for status in (success, "500", "503"):
        name = "http_server_request_duration_seconds_count"
        labels = {"http_request_method": method, "http_route": API + route, "http_response_status_code": status}
        assert page.value(name, **labels) >= 0


def test_a_request_is_counted_under_its_template(installation: Installation, representative: requests.Session) -> None:
    """A request counts under the route's template; an unknown address and an unknown method under bounded names."""
    name = "http_server_request_duration_seconds_count"
    template = {"http_route": f"{API}/organizations/{{id}}", "http_response_status_code": "404"}
    representative.get(f"{installation.url}{API}/organizations/{uuid4()}", timeout=5)
    before = Page(installation.url)
    for _ in range(3):
        representative.get(f"{installation.url}{API}/organizations/{uuid4()}", timeout=5)
        representative.request("BREW", f"{installation.url}/{uuid4()}", timeout=5)
    after = Page(installation.url)
    assert after.value(name, **template) - before.value(name, **template) == 3
    other = {"http_request_method": "_OTHER", "http_route": "other", "http_response_status_code": "404"}
    assert after.value(name, **other) >= 3
    routes = {sample.labels["http_route"] for sample in after.families[name.removesuffix("_count")].samples}
    assert not any(character.isdigit() for route in routes for character in route.replace("/v1", ""))


def test_statements_cache_and_pool_are_counted(installation: Installation, representative: requests.Session) -> None:
    """Two looks at the dashboard are statements once, one miss and one hit; the pool's connections are counted."""
    before = Page(installation.url)
    for _ in range(2):
        representative.get(f"{installation.url}{API}/dashboard", timeout=5)
    after = Page(installation.url)
    statements = {"db_operation_name": "SELECT", "db_collection_name": "interactions"}
    for name, labels, increase in (
        ("db_client_operation_duration_seconds_count", statements, 2),
        ("crm_app_cache_requests_total", {"prefix": "GET:", "result": "miss"}, 1),
        ("crm_app_cache_requests_total", {"prefix": "GET:", "result": "hit"}, 1),
    ):
        assert after.value(name, **labels) - before.value(name, **labels) == increase, name
    assert after.value("db_client_connection_count") >= 1
    assert after.value("process_resident_memory_bytes") > 0
    # The scrape itself is being answered.
    assert after.value("http_server_active_requests") == 1


def test_calls_to_third_parties_are_counted(installation: Installation, representative: requests.Session) -> None:
    """A mail sent counts under the service's name with its status and no error."""
    name = "http_client_request_duration_seconds_count"
    mail = {"service_peer_name": "email", "http_response_status_code": "202", "error_type": ""}
    before = Page(installation.url).value(name, **mail)
    key = installation.postgres.value("SELECT id::text FROM organizations WHERE NOT is_deleted LIMIT 1", "crm")
    body = {"organization_id": key, "interaction_type": "CALL", "outcome": "fine"}
    representative.post(f"{installation.url}{API}/interactions", json=body, timeout=5)
    assert Page(installation.url).value(name, **mail) - before == 1


def test_the_access_log(installation: Installation, representative: requests.Session) -> None:
    """Every request is one JSON object a line; neither query nor token is in it."""
    mark = uuid4().hex
    address = f"{installation.url}{API}/organizations"
    representative.get(address, params={"priority": "A", mark: "secret"}, headers={"User-Agent": mark}, timeout=5)

    def entries() -> list[dict[str, object]]:
        lines = installation.access_log.read_text().splitlines()
        return [entry for entry in map(json.loads, lines) if entry["user_agent"] == mark]

    servers.wait_until(lambda: len(entries()) == 1, 5, "the request is logged")
    entry = entries()[0]
    expected = {
        "method": "GET",
        "route": f"{API}/organizations",
        "path": f"{API}/organizations",
        "status": 200,
        "user_agent": mark,
        "remote_addr": "127.0.0.1",
        "cache": "MISS",
    }
    assert {name: entry[name] for name in expected} == expected
    assert set(entry) == {*expected, "time", "duration_seconds", "bytes"}
    assert "secret" not in installation.access_log.read_text()
    assert "Bearer" not in installation.access_log.read_text()
