"""What a library exports becomes OpenTelemetry's names, and what a route means becomes labels, when it is scraped."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import pytest
import yaml

from exporters.core.settings import decode
from pantrywatch.application.relabelled import Sample, relabelled
from pantrywatch.config.application import Application
from pantrywatch.config.conventions import conventions, named
from pantrywatch.generate.relabelling import mappings, relabellings

Labels = dict[str, str]


def _application(text: str) -> Application:
    return decode(yaml.safe_load(text), Application, "settings.yaml", {})


def _scraped(application: Application, *samples: tuple[str, Labels]) -> list[tuple[str, Labels]]:
    found = relabelled((Sample(name, labels, 1.0) for name, labels in samples), relabellings(application))
    return [(one.name, dict(one.labels)) for one in found]


def _request(route: str, method: str = "GET") -> tuple[str, Labels]:
    labels = {"http_request_method": method, "http_route": route, "http_response_status_code": "200"}
    return "http_server_request_duration_seconds_count", labels


def _meaning(application: Application, route: str, method: str = "GET") -> tuple[str, str]:
    (_, labels), *_ = _scraped(application, _request(route, method))
    return labels.get("route_group", ""), labels.get("action", "")


_CRM = """
endpoints: [{name: a, address: "b:1", convention: opentelemetry}]
routes: ["/rest/v1/.+", "/graphql"]
critical: ["/rest/v1/(contacts|deals).*"]
log_in: ["/auth/v1/token"]
search: ["/rest/v1/rpc/find"]
actions:
  - {name: "Deals won, $$", methods: [POST, PATCH], routes: ["/rest/v1/deals/.+"]}
  - {name: Notes, methods: [POST], routes: ["/rest/v1/notes", "/rest/v2/notes"]}
"""


@pytest.mark.parametrize(
    ("method", "route", "group", "action"),
    [
        ("GET", "/rest/v1/contacts/:id", "critical", ""),
        ("PATCH", "/rest/v1/deals/:id", "critical", "Deals won, $$"),
        ("GET", "/rest/v1/deals/:id", "critical", ""),
        ("GET", "/rest/v1/notes", "api", ""),
        ("POST", "/rest/v2/notes", "page", "Notes"),
        ("POST", "/graphql", "api", ""),
        ("POST", "/auth/v1/token", "page", "Logins"),
        ("GET", "/rest/v1/rpc/find", "api", "Searches"),
        ("GET", "/rest/v1/health", "", ""),
        ("GET", "/metrics", "", ""),
        ("GET", "/static/app.js", "page", ""),
        ("GET", "/rest/v1", "page", ""),
        ("GET", "/x/rest/v1/notes", "page", ""),
        ("GET", "", "", ""),
    ],
)
def test_a_route_means_what_the_settings_say(method: str, route: str, group: str, action: str) -> None:
    """Each route is in one group, the narrowest; its action depends on the method; nobody waits for a health check."""
    assert _meaning(_application(_CRM), route, method) == (group, action)


def test_without_settings_common_routes_have_a_meaning() -> None:
    """An application without `routes`: everything below /api/ is critical, a log-in and a search are known."""
    plain = Application()
    assert _meaning(plain, "/api/v2/contacts/{id}") == ("critical", "")
    assert _meaning(plain, "api/Contacts/{id}") == ("critical", "")
    assert _meaning(plain, "/api/auth/login", "POST") == ("critical", "Logins")
    assert _meaning(plain, "/api/contacts/search") == ("critical", "Searches")
    assert _meaning(plain, "/api/health") == ("", "")
    assert _meaning(plain, "/login") == ("page", "")


def test_labels_that_the_application_brings_are_not_taken_for_ours() -> None:
    """`route_group` and `action` of the page itself mean nothing; its action is kept under Prometheus' usual name."""
    name, labels = _request("/static/x")
    ((_, found),) = _scraped(Application(), (name, {**labels, "route_group": "critical", "action": "Logins"}))
    assert (found["route_group"], found.get("action"), found["exported_action"]) == ("page", None, "Logins")


def test_series_of_other_metrics_stay_as_they_are() -> None:
    """What is no request, statement or pool keeps its name and labels."""
    others = [
        ("nodejs_heap_size_used_bytes", {"space": "old", "path": "/api/x", "method": "get", "action": "x"}),
        ("up", {}),
        ("http_requests_total", {"route": "/api/x", "status": "200"}),
        ("http_server_active_requests", {"http_route": "/api/x"}),
    ]
    assert _scraped(Application(), *others) == others


def _mapped(convention: str | None, *samples: tuple[str, Labels]) -> list[tuple[str, Labels]]:
    names = {convention} if convention else set[str]()
    rules = list(mappings(named(names)))
    return [(one.name, dict(one.labels)) for one in relabelled((Sample(*one, 1.0) for one in samples), rules)]


_EXPECTED = {"http_request_method": "POST", "http_route": "/api/a", "http_response_status_code": "201"}
# Convention → a request as the library writes it.
_WRITTEN: dict[str, tuple[str, Labels]] = {
    "opentelemetry": ("http_server_request_duration", _EXPECTED),
    "opentelemetry-old": (
        "http_server_duration_milliseconds",
        {"http_method": "POST", "http_target": "/api/a", "http_status_code": "201", "http_host": "h"},
    ),
    "prom-client": ("http_request_duration_seconds", {"method": "POST", "route": "/api/a", "status_code": "201"}),
    "express-prom-bundle": (
        "http_request_duration_seconds",
        {"method": "POST", "path": "/api/a", "status_code": "201"},
    ),
    "starlette-exporter": (
        "starlette_request_duration_seconds",
        {"app_name": "x", "method": "POST", "path": "/api/a", "status_code": "201"},
    ),
    "flask-exporter": (
        "flask_http_request_duration_seconds",
        {"method": "POST", "url_rule": "/api/a", "status": "201"},
    ),
    "micrometer": (
        "http_server_requests_seconds",
        {"exception": "None", "method": "POST", "outcome": "SUCCESS", "status": "201", "uri": "/api/a"},
    ),
    "go-promhttp": ("http_request_duration_seconds", {"code": "201", "handler": "/api/a", "method": "post"}),
    "prometheus-net": (
        "http_request_duration_seconds",
        {"code": "201", "method": "POST", "controller": "A", "action": "B", "endpoint": "/api/a"},
    ),
    "nginx": (
        "nginx_ingress_controller_request_duration_seconds",
        {"method": "POST", "path": "/api/a", "status": "201"},
    ),
    "traefik": (
        "traefik_service_request_duration_seconds",
        {"code": "201", "method": "POST", "protocol": "http", "service": "/api/a"},
    ),
    "caddy": (
        "caddy_http_request_duration_seconds",
        {"code": "201", "handler": "/api/a", "method": "POST", "server": "s"},
    ),
}


@pytest.mark.parametrize("is_named", [True, False], ids=["named", "found"])
@pytest.mark.parametrize("convention", _WRITTEN)
def test_a_request_has_opentelemetrys_name_and_labels(convention: str, is_named: bool) -> None:  # noqa: FBT001
    """Count, sum and buckets of each library's histogram are renamed, whether the settings name it or not."""
    metric, labels = _WRITTEN[convention]
    written = [(f"{metric}_count", labels), (f"{metric}_bucket", {**labels, "le": "+Inf"})]
    count, bucket = _mapped(convention if is_named else None, *written)
    assert count[0] == "http_server_request_duration_seconds_count"
    assert bucket[0] == "http_server_request_duration_seconds_bucket"
    assert count[1] | _EXPECTED == count[1]
    assert bucket[1]["le"] == "+Inf"


@pytest.mark.parametrize("is_named", [True, False], ids=["named", "found"])
def test_a_status_in_another_metric_counts_the_requests(is_named: bool) -> None:  # noqa: FBT001 - both ways
    """Histogram without status, counter with one: the counter is the number of requests, the histogram's own is not."""
    found = _mapped(
        "fastapi-instrumentator" if is_named else None,
        ("http_request_duration_seconds_count", {"handler": "/api/a", "method": "GET"}),
        ("http_request_duration_seconds_bucket", {"handler": "/api/a", "method": "GET", "le": "0.5"}),
        ("http_requests_total", {"handler": "/api/a", "method": "GET", "status": "5xx"}),
        ("http_request_duration_highr_seconds_count", {}),
    )
    assert [name for name, _ in found] == [
        "http_server_request_duration_seconds_bucket",
        "http_server_request_duration_seconds_count",
        "http_request_duration_highr_seconds_count",
    ]
    assert found[1][1]["http_response_status_code"] == "5xx"


def test_a_counter_next_to_a_histogram_with_status_is_not_counted() -> None:
    """Two metrics of the same requests, each with a status, are not added up."""
    labels = {"method": "GET", "route": "/api/a", "status_code": "200"}
    found = _mapped(None, ("http_request_duration_seconds_count", labels), ("http_requests_total", labels))
    assert [name for name, _ in found] == ["http_server_request_duration_seconds_count", "http_requests_total"]


def _seconds(edge: str) -> str:
    ((_, labels),) = _mapped("opentelemetry-old", ("http_server_duration_milliseconds_bucket", {"le": edge}))
    return labels["le"]


def test_edges_in_milliseconds_become_seconds() -> None:
    """Every edge from a hundredth of a millisecond to minutes, as both Prometheus versions write it."""
    for milliseconds in [*range(1, 2000), 2500, 5000, 7500, 10000, 12345, 60000, 120000]:
        for text in (str(milliseconds), f"{milliseconds}.0"):
            assert float(_seconds(text)) == pytest.approx(milliseconds / 1000), text
            assert not re.search(r"\.[0-9]*0$", _seconds(text)), text
    for part in ("0.25", "2.5", "12.5", "999.75", "1500.5"):
        assert float(_seconds(part)) == pytest.approx(float(part) / 1000), part
    assert _seconds("+Inf") == "+Inf"


def test_a_sum_in_milliseconds_is_left_to_a_rule() -> None:
    """A value cannot be converted when it is scraped: the sum has a name that says its unit."""
    ((name, _),) = _mapped(None, ("http_server_duration_milliseconds_sum", {"http_method": "GET"}))
    assert name == "http_server_request_duration_milliseconds_sum"


def test_statements_and_pools_are_mapped() -> None:
    """Histograms of statements and gauges of connections get OpenTelemetry's names too."""
    found = _mapped(
        None,
        ("database_query_duration_seconds_count", {"query_type": "SELECT", "table": "t"}),
        ("django_db_query_duration_seconds_bucket", {"alias": "default", "vendor": "postgresql", "le": "0.1"}),
        ("database_active_connections", {}),
        ("hikaricp_connections_idle", {"pool": "p"}),
    )
    names = {name for name, _ in found}
    assert names == {
        "db_client_operation_duration_seconds_count",
        "db_client_operation_duration_seconds_bucket",
        "db_client_connection_count",
    }
    assert [labels.get("db_system_name") for _, labels in found[:2]] == ["postgresql", "postgresql"]
    assert [labels["db_client_connection_state"] for _, labels in found[2:]] == ["used", "idle"]


def test_ids_are_folded_and_no_two_series_become_one() -> None:
    """Numbers, UUIDs and hexadecimal keys become {id}, three deep; the raw path tells the series apart."""
    raw = ["/api/a/17/b/4", "/api/a/18/b/4", "/api/a/3fa85f64-5717-4562-b3fc-2c963f66afa6", "/api/v2/a", "/api/a/1/2/3"]
    found = _scraped(_application("fold_ids: true"), *map(_request, raw))
    routes = [labels["http_route"] for _, labels in found]
    assert routes == ["/api/a/{id}/b/{id}", "/api/a/{id}/b/{id}", "/api/a/{id}", "/api/v2/a", "/api/a/{id}/{id}/{id}"]
    assert len({str(sorted(labels.items())) for _, labels in found}) == len(raw)


def _rules_of(found: Iterable[dict[str, Any]]) -> list[str]:
    return [str(rule) for rule in found]


def test_nothing_is_mapped_where_there_is_nothing_to_map() -> None:
    """Of an application with OpenTelemetry's names only routes get a meaning, and pools with older names new ones."""
    (one,) = [one for one in conventions() if one.name == "opentelemetry"]
    full = _rules_of(mappings([one]))
    others = [
        rule for rule in full if "http_server_request_duration)" not in rule and "http_request_method" not in rule
    ]
    assert all("db_client_connections_" in rule for rule in others)
    assert len(full) <= 7


_STATE, _POOL = "db_client_connection_state", "db_client_connection_pool_name"
_IN_USE, _MOST, _WAITING = (f"db_client_connection_{name}" for name in ("count", "max", "pending_requests"))
# Library → its gauges: convention, name, labels → name and labels that rules and boards read.
_POOLS: dict[str, tuple[str, list[tuple[str, Labels, str, Labels]]]] = {
    "SQLAlchemy, Npgsql, HikariCP by OpenTelemetry": (
        "opentelemetry",
        [
            ("db_client_connections_usage", {"state": "idle", "pool_name": "p"}, _IN_USE, {_STATE: "idle", _POOL: "p"}),
            ("db_client_connections_max", {"pool_name": "p"}, _MOST, {_POOL: "p"}),
            ("db_client_connections_pending_requests", {"pool_name": "p"}, _WAITING, {_POOL: "p"}),
        ],
    ),
    "pg by OpenTelemetry": (
        "opentelemetry",
        [("db_client_connection_count", {_STATE: "used", _POOL: "p"}, _IN_USE, {_STATE: "used", _POOL: "p"})],
    ),
    "HikariCP": (
        "micrometer",
        [
            ("hikaricp_connections_active", {"pool": "p"}, _IN_USE, {_STATE: "used", _POOL: "p"}),
            ("hikaricp_connections_idle", {"pool": "p"}, _IN_USE, {_STATE: "idle", _POOL: "p"}),
            ("hikaricp_connections_max", {"pool": "p"}, _MOST, {_POOL: "p"}),
            ("hikaricp_connections_pending", {"pool": "p"}, _WAITING, {_POOL: "p"}),
        ],
    ),
    "R2DBC": (
        "micrometer",
        [
            ("r2dbc_pool_acquired_connections", {"name": "p"}, _IN_USE, {_STATE: "used", _POOL: "p"}),
            ("r2dbc_pool_idle_connections", {"name": "p"}, _IN_USE, {_STATE: "idle", _POOL: "p"}),
            ("r2dbc_pool_max_allocated_connections", {"name": "p"}, _MOST, {_POOL: "p"}),
            ("r2dbc_pool_pending_connections", {"name": "p"}, _WAITING, {_POOL: "p"}),
        ],
    ),
    "Agroal": (
        "micrometer",
        [
            ("agroal_active_count", {"datasource": "p"}, _IN_USE, {_STATE: "used", _POOL: "p"}),
            ("agroal_available_count", {"datasource": "p"}, _IN_USE, {_STATE: "idle", _POOL: "p"}),
            ("agroal_awaiting_count", {"datasource": "p"}, _WAITING, {_POOL: "p"}),
        ],
    ),
    "Prisma": (
        "express-prom-bundle",
        [
            ("prisma_pool_connections_busy", {}, _IN_USE, {_STATE: "used"}),
            ("prisma_pool_connections_idle", {}, _IN_USE, {_STATE: "idle"}),
            ("prisma_client_queries_wait", {}, _WAITING, {}),
        ],
    ),
    "database/sql": (
        "go-promhttp",
        [
            ("go_sql_in_use_connections", {"db_name": "p"}, _IN_USE, {_STATE: "used", _POOL: "p"}),
            ("go_sql_idle_connections", {"db_name": "p"}, _IN_USE, {_STATE: "idle", _POOL: "p"}),
            ("go_sql_max_open_connections", {"db_name": "p"}, _MOST, {_POOL: "p"}),
        ],
    ),
}


@pytest.mark.parametrize("library", _POOLS)
@pytest.mark.parametrize("is_named", [True, False])
def test_the_gauges_of_a_pool_get_the_names_that_the_alert_reads(library: str, *, is_named: bool) -> None:
    """By the convention of its endpoint, and where no convention is named: states, name, limit, who waits."""
    convention, gauges = _POOLS[library]
    found = _mapped(convention if is_named else None, *((name, labels) for name, labels, _, _ in gauges))
    assert found == [(name, before | labels) for _, before, name, labels in gauges]
