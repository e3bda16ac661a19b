"""Who may connect to which pod: nobody who does not have to. Where pods connect to stays open: settings name it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pantrywatch.config.kubernetes import KubernetesSettings
from pantrywatch.config.settings import Settings
from pantrywatch.generate.kubernetes.objects import ALERTMANAGER, NAME, PROMETHEUS, Object, metadata, selected
from pantrywatch.generate.kubernetes.servers import pods_of
from pantrywatch.generate.kubernetes.workloads import BEACONS_PORT, PORT, SCHEDULER_PORT

_ANYWHERE: Object = {"namespaceSelector": {}}
_ANY_PROMETHEUS = {**_ANYWHERE, "podSelector": {"matchLabels": {"app.kubernetes.io/name": "prometheus"}}}
_GRAFANA = {**_ANYWHERE, "podSelector": {"matchLabels": {"app.kubernetes.io/name": "grafana"}}}
_NEIGHBORS: Object = {"podSelector": {}}


def exporter_policies(place: KubernetesSettings, settings: Settings) -> Iterator[Object]:
    """Yield the policies of the exporters: any Prometheus of the cluster may scrape them."""
    scraped = _from([_ANY_PROMETHEUS], [PORT, SCHEDULER_PORT])
    yield _policy(place, NAME, {"app.kubernetes.io/name": NAME}, [scraped])
    if settings.rum is not None:
        beacons = _from([_ANYWHERE], [BEACONS_PORT])
        yield _policy(place, f"{NAME}-beacons", selected("exporter-rum"), [beacons])


def prometheus_policy(place: KubernetesSettings) -> Object:
    """Return the policy of Prometheus: Grafana asks it, autoscalers do from anywhere."""
    return _policy(place, PROMETHEUS, pods_of("prometheus"), [_from([_NEIGHBORS, _GRAFANA, _autoscaler()], [9090])])


def alertmanager_policy(place: KubernetesSettings) -> Object:
    """Return the policy of Alertmanager; the two of the pair gossip on port 9094."""
    pods = pods_of("alertmanager")
    gossip: Object = {
        "from": [{"podSelector": {"matchLabels": pods}}],
        "ports": [{"port": 9094, "protocol": protocol} for protocol in ("TCP", "UDP")],
    }
    return _policy(place, ALERTMANAGER, pods, [_from([_NEIGHBORS, _GRAFANA], [9093]), gossip])


def _autoscaler() -> Object:
    names = ["keda-operator", "prometheus-adapter"]
    chosen = {"matchExpressions": [{"key": "app.kubernetes.io/name", "operator": "In", "values": names}]}
    return {**_ANYWHERE, "podSelector": chosen}


def _from(peers: Sequence[Mapping[str, Any]], ports: Sequence[int]) -> Object:
    return {"from": list(peers), "ports": [{"port": port, "protocol": "TCP"} for port in ports]}


def _policy(place: KubernetesSettings, name: str, pods: Mapping[str, str], ingress: list[Object]) -> Object:
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": metadata(place, name),
        "spec": {"podSelector": {"matchLabels": dict(pods)}, "policyTypes": ["Ingress"], "ingress": ingress},
    }
