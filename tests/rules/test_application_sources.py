"""The same requests from access logs, the application's own metrics, and both: every part counts them once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from exporters.core.settings import decode
from pantrywatch.application.relabelled import Sample, relabelled
from pantrywatch.config.settings import Settings
from pantrywatch.generate.relabelling import of_job
from tests.rules.promtool import Promtool, at, promtool_says

_API = Path(__file__).parents[2] / "alert_rules/generated/api.yml"
_LOGS = "access_log: {{state: s, files: [{{name: web, path: a.log, format: nginx}}]{feeds}}}\n"
_MEANING = 'routes: ["/api/.+"], critical: ["/api/contacts"], log_in: ["/api/login"]'
_ENDPOINTS = 'endpoints: [{{name: crm, address: "crm:1", convention: {convention}}}]'
_FROM_LOGS, _FROM_APPLICATION = "access_log", "application"
# Case → settings' convention of the application ("" for none) and whether logs feed (None: no logs), and what counts.
_CASES: dict[str, tuple[str, str | None, str]] = {
    "logs only": ("", "", _FROM_LOGS),
    "OpenTelemetry": ("opentelemetry", None, _FROM_APPLICATION),
    "prom-client": ("prom-client", None, _FROM_APPLICATION),
    "both": ("prom-client", "", _FROM_APPLICATION),
    "both, counted from logs": ("opentelemetry", ", feeds: true", _FROM_LOGS),
}
# Method, route, status; a minute: how many, and how many of them within half a second.
_REQUESTS = (
    ("GET", "/api/contacts", "200", 90, 85),
    ("GET", "/api/contacts", "500", 10, 10),
    ("POST", "/api/login", "401", 20, 20),
)
_STATEMENTS = (100, 90)  # a minute, and how many of them within a tenth of a second
_REQUEST_LABELS = {
    "opentelemetry": ("http_request_method", "http_route", "http_response_status_code"),
    "prom-client": ("method", "route", "status_code"),
}
_NAMES = {
    "opentelemetry": ("http_server_request_duration_seconds", "db_client_operation_duration_seconds"),
    "prom-client": ("http_request_duration_seconds", "database_query_duration_seconds"),
}


def _settings(convention: str, feeds: str | None) -> Settings:
    endpoints = _ENDPOINTS.format(convention=convention) if convention else "endpoints: []"
    text = f"environment: test\napplication: {{{endpoints}, {_MEANING}}}\n"
    text += "" if feeds is None else _LOGS.format(feeds=feeds)
    return decode(yaml.safe_load(text), Settings, "settings.yaml", {})


def _histogram(name: str, labels: dict[str, str], edge: str, total: int, within: int) -> Iterator[Sample]:
    yield Sample(f"{name}_count", labels, total)
    yield Sample(f"{name}_bucket", {**labels, "le": "+Inf"}, total)
    yield Sample(f"{name}_bucket", {**labels, "le": edge}, within)


def _requests(convention: str) -> Iterator[Sample]:
    for *request, total, within in _REQUESTS:
        labels = dict(zip(_REQUEST_LABELS[convention], map(str, request), strict=True))
        yield from _histogram(_NAMES[convention][0], labels, "0.5", total, within)


def _page(convention: str) -> Iterator[Sample]:
    """Yield what the application exports: its requests and its statements, by the names of its library."""
    yield from _requests(convention)
    labels = {"db_system_name": "postgresql"} if convention == "opentelemetry" else {"query_type": "SELECT"}
    yield from _histogram(_NAMES[convention][1], labels, "0.1", *_STATEMENTS)


def _series(case: str) -> list[tuple[str, str]]:
    """Return what Prometheus stores of all pages, an hour of it; a sample's value is its growth in a minute."""
    convention, feeds, _ = _CASES[case]
    settings = _settings(convention, feeds)
    pages = {"application": list(_page(convention)) if convention else []}
    pages |= {"access_log": [] if feeds is None else list(_requests("opentelemetry"))}
    found = []
    for job, samples in pages.items():
        for sample in relabelled(samples, of_job(job, settings)):
            labels = {"job": job, "instance": "crm" if job == "application" else "web", **sample.labels}
            text = ",".join(f'{name}="{value}"' for name, value in labels.items())
            found.append((f"{sample.name}{{{text}}}", f"0+{sample.value:g}x60"))
    return found


def _events(target: str, total: int, bad: int) -> list[dict[str, Any]]:
    """Events of five minutes."""
    return [
        at("40m", f'sum(round(slo:events_{name}:increase5m{{target="{target}"}}))', {"{}": value} if total else {})
        for name, value in (("total", total), ("bad", bad))
    ]


@pytest.mark.parametrize("case", _CASES)
def test_targets_count_each_request_and_statement_once(promtool: Promtool, case: str) -> None:
    """Latency, errors, statements and servers needed are the same in each case; logs alone know of no statement."""
    of_statements = 500 if _CASES[case][0] else 0
    expected = [
        *_events("api-error-rate", 600, 50),
        *_events("api-latency", 500, 25),  # of the critical route
        *_events("db-query-latency", of_statements, of_statements // 10),
        at("40m", "sum(crm:api_servers_needed)", {"{}": 2}),  # 120 a minute
    ]
    series = [*_series(case), ("pantrywatch_capacity_requests_per_minute", "60x60")]
    about = "api-error-rate api-latency api-throughput db-query-latency"
    promtool(series, "1m", expected, about=about, records="slo:events_.+5m|slo:series:count|crm:api_servers_needed")


@pytest.mark.long
@pytest.mark.parametrize("case", _CASES)
def test_alerts_read_the_requests_that_count(tmp_path: Path, case: str) -> None:
    """Sudden errors and failed log-ins fire once, of the job whose requests count."""
    job = _CASES[case][2]
    firing = 'count by (alertname, job) (ALERTS{alertstate="firing", alertname=~"CrmApi(ErrorsSudden|FailedLogins)"})'
    fires = [f'{{alertname="{name}", job="{job}"}}' for name in ("CrmApiErrorsSudden", "CrmApiFailedLogins")]
    test = {
        "interval": "1m",
        "input_series": [{"series": name, "values": values} for name, values in _series(case)],
        "promql_expr_test": [at("50m", firing, dict.fromkeys(fires, 1))],
    }
    document = {"rule_files": [str(_API)], "evaluation_interval": "1m", "tests": [test]}
    (tmp_path / "test.yml").write_text(yaml.safe_dump(document))
    said = promtool_says(tmp_path, "test.yml", 250)
    assert not said, said[:8000]
