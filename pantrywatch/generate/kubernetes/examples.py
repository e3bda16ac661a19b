"""Objects that belong to the application, and are not applied with the rest: its autoscaler, and a sidecar."""

from __future__ import annotations

from pantrywatch.config.kubernetes import ApplicationPods, KubernetesSettings
from pantrywatch.generate.kubernetes.monitors import SIDECAR
from pantrywatch.generate.kubernetes.objects import USER, Object, selected
from pantrywatch.generate.kubernetes.servers import server_layout
from pantrywatch.generate.kubernetes.workloads import container, shared_volumes

# docs/scaling.md
SERVERS_NEEDED = "max(crm:api_servers_needed:ahead15m) or max(crm:api_servers_needed)"
_METRIC = "crm_api_servers_wanted"
_LEAST, _MOST = 2, 20


def horizontal_pod_autoscaler(pods: ApplicationPods) -> Object:
    """Return the autoscaler of Kubernetes; the series comes by way of prometheus-adapter (`adapter_rule`)."""
    metric = {"metric": {"name": _METRIC}, "target": {"type": "AverageValue", "averageValue": "1"}}
    return {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": _of_application(pods),
        "spec": {
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": pods.deployment},
            "minReplicas": _LEAST,
            "maxReplicas": _MOST,
            "metrics": [{"type": "External", "external": metric}],
            "behavior": {"scaleDown": {"stabilizationWindowSeconds": 300}},
        },
    }


def adapter_rule() -> Object:
    """Return the values of prometheus-adapter's chart with which it offers the series."""
    rule = {
        "seriesQuery": '{__name__="crm:api_servers_needed"}',
        "resources": {"namespaced": False},
        "name": {"as": _METRIC},
        "metricsQuery": SERVERS_NEEDED,
    }
    return {"rules": {"external": [rule]}}


def scaled_object(place: KubernetesSettings, pods: ApplicationPods) -> Object:
    """Return KEDA's autoscaler, which asks Prometheus itself. An answer without series is an error, not zero."""
    asked = {
        "serverAddress": f"http://{server_layout(place).prometheus}",
        "query": SERVERS_NEEDED,
        "threshold": "1",
        "ignoreNullValues": "false",
    }
    return {
        "apiVersion": "keda.sh/v1alpha1",
        "kind": "ScaledObject",
        "metadata": _of_application(pods),
        "spec": {
            "scaleTargetRef": {"name": pods.deployment},
            "minReplicaCount": _LEAST,
            "maxReplicaCount": _MOST,
            "triggers": [{"type": "prometheus", "metricType": "AverageValue", "metadata": asked}],
        },
    }


def sidecar(place: KubernetesSettings, pods: ApplicationPods) -> Object:
    """Return a Deployment with an exporter next to the program whose log it reads, from a volume of both."""
    exporter = container(place, "access_log") | {"name": "exporter-access-log"}
    logs = {"name": "logs", "mountPath": "/logs"}
    state = {"name": "state", "mountPath": "/var/lib/pantrywatch"}
    exporter["volumeMounts"] = [*exporter["volumeMounts"], logs | {"readOnly": True}, state]
    # Both read and write the log as this group.
    security = {"fsGroup": USER, "seccompProfile": {"type": "RuntimeDefault"}}
    web = {"name": "web", "image": "nginx:1.29", "volumeMounts": [{**logs, "mountPath": "/var/log/nginx"}]}
    volumes = [*shared_volumes(), {"name": "logs", "emptyDir": {"sizeLimit": "1Gi"}}, {"name": "state", "emptyDir": {}}]
    labels = selected("web") | {"app.kubernetes.io/name": "crm-web", SIDECAR: "access_log"}
    # What holds for the pod as a whole is for the application to say; the user is that of the exporter alone.
    exporter["securityContext"] |= {"runAsNonRoot": True, "runAsUser": USER}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "crm-web", "namespace": pods.namespace},
        "spec": {
            "selector": {"matchLabels": {"app.kubernetes.io/name": "crm-web"}},
            "template": {
                "metadata": {"labels": labels},
                "spec": {"securityContext": security, "containers": [web, exporter], "volumes": volumes},
            },
        },
    }


def _of_application(pods: ApplicationPods) -> Object:
    return {"name": pods.deployment, "namespace": pods.namespace}
