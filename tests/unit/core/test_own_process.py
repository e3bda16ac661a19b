"""What an exporter says about its own process."""

from __future__ import annotations

import pytest
from prometheus_client import CollectorRegistry, ProcessCollector

from exporters.core.own_process import process_families


def test_the_process_has_the_names_and_numbers_that_prometheus_client_gives_it() -> None:
    """Boards and rules for any Python service fit: the same families, types, help and, within a moment, values."""
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    theirs = {
        sample.name: (metric.type, metric.documentation, sample.value)
        for metric in registry.collect()
        for sample in metric.samples
    }
    own = {family.name: family for family in process_families()}
    assert own.keys() == theirs.keys()
    for name, (kind, text, value) in theirs.items():
        assert (own[name].kind, own[name].help) == (kind, text)
        assert own[name].samples[0][1] == pytest.approx(value, rel=0.05, abs=1)
