"""Settings change what is scraped and how, and nothing else: rules and boards are the same."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from exporters.core.settings import decode
from pantrywatch.config.application import Application
from pantrywatch.config.settings import Settings, read_settings
from pantrywatch.config.targets import read_targets
from pantrywatch.containers.layout import container_layout
from pantrywatch.generate.render import render
from pantrywatch.generate.rules import rule_files

ROOT = Path(__file__).parents[3]
_OTHER = """
endpoints:
  - {name: shop-1, address: "10.0.0.1:3000", convention: express-prom-bundle}
  - {name: shop-2, address: "10.0.0.2:3000", path: /internal/metrics, convention: micrometer}
routes: ["/rest/.+", "/graphql"]
critical: ["/rest/(cart|checkout).*"]
log_in: ["/rest/session"]
search: []
actions: [{name: "Orders placed", methods: [POST], routes: ["/rest/orders"]}]
fold_ids: true
"""


@pytest.fixture(scope="module")
def demo() -> Settings:
    """The settings of the demo."""
    return read_settings(ROOT / "settings.yaml")


@pytest.fixture(scope="module")
def other(demo: Settings) -> Settings:
    """The same installation with another application."""
    application = decode(yaml.safe_load(_OTHER), Application, "settings.yaml", {})
    return replace(demo, application=application)


def test_rules_are_the_same_for_every_application(demo: Settings, other: Settings) -> None:
    """Two applications with nothing in common have the same rules, to the byte; boards and mixin read no settings."""
    targets = read_targets(ROOT / "targets.yaml")
    assert rule_files(ROOT, targets, demo) == rule_files(ROOT, targets, other)


def test_only_the_scrape_of_the_application_differs(demo: Settings, other: Settings) -> None:
    """Of the whole configuration only the application's scrape job and its addresses differ."""
    one, two = (render(settings, container_layout()) for settings in (demo, other))
    differing = {name for name in one | two if one.get(name) != two.get(name)}
    assert differing == {"prometheus/prometheus.yml", "prometheus/targets/application.json"}
    jobs = [yaml.safe_load(files["prometheus/prometheus.yml"])["scrape_configs"] for files in (one, two)]
    changed = [first["job_name"] for first, second in zip(*jobs, strict=True) if first != second]
    assert changed == ["application"]


def test_no_route_of_the_demo_is_anywhere_but_in_its_settings(demo: Settings) -> None:
    """No rule, board, target, template or program of the product has a path of the demo."""
    assert demo.application is not None
    paths = re.compile(r"/api/v1/(auth|organizations|interactions|opportunities|dashboard)|/api/v1/\.\+")
    folders = (
        "alert_rules",
        "dashboards",
        "pantrywatch",
        "exporters",
        "provisioning",
        "docs/targets.md",
        "targets.yaml",
    )
    files = [
        file for name in folders for file in ((ROOT / name).rglob("*") if (ROOT / name).is_dir() else [ROOT / name])
    ]
    found = [
        str(file.relative_to(ROOT))
        for file in files
        if file.is_file() and file.suffix != ".pyc" and paths.search(file.read_text(encoding="utf-8", errors="replace"))
    ]
    assert found == ["provisioning/prometheus/prometheus.yml"]  # generated from the demo's settings
