"""A pair of Prometheus and a pair of Alertmanager, as the Prometheus operator runs them.

https://prometheus-operator.dev/docs/api-reference/api/
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pantrywatch.config.kubernetes import KubernetesSettings
from pantrywatch.config.scale import Scale
from pantrywatch.config.settings import Settings
from pantrywatch.generate.alertmanager.output import alertmanager_files
from pantrywatch.generate.alertmanager.secrets import secret_files
from pantrywatch.generate.kubernetes.access import access_needed, by_reference
from pantrywatch.generate.kubernetes.objects import (
    ALERTMANAGER,
    NAME,
    PROMETHEUS,
    SCHEDULER,
    Object,
    limits,
    metadata,
    service,
)
from pantrywatch.generate.kubernetes.secrets import Needed, needed
from pantrywatch.generate.layout import Layout, Pace
from pantrywatch.generate.relabelling import of_operator
from pantrywatch.generate.scale import ONE_FORM

# The images of docker-compose.yml.
PROMETHEUS_VERSION, ALERTMANAGER_VERSION = "v3.13.3", "v0.34.1"
_API = "monitoring.coreos.com/v1"
# Where the operator mounts the Secret of the configuration, and those of `spec.secrets`.
_CONFIGURATION, _SECRETS = "/etc/alertmanager/config", "/etc/alertmanager/secrets"
_DELIVERY = "alertmanager-secrets"
_STORE = f"{NAME}-store"
_REPLICAS = 2


def server_layout(place: KubernetesSettings) -> Layout:
    """Return the addresses of the servers from anywhere in the cluster, and where Alertmanager finds its secrets."""
    domain = f"{place.namespace}.svc"
    return Layout(
        exporters={},
        processes={},
        prometheus=f"{PROMETHEUS}.{domain}:9090",
        alertmanager=f"{ALERTMANAGER}.{domain}:9093",
        scheduler=f"{SCHEDULER}.{domain}:9096",
        secret=lambda file: f"{_SECRETS}/{NAME}-{_DELIVERY}/{Path(file).name}",
    )


def pods_of(server: str) -> dict[str, str]:
    """Return the labels by which the operator's pods of `prometheus` or `alertmanager` are selected."""
    return {"app.kubernetes.io/name": server, "app.kubernetes.io/instance": NAME}


def prometheus_objects(place: KubernetesSettings, settings: Settings) -> Iterator[Object]:
    """Yield the pair: both scrape and evaluate the same, and Alertmanager sees one alert of the two."""
    account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata(place, PROMETHEUS)}
    yield account
    for namespace in dict.fromkeys(
        (place.namespace, place.application.namespace if place.application else place.namespace)
    ):
        yield from _may_find_pods(place, namespace)
    yield {
        "apiVersion": _API,
        "kind": "Prometheus",
        "metadata": metadata(place, NAME),
        "spec": _prometheus(place, settings),
    }
    # One person stays on one of the two: each has its own samples.
    balanced = service(place, PROMETHEUS, pods_of("prometheus"), {"web": 9090})
    balanced["spec"]["sessionAffinity"] = "ClientIP"
    yield balanced
    yield _disruption_budget(place, PROMETHEUS, "prometheus")


def alertmanager_objects(
    place: KubernetesSettings, settings: Settings, templates: Mapping[str, str], settings_file: str
) -> Iterator[Object]:
    """Yield the pair and its configuration; `templates`: name → text of those that depend on no settings."""
    files = {"alertmanager.yaml": "", **templates}
    for name, text in alertmanager_files(settings, server_layout(place), f"{_CONFIGURATION}/*.tmpl").items():
        files["alertmanager.yaml" if name == "alertmanager.yml" else name.rpartition("/")[2]] = text
    configuration = f"{ALERTMANAGER}-configuration"
    yield {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": metadata(place, configuration),
        "type": "Opaque",
        "stringData": files,
    }
    secret = delivery_secret(settings, settings_file)
    yield {
        "apiVersion": _API,
        "kind": "Alertmanager",
        "metadata": metadata(place, NAME),
        "spec": _alertmanager(settings, configuration) | ({"secrets": [secret.name]} if secret.files else {}),
    }
    yield service(place, ALERTMANAGER, pods_of("alertmanager"), {"web": 9093})
    yield _disruption_budget(place, ALERTMANAGER, "alertmanager")


def delivery_secret(settings: Settings, settings_file: str) -> Needed:
    """Return the Secret with what Alertmanager sends messages with."""
    section = settings.notifications
    files = [] if section is None else [file for _, file in secret_files(section)]
    return needed(_DELIVERY, files, settings_file)


def store_secret(settings: Settings) -> Needed:
    """Return the Secret with what Prometheus logs in with at the stores of `scale`."""
    return access_needed(_STORE, [one.access() for one in settings.scale.remote_write] if settings.scale else [])


def _prometheus(place: KubernetesSettings, settings: Settings) -> Object:
    chosen = {"matchLabels": {"release": place.release}}
    pace = Pace()
    return {
        "replicas": _REPLICAS,
        "version": PROMETHEUS_VERSION,
        "image": f"prom/prometheus:{PROMETHEUS_VERSION}",
        "serviceAccountName": PROMETHEUS,
        "scrapeInterval": pace.scrape_interval,
        "scrapeTimeout": pace.scrape_timeout,
        "evaluationInterval": pace.evaluation_interval,
        "retention": f"{settings.prometheus.retention_days}d",
        # Longer than an absence of ten minutes, as in docker-compose.yml.
        "additionalArgs": [{"name": "rules.alert.resend-delay", "value": "3m30s"}],
        # The operator drops it from alerts, so that Alertmanager sees one alert of the two. Its other label stays away:
        # rules and boards know no such label.
        "replicaExternalLabelName": "replica",
        "prometheusExternalLabelName": "",
        "ruleSelector": chosen,
        "serviceMonitorSelector": chosen,
        "podMonitorSelector": chosen,
        "podMonitorNamespaceSelector": {},
        "scrapeConfigSelector": chosen,
        "alerting": {
            "alertmanagers": [{"namespace": place.namespace, "name": ALERTMANAGER, "port": "web", "apiVersion": "v2"}]
        },
        "resources": limits("1", "1Gi", ("100m", "256Mi")),
        "securityContext": _server_security(),
        "podMetadata": {"labels": {"app.kubernetes.io/part-of": NAME}},
        "storage": _storage(place.storage),
        **_beyond(settings.scale),
        "affinity": _apart("prometheus"),
    }


def _beyond(scale: Scale | None) -> Object:
    """Return the name of the installation, and the stores to write to; the operator names the replicas itself."""
    if scale is None:
        return {}
    replica = {"action": "labeldrop", "regex": "replica"}  # one set of series in a store that deduplicates
    written = [
        {
            "url": one.url,
            "writeRelabelConfigs": [replica, *of_operator(ONE_FORM)],
            **_without_scheme(by_reference(one.access(), _STORE, number)),
        }
        for number, one in enumerate(scale.remote_write)
    ]
    return {"externalLabels": {"cluster": scale.cluster}} | ({"remoteWrite": written} if written else {})


def _without_scheme(found: Object) -> Object:
    return {name: value for name, value in found.items() if name != "scheme"}  # it is in the URL


def _alertmanager(settings: Settings, configuration: str) -> Object:
    section = settings.notifications
    zone = section.office_hours.time_zone if section else "UTC"
    return {
        "replicas": _REPLICAS,
        "version": ALERTMANAGER_VERSION,
        "image": f"prom/alertmanager:{ALERTMANAGER_VERSION}",
        "configSecret": configuration,
        # Its messages have the times of the office, and links that people can open.
        "containers": [{"name": "alertmanager", "env": [{"name": "TZ", "value": zone}]}],
        **({"externalUrl": section.links.alertmanager} if section else {}),
        "routePrefix": "/",
        "resources": limits("500m", "128Mi", ("20m", "48Mi")),
        "securityContext": _server_security(),
        "podMetadata": {"labels": {"app.kubernetes.io/part-of": NAME}},
        "storage": _storage("1Gi"),
        "affinity": _apart("alertmanager"),
    }


def _server_security() -> Object:
    return {
        "runAsNonRoot": True,
        "runAsUser": 65534,
        "runAsGroup": 65534,
        "fsGroup": 65534,
        "seccompProfile": {"type": "RuntimeDefault"},
    }


def _storage(size: str) -> Object:
    claim = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": size}}}
    return {"volumeClaimTemplate": {"spec": claim}}


def _apart(server: str) -> Object:
    """Return what keeps the two on different machines, if there are two."""
    term = {"labelSelector": {"matchLabels": pods_of(server)}, "topologyKey": "kubernetes.io/hostname"}
    preferred = [{"weight": 100, "podAffinityTerm": term}]
    return {"podAntiAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": preferred}}


def _disruption_budget(place: KubernetesSettings, name: str, server: str) -> Object:
    """Return what lets a drained machine take one of the two, never both."""
    return {
        "apiVersion": "policy/v1",
        "kind": "PodDisruptionBudget",
        "metadata": metadata(place, name),
        "spec": {"maxUnavailable": 1, "selector": {"matchLabels": pods_of(server)}},
    }


def _may_find_pods(place: KubernetesSettings, namespace: str) -> Iterator[Object]:
    verbs = ["get", "list", "watch"]
    rules: list[dict[str, Any]] = [
        {"apiGroups": [""], "resources": ["services", "endpoints", "pods"], "verbs": verbs},
        {"apiGroups": ["discovery.k8s.io"], "resources": ["endpointslices"], "verbs": verbs},
    ]
    if namespace == place.namespace:
        rules.append({"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get"]})
    api = "rbac.authorization.k8s.io"
    about = {**metadata(place, PROMETHEUS), "namespace": namespace}
    yield {"apiVersion": f"{api}/v1", "kind": "Role", "metadata": about, "rules": rules}
    yield {
        "apiVersion": f"{api}/v1",
        "kind": "RoleBinding",
        "metadata": about,
        "roleRef": {"apiGroup": api, "kind": "Role", "name": PROMETHEUS},
        "subjects": [{"kind": "ServiceAccount", "name": PROMETHEUS, "namespace": place.namespace}],
    }
