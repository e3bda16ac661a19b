"""`pantrywatch build --settings FILE --into DIR`: what a company's own Prometheus, Alertmanager and Grafana read."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
import yaml

from pantrywatch.cli import main
from tests.support.exporter import ROOT
from tests.support.settings_files import company_settings

DSN = "postgresql://pantrywatch@127.0.0.1:1/orders"


@pytest.fixture
def settings(tmp_path: Path) -> Path:
    return company_settings(tmp_path / "company", dsn=DSN)


def build(settings: Path, into: Path, *more: str) -> int:
    return main(["build", "--settings", str(settings), "--into", str(into), *more])


def test_what_is_built_is_valid_to_prometheus_and_alertmanager(settings: Path, tmp_path: Path) -> None:
    """Both promtool and amtool accept the configuration and every rule file that it reads."""
    into = tmp_path / "out"
    assert build(settings, into) == 0
    done = subprocess.run(
        ["promtool", "check", "config", str(into / "prometheus/prometheus.yml")],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{len(list((ROOT / 'alert_rules/generated').glob('*.yml')))} rule files found" in done.stdout
    subprocess.run(["amtool", "check-config", str(into / "alertmanager/alertmanager.yml")], check=True)


def test_rules_and_targets_are_of_the_settings_that_were_named(settings: Path, tmp_path: Path) -> None:
    """Only what the database feeds counts as measured, and only it is scraped, at the address that was given."""
    into = tmp_path / "out"
    build(settings, into, "--exporters", "monitor.example:9690")
    rules = yaml.safe_load((into / "prometheus/rules/installation.yml").read_text())["groups"][0]["rules"]
    rules = [rule for rule in rules if rule["record"] == "slo:measured:bool"]
    measured = {rule["labels"]["target"] for rule in rules if rule["expr"] != "vector(0)"}
    assert measured == {"db-error-rate", "db-query-latency"}  # the latter by its estimate
    targets = {file.stem: json.loads(file.read_text()) for file in (into / "prometheus/targets").glob("*.json")}
    assert {job for job, groups in targets.items() if groups} == {"database", "exporter", "prometheus", "alertmanager"}
    assert targets["database"][0]["targets"] == ["monitor.example:9690"]
    assert targets["database"][0]["labels"]["__param_target"] == "orders"
    assert "database@company.example" in (into / "alertmanager/alertmanager.yml").read_text()


def test_grafana_finds_its_boards_and_its_data_sources(settings: Path, tmp_path: Path) -> None:
    """No variable is left open: the provider's folder is there and holds every board, each once."""
    into = tmp_path / "out"
    build(settings, into)
    provider = yaml.safe_load((into / "grafana/provisioning/dashboards/boards.yml").read_text())["providers"][0]
    boards = [json.loads(file.read_text())["uid"] for file in Path(provider["options"]["path"]).rglob("*.json")]
    assert len(boards) == len(set(boards)) == 12
    sources = "".join(file.read_text() for file in (into / "grafana/provisioning/datasources").glob("*.yml"))
    assert "$PANTRYWATCH" not in sources
    assert "http://127.0.0.1:9090" in sources


def test_a_second_build_removes_what_the_first_wrote_and_nothing_else(settings: Path, tmp_path: Path) -> None:
    """A file of an earlier build that is not wanted now is removed; a rule file of the operator's own stays."""
    into = tmp_path / "out"
    build(settings, into)
    own = into / "prometheus/rules/company.yml"
    own.write_text("groups: []\n")
    old = into / "prometheus/rules/old.yml"
    old.write_text("groups: []\n")
    record = into / ".pantrywatch-files"
    record.write_text(record.read_text() + "prometheus/rules/old.yml\n")
    build(settings, into)
    assert own.exists()
    assert not old.exists()


def test_nothing_is_written_where_the_settings_are_wrong(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A mistake is exit code 2 with its place, and no folder."""
    settings = company_settings(tmp_path / "company", dsn=DSN)
    settings.write_text(settings.read_text().replace("dsn_file", "dns_file"))
    assert build(settings, tmp_path / "out") == 2
    assert "dns_file" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("options", [["--settings", "x.yaml"], ["--into", "x", "--check"]])
def test_options_that_do_not_go_together_are_named(options: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """`--settings` without a folder to write into would change the committed files; a folder is never only checked."""
    assert main(["build", *options]) == 2
    assert "expected" in capsys.readouterr().err
