"""`build budgets`: what Lighthouse CI, size-limit and k6 get to read."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from pantrywatch.cli import main

ROOT = Path(__file__).parents[2]
CHECKS: list[dict[str, Any]] = [
    {"name": "home", "url": "https://crm.example/?a=1", "budgets": {"script": 200000, "font": 90000}},
    {"name": "home-3g", "url": "https://crm.example/?a=1", "network": "3g", "budgets": {"script": 150000}},
    {"name": "other", "url": "https://crm.example/other", "budgets": {"script": 300000}},
    {"name": "walk", "url": "https://crm.example/walk", "steps": [{"name": "a", "action": "wait", "expect_text": "x"}]},
]


def written(tmp_path: Path, checks: list[dict[str, Any]]) -> dict[str, Any]:
    """Run the command; return the documents by file name."""
    file = tmp_path / "settings.yaml"
    for check in checks:
        check.update(timeout_seconds=20, interval_seconds=600)
    file.write_text(json.dumps({"environment": "test", "browser": {"checks": checks}}))
    assert main(["build", "budgets", "--settings", str(file), "--into", str(tmp_path / "out")]) == 0
    return {one.name: json.loads(one.read_text()) for one in (tmp_path / "out").iterdir()}


def test_budgets_of_times_and_bytes_are_written_for_three_tools(tmp_path: Path) -> None:
    """Times are those of targets.yaml, in each tool's unit; bytes those of the pages; a journey has no page to load."""
    files = written(tmp_path, CHECKS)
    assert files.keys() == {"lighthouserc.json", ".size-limit.json", "k6-thresholds.json"}
    promised = {one["id"]: one for one in yaml.safe_load((ROOT / "targets.yaml").read_text())["targets"]}
    ci = files["lighthouserc.json"]["ci"]
    assert ci["collect"]["url"] == ["https://crm.example/?a=1", "https://crm.example/other"]
    home, other = ci["assert"]["assertMatrix"]
    limits = {name: rule[1]["maxNumericValue"] for name, rule in home["assertions"].items()}
    assert limits["largest-contentful-paint"] == promised["lcp"]["threshold"] * 1000
    assert limits["cumulative-layout-shift"] == promised["cls"]["threshold"]
    assert limits["resource-summary:script:size"] == 150000, "the smallest of the checks of one page"
    assert limits["resource-summary:font:size"] == 90000
    assert re.search(home["matchingUrlPattern"], "https://crm.example/?a=1")
    assert not re.search(home["matchingUrlPattern"], "https://crm.example/other")
    assert "resource-summary:font:size" not in other["assertions"]
    assert files[".size-limit.json"] == [
        {"name": "font", "path": "dist/**/*.{woff,woff2}", "limit": "90000 B"},
        {"name": "script", "path": "dist/**/*.{js,mjs}", "limit": "300000 B"},
    ]


def test_thresholds_of_k6_are_at_the_percentile_of_the_target(tmp_path: Path) -> None:
    """p95 of requests, p75 of vitals, a rate for errors."""
    thresholds = written(tmp_path, CHECKS)["k6-thresholds.json"]
    assert thresholds == {
        "browser_web_vital_lcp": ["p(75)<=2500"],
        "browser_web_vital_cls": ["p(75)<=0.1"],
        "browser_web_vital_fcp": ["p(75)<=1800"],
        "browser_web_vital_ttfb": ["p(75)<=200"],
        "http_req_duration": ["p(95)<=500"],
        "http_req_failed": ["rate<=0.001"],
    }


def test_without_a_page_it_says_what_it_needs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 2, the entry named, nothing written."""
    file = tmp_path / "settings.yaml"
    file.write_text("environment: test\n")
    assert main(["build", "budgets", "--settings", str(file), "--into", str(tmp_path / "out")]) == 2
    assert "browser.checks: expected a page" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
    assert main(["build", "budgets", "--settings", str(file)]) == 2
    assert "--into: expected a folder" in capsys.readouterr().err
