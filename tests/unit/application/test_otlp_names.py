"""Names that OpenTelemetry's collector and Prometheus' OTLP receiver give, as their translator was recorded to give."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from pantrywatch.config.conventions import conventions

_HERE = Path(__file__).parent
_NAMES = yaml.safe_load((_HERE / "otlp_names.yaml").read_text())
_OF_PROMETHEUS = {"le", "job", "instance"}
_OF_THE_EXPORTER = {"otel_scope_name", "otel_scope_schema_url", "otel_scope_version"}


def test_the_collectors_page_has_translated_names() -> None:
    """The collector's page that others are tested with has only names which the translator gives."""
    page = (_HERE / "pages/otel-collector.txt").read_text()
    _, metric, _ = _NAMES["metrics"]["http.server.request.duration"]
    assert set(re.findall(r"^(\w+)\{", page, re.MULTILINE)) == {
        f"{metric}{suffix}" for suffix in ("_bucket", "_count", "_sum")
    }
    assert set(re.findall(r'[{,](\w+)="', page)) <= {*_NAMES["labels"].values(), *_OF_PROMETHEUS, *_OF_THE_EXPORTER}


@pytest.mark.parametrize(
    ("convention", "metric"),
    [("opentelemetry", "http.server.request.duration"), ("opentelemetry-old", "http.server.duration")],
)
def test_translated_names_are_known(convention: str, metric: str) -> None:
    """A convention of OpenTelemetry knows its metric with and without suffixes, and its labels."""
    (known,) = (one for one in conventions() if one.name == convention)
    (requests,) = known.requests
    assert [requests.unit, *requests.histograms] == _NAMES["metrics"][metric]
    assert {*requests.method, *requests.route, *requests.status} <= set(_NAMES["labels"].values())
