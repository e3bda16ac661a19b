"""Requests count from access logs or from the application's own metrics: one of the two, said, never both."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from exporters.core.errors import ConfigError
from exporters.core.settings import decode
from pantrywatch.application.relabelled import Sample, relabelled
from pantrywatch.config.settings import Settings
from pantrywatch.containers.layout import container_layout
from pantrywatch.generate.prometheus import prometheus_configuration

_REQUESTS = "http_server_request_duration_seconds_count"
_LOG = "access_log: {{state: s, files: [{{name: a, path: a.log, format: {format}}}]{more}}}\n"
_APPLICATION = 'application: {{endpoints: {endpoints}, routes: ["/api/.+"], log_in: ["/api/login"]}}\n'
_ENDPOINT = '[{name: crm, address: "crm:1", convention: opentelemetry}]'


def _settings(layout: str = "nginx", more: str = "", endpoints: str = "[]", first: str = "") -> Settings:
    text = (
        f"environment: test\n{first}" + _LOG.format(format=layout, more=more) + _APPLICATION.format(endpoints=endpoints)
    )
    return decode(yaml.safe_load(text), Settings, "settings.yaml", {})


def _scraped(settings: Settings, job: str, name: str = _REQUESTS, **labels: str) -> list[tuple[str, str, str]]:
    """Return name, group and action of what Prometheus keeps of a sample of this job."""
    jobs: dict[str, Any] = {
        one["job_name"]: one for one in prometheus_configuration(settings, container_layout())["scrape_configs"]
    }
    sample = Sample(name, {"http_route": "/api/login", "http_request_method": "POST", **labels}, 1.0)
    found = relabelled([sample], jobs[job].get("metric_relabel_configs", []))
    return [(one.name, one.labels.get("route_group", ""), one.labels.get("action", "")) for one in found]


_FED = [(_REQUESTS, "critical", "Logins")]
_OTHER_NAME = [("pantrywatch_access_log_request_duration_seconds_count", "", "")]


@pytest.mark.parametrize(
    ("more", "endpoints", "log", "application", "said"),
    [
        ("", "[]", _FED, [], "requests are counted from access_log"),
        ("", _ENDPOINT, _OTHER_NAME, _FED, "requests are counted from the application's own metrics"),
        (", feeds: true", _ENDPOINT, _FED, [], "those in the application's own metrics are left out"),
        (", feeds: false", "[]", _OTHER_NAME, _FED, "access_log feeds no target"),
    ],
)
def test_one_of_the_two_feeds(
    more: str,
    endpoints: str,
    log: list[tuple[str, str, str]],
    application: list[tuple[str, str, str]],
    said: str,
) -> None:
    """Whatever the settings say, no request is under the names that rules read from both; failed log-ins too."""
    settings = _settings(more=more, endpoints=endpoints)
    assert _scraped(settings, "access_log") == log
    assert _scraped(settings, "application") == application
    assert said in settings.source_of_requests()


def test_the_data_source_is_either_section() -> None:
    """Targets of the application are fed by logs alone, and named as missing where neither section feeds them."""
    assert set(_settings().feeding()) == {"application"}
    assert set(_settings(more=", feeds: false").feeding()) == set()
    assert _settings(first="data_sources: [application]\n").feeding() == ("application",)
    with pytest.raises(ConfigError, match="expected a section access_log or application"):
        _settings(more=", feeds: false", first="data_sources: [application]\n")


def test_requests_without_a_time_count_for_errors_alone() -> None:
    """Where no log has times they are the number of requests; next to one that has, they would all count as late."""
    untimed = "pantrywatch_access_log_untimed_requests_total"
    assert _scraped(_settings("combined"), "access_log", untimed) == _FED
    assert "api-latency is not measured" in _settings("combined").source_of_requests()
    both = _settings("nginx}, {name: b, path: b.log, format: combined")
    assert _scraped(both, "access_log", untimed) == [(untimed, "", "")]
    assert "no time is known of b: they count for no target" in both.source_of_requests()
