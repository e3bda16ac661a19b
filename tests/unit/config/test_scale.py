"""The section `scale`: what it adds to the configuration of Prometheus and Grafana, and what it refuses."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from pantrywatch.cli import main
from pantrywatch.config.settings import Settings, read_settings
from pantrywatch.containers.layout import container_layout
from pantrywatch.generate.render import render
from pantrywatch.generate.scale import ONE_FORM
from tests.support.settings_files import company_settings

ROOT = Path(__file__).parents[3]
_PAIR = """
scale:
  cluster: crm
  replica: "a"
  replicas: ["one:9090", "two:9090"]
  alertmanagers: ["one:9093", "two:9093"]
  remote_write:
    - {url: "https://store.example/api/v1/write", ca_file: secrets/store-ca.pem, server_name: store, token_file: secrets/store-token}
    - {url: "http://other.example/write", username: crm, password_file: secrets/store-password}
  store: {url: "https://store.example/", ca_file: secrets/store-ca.pem, username: crm, password_file: secrets/store-password}
"""  # noqa: E501 - as a user would write it


def _shipped(folder: Path, section: str) -> Settings:
    file = folder / "settings.yaml"
    file.write_text((ROOT / "settings.yaml").read_text() + section)
    return read_settings(file)


def _files(settings: Settings) -> dict[str, str]:
    return render(settings, container_layout())


def _prometheus(settings: Settings) -> dict[str, Any]:
    document: dict[str, Any] = yaml.safe_load(_files(settings)["prometheus/prometheus.yml"])
    return document


def test_without_the_section_nothing_changes(tmp_path: Path) -> None:
    """Every file is byte for byte the committed one; with it only those differ that say who is who."""
    without, pair = _files(_shipped(tmp_path, "")), _files(_shipped(tmp_path, _PAIR))
    committed = {name: (ROOT / "provisioning" / name) for name in without if "/targets/" not in name}
    assert {name: without[name] for name in committed} == {name: file.read_text() for name, file in committed.items()}
    assert pair.keys() - without.keys() == {"prometheus/prometheus-b.yml"}
    assert {name for name in without if without[name] != pair[name]} == {
        "prometheus/prometheus.yml",
        "prometheus/targets/prometheus.json",
        "prometheus/targets/alertmanager.json",
        "grafana/datasources/prometheus.yml",
    }


def test_a_replica_is_known_by_its_label_and_no_alert_nor_stored_sample_has_it(tmp_path: Path) -> None:
    """External labels on everything; the label of the replica is dropped before Alertmanager and before each store."""
    document = _prometheus(_shipped(tmp_path, _PAIR))
    assert document["global"]["external_labels"] == {"cluster": "crm", "replica": "a"}
    second = yaml.safe_load(_files(_shipped(tmp_path, _PAIR))["prometheus/prometheus-b.yml"])
    assert second["global"].pop("external_labels") == {"cluster": "crm", "replica": "a-b"}
    assert second["global"].items() < document["global"].items()
    assert {**second, "global": None} == {**document, "global": None}, "one on the same machine differs in nothing else"
    dropped = [{"regex": "replica", "action": "labeldrop"}]
    assert document["alerting"]["alert_relabel_configs"] == dropped
    assert [one["write_relabel_configs"][:1] for one in document["remote_write"]] == [dropped, dropped]
    alone = _prometheus(_shipped(tmp_path, "scale: {cluster: crm, remote_write: [{url: 'http://a/w'}]}\n"))
    assert alone["global"]["external_labels"] == {"cluster": "crm"}
    assert alone["remote_write"] == [{"url": "http://a/w", "write_relabel_configs": [*map(dict, ONE_FORM)]}]
    assert "alert_relabel_configs" not in alone["alerting"]


def test_each_of_a_pair_watches_both_and_no_two_have_one_name(tmp_path: Path) -> None:
    """Prometheus and Alertmanager are scraped under their addresses, and every Alertmanager gets the alerts."""
    files = _files(_shipped(tmp_path, _PAIR))
    for job, port in (("prometheus", 9090), ("alertmanager", 9093)):
        groups = json.loads(files[f"prometheus/targets/{job}.json"])
        assert [(*group["targets"], group["labels"]["instance"]) for group in groups] == [
            (f"one:{port}", f"one:{port}"),
            (f"two:{port}", f"two:{port}"),
        ]
    alertmanagers = _prometheus(_shipped(tmp_path, _PAIR))["alerting"]["alertmanagers"]
    assert alertmanagers == [{"file_sd_configs": [{"files": ["targets/alertmanager.json"]}]}]
    lone = _files(_shipped(tmp_path, 'scale: {cluster: crm, replica: "b"}\n'))["prometheus/targets/prometheus.json"]
    assert json.loads(lone)[0]["labels"]["instance"] == "b", "else two of them would be one series in a store"


def test_boards_ask_the_store_for_this_installation_alone(tmp_path: Path) -> None:
    """Grafana's data source is the store, with its own login, and a question is answered by one `cluster` only."""
    (source,) = yaml.safe_load(_files(_shipped(tmp_path, _PAIR))["grafana/datasources/prometheus.yml"])["datasources"]
    assert (source["uid"], source["url"], source["basicAuthUser"]) == ("crm-prometheus", "https://store.example", "crm")
    assert source["jsonData"]["customQueryParameters"] == "extra_label=cluster=crm"
    assert source["secureJsonData"] == {
        "basicAuthPassword": "$__file{/run/pantrywatch/grafana/secrets/store-password}",
        "tlsCACert": "$__file{/run/pantrywatch/grafana/secrets/store-ca.pem}",
    }


def test_vmalert_evaluates_alone(tmp_path: Path) -> None:
    """Where it evaluates the rules, Prometheus has none: recorded twice, a series would be in the store twice."""
    section = "scale: {cluster: crm, remote_write: [{url: 'http://a/w'}], evaluate: vmalert}\n"
    assert "rule_files" not in _prometheus(_shipped(tmp_path, section))


@pytest.mark.parametrize(
    ("section", "expected"),
    [
        ("store: {url: 'http://a/'}", "scale.store: expected remote_write with it"),
        ("evaluate: vmalert", "scale.evaluate: expected remote_write with vmalert"),
        (
            "remote_write: [{url: 'https://a/w', ca_file: nowhere}]",
            "scale.remote_write[0].ca_file: expected a readable",
        ),
        ("remote_write: [{url: 'http://a/w'}]\n  evaluate: vmalert", "scale.evaluate: expected vmalert 1.92 or later"),
    ],
)
def test_what_cannot_work_is_refused_by_name(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], section: str, expected: str
) -> None:
    """File and entry, exit code 2, nothing written. Debian 12's vmalert does not know what the rules use."""
    file = company_settings(tmp_path / "company", dsn="postgresql://pantrywatch@127.0.0.1:1/orders")
    file.write_text(f"{file.read_text()}scale:\n  cluster: crm\n  {section}\n")
    assert shutil.which("vmalert")
    assert main(["build", "--settings", str(file), "--into", str(tmp_path / "out")]) == 2
    assert f"{file}" in (said := capsys.readouterr().err)
    assert expected in said
    assert not (tmp_path / "out").exists()
