"""Where an endpoint of `application` is read: its path, and the query behind it."""

from __future__ import annotations

import pytest

from exporters.core.errors import ConfigError
from exporters.core.settings import decode
from pantrywatch.config.application import ApplicationEndpoint


def _endpoint(path: str) -> ApplicationEndpoint:
    return decode({"name": "crm", "address": "crm:1", "path": path}, ApplicationEndpoint, "settings.yaml", {})


@pytest.mark.parametrize(
    ("path", "labels"),
    [
        ("/metrics", {"__metrics_path__": "/metrics"}),
        ("/metrics?", {"__metrics_path__": "/metrics"}),
        ("/a?b=&c=%7Bx%3D1%7D", {"__metrics_path__": "/a", "__param_b": "", "__param_c": "{x=1}"}),
        ('/federate?match={a=~"b|c"}', {"__metrics_path__": "/federate", "__param_match": '{a=~"b|c"}'}),
    ],
)
def test_prometheus_requests_the_query_too(path: str, labels: dict[str, str]) -> None:
    """Path and parameters are labels of the target, decoded; validate and up ask for the same."""
    endpoint = _endpoint(path)
    assert endpoint.scraped() == labels
    assert endpoint.url() == f"http://crm:1{path}"


@pytest.mark.parametrize(
    ("path", "fault"),
    [
        ("metrics", "expected a path such as /metrics"),
        ("//crm/metrics", "expected a path such as /metrics"),
        ("/metrics#top", "expected a path such as /metrics"),
        ("/my metrics", "expected a path such as /metrics"),
        ("/federate?match[]=a", "names of letters, digits and underscores, got 'match[]'"),
        ("/metrics?name=a&name=b", "each parameter once, got 'name' 2 times"),
    ],
)
def test_what_prometheus_cannot_request_is_an_error(path: str, fault: str) -> None:
    """The entry is named, and why."""
    with pytest.raises(ConfigError, match="path: ") as caught:
        _endpoint(path)
    assert fault in str(caught.value)
