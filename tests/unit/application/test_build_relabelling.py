"""`pantrywatch build relabelling` gives a Prometheus of one's own the lines that our own has."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from pantrywatch.cli import main

_SETTINGS = """
environment: test
application:
  endpoints: [{name: a, address: "127.0.0.1:1"}]
  routes: ["/rest/.+"]
  fallback_scrape_protocol: PrometheusText0.0.4
"""


@pytest.fixture
def settings(tmp_path: Path) -> Path:
    """Settings with an application whose library is not named."""
    file = tmp_path / "settings.yaml"
    file.write_text(_SETTINGS)
    return file


def _printed(capsys: pytest.CaptureFixture[str], *arguments: str) -> Any:
    assert main(["build", "relabelling", *arguments]) == 0
    return yaml.safe_load(capsys.readouterr().out)


def test_the_lines_are_those_of_our_own_prometheus(
    settings: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The printed metric_relabel_configs are those of the generated prometheus.yml, and promtool accepts them."""
    main(["build", "--settings", str(settings), "--into", str(tmp_path / "out")])
    capsys.readouterr()
    ours = yaml.safe_load((tmp_path / "out/prometheus/prometheus.yml").read_text())["scrape_configs"]
    (job,) = (one for one in ours if one["job_name"] == "application")
    printed = _printed(capsys, "--settings", str(settings))
    assert printed["metric_relabel_configs"] == job["metric_relabel_configs"]
    assert job["fallback_scrape_protocol"] == "PrometheusText0.0.4"
    assert job["sample_limit"] == 50_000
    file = tmp_path / "prometheus.yml"
    file.write_text(yaml.safe_dump({"scrape_configs": [printed]}))
    subprocess.run(["promtool", "check", "config", str(file)], check=True, capture_output=True)


def test_a_servicemonitor_has_the_operators_names(settings: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The same rules in the same order, with the fields of monitoring.coreos.com/v1, and the job of our rules."""
    plain = _printed(capsys, "--settings", str(settings))["metric_relabel_configs"]
    endpoint = _printed(capsys, "--settings", str(settings), "--servicemonitor")
    assert endpoint["relabelings"] == [{"targetLabel": "job", "replacement": "application"}]
    known = {"sourceLabels", "targetLabel", "replacement", "regex", "action", "separator", "modulus"}
    assert all(rule.keys() <= known for rule in endpoint["metricRelabelings"])
    snake = [
        {re.sub("[A-Z]", lambda one: f"_{one[0].lower()}", name): value for name, value in rule.items()}
        for rule in endpoint["metricRelabelings"]
    ]
    assert snake == plain


_LOGS = "access_log: {{state: s, files: [{{name: a, path: a.log, format: nginx}}], feeds: {feeds}}}\n"


@pytest.mark.parametrize("feeds", ["true", "false"])
def test_an_access_log_has_a_document_of_its_own(
    settings: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], feeds: str
) -> None:
    """Both jobs as in the generated prometheus.yml: in a Prometheus of one's own, too, one of the two counts."""
    settings.write_text(_SETTINGS + _LOGS.format(feeds=feeds))
    main(["build", "--settings", str(settings), "--into", str(tmp_path / "out")])
    capsys.readouterr()
    scraped = yaml.safe_load((tmp_path / "out/prometheus/prometheus.yml").read_text())["scrape_configs"]
    expected = {job["job_name"]: job.get("metric_relabel_configs") for job in scraped}
    assert main(["build", "relabelling", "--settings", str(settings)]) == 0
    printed = list(yaml.safe_load_all(capsys.readouterr().out))
    assert [job["job_name"] for job in printed] == ["application", "access_log"]
    for job in printed:
        assert job["metric_relabel_configs"] == expected[job["job_name"]]
    drops = [rule for rule in printed[0]["metric_relabel_configs"] if rule.get("action") == "drop"]
    assert ("http_server_request_duration_seconds_(?:bucket|count|sum)" in str(drops)) == (feeds == "true")


def test_without_an_application_there_is_nothing_to_print(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Settings that watch no application are a configuration error that says so."""
    file = tmp_path / "settings.yaml"
    file.write_text("environment: test\n")
    assert main(["build", "relabelling", "--settings", str(file)]) == 2
    assert "expected an application to scrape" in capsys.readouterr().err
