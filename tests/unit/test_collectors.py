"""`pantrywatch build collectors`: Alloy's and the OpenTelemetry collector's configuration. Neither was run."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import yaml

from exporters.core.access import WebSettings
from pantrywatch.build.bundle import layout_of
from pantrywatch.cli import main
from pantrywatch.config.settings import read_settings
from pantrywatch.generate.prometheus import prometheus_configuration, scrape_targets
from tests.support.exporter import ROOT


def test_they_scrape_what_prometheus_would(tmp_path: Path) -> None:
    """Jobs, targets and relabelling of both are those of prometheus.yml; promtool accepts the collector's."""
    settings = ROOT / "settings.yaml"
    assert main(["build", "collectors", "--settings", str(settings), "--into", str(tmp_path / "collectors")]) == 0
    jobs, targets = _prometheus(settings)
    document = yaml.safe_load((tmp_path / "collectors/otel-collector.yaml").read_text())
    text = json.dumps(document["receivers"]["prometheus"]["config"])
    assert "$1" in text
    assert "$" not in text.replace("$$", "")  # the collector would take it for a variable
    inner = json.loads(text.replace("$$", "$"))
    assert {job["job_name"]: job.pop("static_configs") for job in inner["scrape_configs"]} == targets
    assert inner["scrape_configs"] == jobs
    checked = tmp_path / "prometheus.yml"
    checked.write_text(yaml.safe_dump(inner))
    subprocess.run(["promtool", "check", "config", checked], check=True, capture_output=True)
    alloy = (tmp_path / "collectors/config.alloy").read_text()
    assert re.findall(r"^prometheus\.scrape \"(\w+)\"", alloy, re.MULTILINE) == list(targets)
    assert sorted(_alloy_targets(alloy)) == sorted(_flat(targets))
    rules = [rule for job in jobs for rule in job.get("metric_relabel_configs", [])]
    assert [json.loads(text) for text in re.findall(r"^    regex = (.*)$", alloy, re.MULTILINE)] == [
        rule["regex"] for rule in rules if "regex" in rule
    ]
    assert alloy.count("{") == alloy.count("}")


def _prometheus(settings_file: Path) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Return the scrape configurations without their files, and job → targets, of jobs with targets."""
    settings, layout = read_settings(settings_file), layout_of("127.0.0.1:9690", settings_file, WebSettings())
    targets = {job: groups for job, groups in scrape_targets(settings, layout).items() if groups}
    jobs = [job for job in prometheus_configuration(settings, layout)["scrape_configs"] if job["job_name"] in targets]
    found = [{key: value for key, value in job.items() if key != "file_sd_configs"} for job in jobs]
    return found, {job["job_name"]: targets[job["job_name"]] for job in jobs}


def _flat(targets: dict[str, Any]) -> list[str]:
    return [
        json.dumps({"__address__": address, **group["labels"]}, sort_keys=True)
        for groups in targets.values()
        for group in groups
        for address in group["targets"]
    ]


def _alloy_targets(text: str) -> list[str]:
    lines = re.findall(r"^    (\{.*\}),$", text, re.MULTILINE)
    return [json.dumps(json.loads(re.sub(r'" = "', '": "', line)), sort_keys=True) for line in lines]
