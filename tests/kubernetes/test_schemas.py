"""The base against the schemas of the operators, and through kustomize: what a cluster checks first, without one."""

from __future__ import annotations

import subprocess
from copy import deepcopy
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from tests.kubernetes.conftest import Base, build, cluster_settings
from tests.support.kubernetes_schemas import refused
from tests.support.suites import Suite

pytestmark = pytest.mark.long
_PODS = "  application: {namespace: crm, labels: {app: crm-api}, port: http, deployment: crm-api}\n"


def _is_of_an_operator(one: dict[str, Any]) -> bool:
    return "coreos.com" in one["apiVersion"] or "keda" in one["apiVersion"]


def test_the_operators_accept_every_object_of_their_kinds(base: Base, tmp_path: Path) -> None:
    """Valid against their schemas, with the application's pods and with its addresses; a mistake is refused."""
    addresses = build(cluster_settings(tmp_path, (_PODS, "")), tmp_path / "base")
    found = [one for one in base.objects() if _is_of_an_operator(one)] + list(addresses.of("ScrapeConfig").values())
    kinds = {"PrometheusRule", "ServiceMonitor", "PodMonitor", "ScrapeConfig", "Prometheus", "Alertmanager"}
    assert {one["kind"] for one in found} == {*kinds, "ScaledObject"}
    rule, monitor = deepcopy(base.of("PrometheusRule")["pantrywatch-health"]), deepcopy(base.of("ServiceMonitor"))
    rule["spec"]["groups"][0]["rules"][0]["labels"] = {"position": 8}
    wrong = monitor["pantrywatch-exporter-database"]
    wrong["spec"]["endpoints"][0]["scrapeTimeOut"] = "5s"
    value, number, field = refused([*found, rule, wrong])
    assert value == "PrometheusRule/pantrywatch-health: data/spec/groups/0/rules/0/labels/position must be string"
    assert "Type 'number' is not assignable to type 'string'" in number
    assert "'\"scrapeTimeOut\"' does not exist in type 'IEndpoint'" in field


def test_kustomize_builds_the_base(base: Base, current_suite: Suite, tmp_path: Path) -> None:
    """Each folder and all of them; rules keep their text, names are unique, references follow the generated names."""
    kustomize = current_suite.programs / "kustomize"
    if not kustomize.exists():
        pytest.skip(f"no kustomize: {current_suite.describe()}")

    def built(folder: Path) -> list[dict[str, Any]]:
        done = subprocess.run([kustomize, "build", folder], capture_output=True, text=True, check=True, timeout=120)
        return list(yaml.load_all(done.stdout, yaml.CSafeLoader))

    everything = built(base.folder)
    parts = [one for folder in yaml.safe_load((base.folder / "kustomization.yaml").read_text())["resources"]
             for one in built(base.folder / folder)]  # fmt: skip
    assert len(parts) == len(everything)
    rules = {one["metadata"]["name"]: one for one in everything if one["kind"] == "PrometheusRule"}
    assert rules == base.of("PrometheusRule")
    for one in everything:
        if not _is_of_an_operator(one):
            kubernetes_validate.validate(one, "1.37", strict=True)
    maps = {one["metadata"]["name"] for one in everything if one["kind"] == "ConfigMap"}
    (pod,) = [one for one in everything if one["metadata"]["name"] == "pantrywatch-exporter-database"
              and one["kind"] == "Deployment"]  # fmt: skip
    spec = pod["spec"]["template"]["spec"]
    assert {spec["volumes"][0]["configMap"]["name"], spec["containers"][0]["envFrom"][0]["configMapRef"]["name"]} < maps
    overlay = tmp_path / "kustomization.yaml"
    (tmp_path / "base").symlink_to(base.folder)
    overlay.write_text("resources: [base/rules, base/exporters]\nnamespace: elsewhere\n")
    assert {one["metadata"]["namespace"] for one in built(tmp_path)} == {"elsewhere"}
