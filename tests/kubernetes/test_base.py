"""`pantrywatch build kubernetes`: the objects of a kustomize base, without a cluster."""

from __future__ import annotations

import json
import posixpath
import re
import subprocess
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from exporters import __version__
from exporters.core.errors import ConfigError
from pantrywatch.build.kubernetes import write_kubernetes
from pantrywatch.config.settings import read_settings
from pantrywatch.config.targets import read_targets
from pantrywatch.containers.init import IMAGE_USER, USERS
from pantrywatch.containers.layout import container_layout
from pantrywatch.generate.kubernetes.objects import BROWSER_USER, MOST_BYTES, USER, bytes_of
from pantrywatch.generate.kubernetes.secrets import ENVIRONMENT
from pantrywatch.generate.prometheus import scrape_targets
from pantrywatch.generate.relabelling import of_job, of_operator
from pantrywatch.generate.rules import rule_documents
from pantrywatch.generate.scale import ONE_FORM
from tests.kubernetes.conftest import SECRET, Base, build, cluster_settings
from tests.support.exporter import ROOT

_OLDEST = "1.29"
_PODS = ("Deployment", "DaemonSet", "StatefulSet")


def _settings(base: Base) -> Any:
    return read_settings(base.settings, {**ENVIRONMENT, "CRM": "crm.crm.svc:8080"})


def test_the_api_accepts_every_object_of_its_own_kinds(base: Base) -> None:
    """Valid against the schemas of an old release, which know no other fields; so are the examples."""
    own = [one for one in base.objects() if "coreos.com" not in one["apiVersion"] and "keda" not in one["apiVersion"]]
    assert {one["kind"] for one in own} >= {
        *_PODS,
        "ConfigMap",
        "Secret",
        "NetworkPolicy",
        "PodDisruptionBudget",
        "Role",
    }
    for one in own:
        kubernetes_validate.validate(one, _OLDEST, strict=True)


def test_rules_are_those_of_the_rule_files(base: Base) -> None:
    """All groups of these settings, in their order, with the same text of each expression, and each once."""
    documents = rule_documents(ROOT, read_targets(ROOT / "targets.yaml"), _settings(base))
    found = {name: one["spec"]["groups"] for name, one in base.of("PrometheusRule").items()}
    for layer, document in documents.items():
        name = re.compile(rf"pantrywatch-{layer.replace('_', '-')}(-[0-9]+)?")
        parts = [found.pop(part) for part in sorted(found) if name.fullmatch(part)]
        assert [group for groups in parts for group in groups] == document["groups"], layer
    assert found == {}


def test_boards_are_those_of_the_repository(base: Base) -> None:
    """Each board once, with the label and the folder by which Grafana's sidecar loads it."""
    boards = {
        file.stem: (file.parent.name, json.loads(file.read_text()))
        for file in (ROOT / "dashboards/generated").rglob("*.json")
    }
    found = {}
    for one in base.objects("boards"):
        if one["metadata"]["labels"].get("grafana_dashboard") == "1":
            ((name, text),) = one["data"].items()
            found[name.removesuffix(".json")] = (one["metadata"]["annotations"]["grafana_folder"], json.loads(text))
    assert found == boards


def test_every_object_can_be_applied_by_the_client(base: Base) -> None:
    """Each is smaller than what `kubectl apply` may keep in an annotation, with room for what an overlay adds."""
    sizes = {file: bytes_of(one) for file, one in base.files.items()}
    assert max(sizes.values()) < MOST_BYTES * 0.9, sizes
    assert len(sizes) > 70


def test_what_is_scraped_is_what_prometheus_yml_scrapes(base: Base) -> None:
    """Job, `instance`, path and target of each exporter are as in the configuration of the containers."""
    layout = container_layout()
    groups = scrape_targets(_settings(base), layout)
    wanted = {
        (job, group["labels"]["instance"], group["labels"].get("__metrics_path__", "/metrics"))
        for job, found in groups.items()
        for group in found
        if job not in {"application", "prometheus", "alertmanager", "host"}
        and group["labels"]["instance"] != "exporter-host"
    }
    seen = {
        (end["relabelings"][0]["replacement"], end["relabelings"][1]["replacement"], end["path"])
        for one in base.of("ServiceMonitor").values()
        for end in one["spec"]["endpoints"]
    }
    assert wanted <= seen
    assert ("host", "$1", "/metrics/host") in seen  # the machine's name
    assert ("browser", "local", "/metrics/browser") in seen
    for one in base.of("ServiceMonitor").values():
        for end in one["spec"]["endpoints"]:
            assert end["relabelings"][2] == {"action": "labeldrop", "regex": "namespace|pod|service|endpoint|container"}


def test_requests_mean_the_same_as_elsewhere(base: Base) -> None:
    """The relabelling of the application's metrics has the expressions of prometheus.yml."""
    (end,) = base.of("PodMonitor")["pantrywatch-application"]["spec"]["podMetricsEndpoints"]
    rules = of_job("application", _settings(base))
    assert [rule.get("regex") for rule in end["metricRelabelings"]] == [rule.get("regex") for rule in rules]
    assert end["basicAuth"]["password"] == {"name": "pantrywatch-application", "key": "crm_password"}
    assert end["tlsConfig"]["ca"]["secret"] == {"name": "pantrywatch-application", "key": "crm_ca.pem"}


def test_no_secret_is_in_any_file_and_all_are_asked_for(base: Base) -> None:
    """Files hold names and keys; each Secret that a pod or a monitor names is created by a printed command."""
    texts = {file: file.read_text() for file in base.folder.rglob("*") if file.is_file()}
    assert [str(file) for file, text in texts.items() if SECRET in text or "BEGIN CERTIFICATE" in text] == []
    created = dict(re.findall(r"generic (\S+) .*?((?: --from-\S+)+)$", base.printed, re.MULTILINE))
    for kind in _PODS:
        for name, one in base.of(kind).items():
            for volume in one["spec"]["template"]["spec"]["volumes"]:
                if "secret" in volume:
                    for item in volume["secret"]["items"]:
                        assert f"--from-file={item['key']}=" in created[volume["secret"]["secretName"]], name
    assert {"pantrywatch-application", "pantrywatch-alertmanager-secrets"} < created.keys()
    mail = f"--from-file=mail_password={base.settings.parent}/secrets/mail_password"
    assert mail in created["pantrywatch-alertmanager-secrets"]
    assert "--from-literal=username=scraper" in created["pantrywatch-application"]


def test_a_secret_is_where_the_settings_expect_it(base: Base) -> None:
    """Folders that are links in the image, folders of their own, and a file next to settings.yaml."""

    def mounted(name: str) -> set[str]:
        container = base.of("Deployment")[f"pantrywatch-exporter-{name}"]["spec"]["template"]["spec"]["containers"][0]
        return {one["mountPath"] for one in container["volumeMounts"] if one["name"].startswith("secrets-")}

    linked = "/run/pantrywatch/exporter/secrets"
    assert mounted("database") == {linked}  # secrets/dsn
    assert mounted("cache") == {linked}  # ${PANTRYWATCH_STATE}/secrets/cache_url
    assert mounted("synthetic") == {"/etc/pantrywatch/check_dsn"}
    assert mounted("browser") == {"/var/lib/crm"}
    image = (ROOT / "provisioning/docker/Dockerfile").read_text()
    assert f"ln -s {linked} secrets" in image
    assert f"ln -s {linked} /state/secrets" in image
    assert image.count("ln -s") == 2  # no other image has links of its own


def test_what_registries_said_of_domains_is_kept(base: Base, tmp_path: Path) -> None:
    """Where the check looks for it is a claim's volume that the pod's group may write to; without such a check none."""
    claim = base.of("PersistentVolumeClaim")["pantrywatch-domains"]
    assert claim["spec"]["accessModes"] == ["ReadWriteOnce"]
    pod = base.of("Deployment")["pantrywatch-exporter-synthetic"]["spec"]["template"]["spec"]
    (volume,) = [one for one in pod["volumes"] if "persistentVolumeClaim" in one]
    assert volume["persistentVolumeClaim"] == {"claimName": claim["metadata"]["name"]}
    mounts = [one for one in pod["containers"][0]["volumeMounts"] if one["name"] == volume["name"]]
    (check,) = [one for one in _settings(base).synthetic.checks if one.name == "orders-domain"]
    assert mounts == [{"name": volume["name"], "mountPath": check.state}]
    assert pod["securityContext"]["fsGroup"] == USER
    without = "    - {name: orders-domain, kind: domain, host: orders.example.com, state: /var/lib/pantrywatch}\n"
    settings = cluster_settings(tmp_path, (without, ""))
    assert "PersistentVolumeClaim" not in {one["kind"] for one in build(settings, tmp_path / "base").objects()}


@pytest.mark.long
def test_a_folder_of_checks_of_domains_is_mounted_once(tmp_path: Path) -> None:
    """However it is written, and also where the pod has another volume there: Kubernetes refuses two at one path."""
    check = "    - {{name: orders-{}, kind: domain, host: orders.example.com, state: {}}}\n"
    folders = ("kept", "./kept/", "/tmp")
    written = "".join(check.format(f"domain-{number}", folder) for number, folder in enumerate(folders))
    settings = cluster_settings(tmp_path, (check.format("domain", "/var/lib/pantrywatch"), written))
    pod = build(settings, tmp_path / "base").of("Deployment")["pantrywatch-exporter-synthetic"]["spec"]["template"]
    paths = [one["mountPath"] for one in pod["spec"]["containers"][0]["volumeMounts"]]
    assert len(paths) == len(set(paths))
    assert {"/etc/pantrywatch/kept", "/tmp"} <= set(paths) <= {posixpath.normpath(one) for one in paths}


def test_pods_are_locked_down_bounded_and_probed(base: Base) -> None:
    """What the standard `restricted` asks, limits as in docker-compose.yml, and probes of the page without a login."""
    compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
    assert (IMAGE_USER, USERS["browser"]) == (USER, BROWSER_USER)
    for kind in _PODS:
        for name, one in base.of(kind).items():
            spec = one["spec"]["template"]["spec"]
            (main,) = spec["containers"]
            assert spec["securityContext"]["runAsNonRoot"], name
            assert spec["automountServiceAccountToken"] is False
            assert main["securityContext"]["readOnlyRootFilesystem"]
            assert main["securityContext"]["capabilities"] == {"drop": ["ALL"]}
            container = compose[name.removeprefix("pantrywatch-")]
            limits = main["resources"]["limits"]
            assert limits["memory"].removesuffix("i").lower() == container["mem_limit"], name
            assert {"500m": 0.5, "1": 1.0}[limits["cpu"]] == container["cpus"]
            assert main["livenessProbe"]["httpGet"] == {"path": "/healthz", "port": "metrics"}
            assert main["image"].startswith("registry.example/team/pantrywatch/")
            assert main["image"].endswith(f":{__version__}")
    for name, one in base.of("Deployment").items():
        assert one["spec"]["strategy"] == {"type": "Recreate"}, name


def test_the_servers_are_pairs_with_the_releases_of_the_compose_file(base: Base, tmp_path: Path) -> None:
    """Two of each, of which a drained machine takes one; rules are found by the label; amtool accepts the Secret."""
    compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
    prometheus, alertmanager = base.of("Prometheus")["pantrywatch"], base.of("Alertmanager")["pantrywatch"]
    for name, one in {"prometheus": prometheus, "alertmanager": alertmanager}.items():
        assert one["spec"]["replicas"] == 2
        assert one["spec"]["image"] == compose[name]["image"]
        assert one["spec"]["resources"]["limits"]["memory"].removesuffix("i").lower() == compose[name]["mem_limit"]
        assert base.of("PodDisruptionBudget")[f"pantrywatch-{name}"]["spec"]["maxUnavailable"] == 1
    assert prometheus["spec"]["ruleSelector"] == {"matchLabels": {"release": "prometheus"}}
    assert {one["metadata"]["labels"]["release"] for one in base.objects("rules")} == {"prometheus"}
    assert prometheus["spec"]["retention"] == "40d"
    assert prometheus["spec"]["externalLabels"] == {"cluster": "crm"}
    without, with_login = prometheus["spec"]["remoteWrite"]
    assert (
        without["writeRelabelConfigs"]
        == with_login["writeRelabelConfigs"]
        == [{"action": "labeldrop", "regex": "replica"}, *of_operator(ONE_FORM)]
    )
    assert "basicAuth" not in without
    assert with_login["basicAuth"]["username"] == {"name": "pantrywatch-store", "key": "username-1"}
    assert with_login["basicAuth"]["password"] == {"name": "pantrywatch-store", "key": "store_password"}
    configuration = base.of("Secret")["pantrywatch-alertmanager-configuration"]["stringData"]
    assert sorted(configuration) == sorted(
        ["alertmanager.yaml", *(file.name for file in (ROOT / "provisioning/alertmanager/templates").iterdir())]
    )
    for name, text in configuration.items():
        (tmp_path / name).write_text(text.replace("/etc/alertmanager/config", str(tmp_path)))
    subprocess.run(["amtool", "check-config", tmp_path / "alertmanager.yaml"], check=True, capture_output=True)
    document = yaml.safe_load(configuration["alertmanager.yaml"])
    assert document["templates"] == ["/etc/alertmanager/config/*.tmpl"]
    folder = f"/etc/alertmanager/secrets/{alertmanager['spec']['secrets'][0]}"
    assert document["global"]["smtp_auth_password_file"] == f"{folder}/mail_password"


def test_autoscalers_are_those_of_the_page(base: Base) -> None:
    """The examples ask what docs/scaling.md asks, of the Prometheus of the base, for the Deployment of the settings."""
    page = (ROOT / "docs/scaling.md").read_text(encoding="utf-8")
    adapter, hpa, keda = (yaml.safe_load(text) for text in re.findall(r"```yaml\n(.*?)```", page, re.DOTALL))
    written = {name: yaml.safe_load((base.folder / f"examples/{name}.yaml").read_text()) for name in ("hpa", "keda")}
    assert written["hpa"] == hpa | {"metadata": {"name": "crm-api", "namespace": "crm"}}
    keda["spec"]["triggers"][0]["metadata"]["serverAddress"] = "http://pantrywatch-prometheus.crm-monitoring.svc:9090"
    assert written["keda"] == keda | {"metadata": {"name": "crm-api", "namespace": "crm"}}
    values = yaml.safe_load((base.folder / "examples/prometheus-adapter.yaml").read_text())
    assert values == {"rules": {"external": adapter["externalRules"]}}


@pytest.mark.parametrize(
    ("change", "entry"),
    [
        (("kubernetes:", "web: {client: {username: a, password_file: secrets/dsn}}\nkubernetes:"), "web"),
        (("  cluster: crm\n", "  cluster: crm\n  evaluate: vmalert\n"), "scale.evaluate"),
        (("${PANTRYWATCH_RUM}", "127.0.0.1:9691"), "rum.listen"),
        (("namespace: crm-monitoring", "namespace: CRM_monitoring"), "kubernetes.namespace"),
        (("dsn_file: check_dsn", "dsn_file: x/dsn}\n    - {name: b, kind: sql, dsn_file: secrets/dsn"), "synthetic"),
    ],
)  # fmt: skip
def test_a_mistake_is_named_and_nothing_is_written(tmp_path: Path, change: tuple[str, str], entry: str) -> None:
    """What a cluster cannot have is refused with file and entry, before a file is written."""
    settings = cluster_settings(tmp_path, change)
    with pytest.raises(ConfigError) as raised:
        write_kubernetes(ROOT, settings, tmp_path / "base")
    assert any(entry in problem.entry for problem in raised.value.problems)
    assert raised.value.problems[0].file == str(settings)
    assert not (tmp_path / "base").exists()


def test_the_command_says_what_has_to_be_there(base: Base) -> None:
    """It prints where the base is, and the command for each Secret."""
    assert f"kubectl apply -k {base.folder}" in base.printed
    assert base.printed.count("kubectl create secret generic") == 7
