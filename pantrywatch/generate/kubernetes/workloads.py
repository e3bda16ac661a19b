"""The pods of pantrywatch: a Deployment for each exporter of the settings, and the scheduler.

Not among them: exporters of logs, which have to be where the log is (the sidecar example), and the heartbeat and inbox.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping
from typing import Any

from exporters import __version__
from pantrywatch.config.components import Component, components
from pantrywatch.config.kubernetes import KubernetesSettings
from pantrywatch.config.settings import Settings
from pantrywatch.generate.kubernetes.objects import (
    BROWSER_USER,
    METRICS_PORT,
    NAME,
    PROMETHEUS,
    SCHEDULER,
    USER,
    Object,
    container_security,
    limits,
    metadata,
    pod_security,
    selected,
    service,
)
from pantrywatch.generate.kubernetes.secrets import ENVIRONMENT, WORK_FOLDER, Needed, named_files, needed, volumes

SETTINGS_MAP, ENVIRONMENT_MAP = f"{NAME}-settings", f"{NAME}-environment"
PORT, BEACONS_PORT, SCHEDULER_PORT = 9690, 9691, 9096
OF_LOGS = ("access_log", "database_log")
_PLAIN = limits("500m", "128Mi")
# Requests from the memory measured in docs/deploy.md (Sizing), limits as in docker-compose.yml.
_LIMITS = {"browser": limits("1", "1Gi", ("100m", "384Mi"))}
_TEMPORARY = {"browser": "256Mi"}
_KEPT = f"{NAME}-domains"


def exporters(settings: Settings) -> list[Component]:
    """Return the exporters that have pods of their own under these settings."""
    return [one for one in components().exporters() if one.job not in OF_LOGS and getattr(settings, one.job)]


def secrets_of(settings: Settings, settings_file: str) -> dict[str, Needed]:
    """Return exporter → the Secret with the files that its section names; those without files are left out."""
    found = {one.job: _secret(one, settings, settings_file) for one in exporters(settings)}
    return {job: secret for job, secret in found.items() if secret.files}


def workloads(place: KubernetesSettings, settings: Settings, secrets: Mapping[str, Needed]) -> Iterator[Object]:
    """Yield the pods' controllers, their Services and the scheduler; `generated_maps` are what they read."""
    for component in exporters(settings):
        pod = _pod(place, component, secrets.get(component.job))
        if component.job == "synthetic" and (folders := _kept_folders(settings)):
            pod = _keeping(pod, folders)
            yield _claim(place, component)
        yield _controller(place, component, pod)
        yield service(place, f"{NAME}-{component.container}", selected(str(component.container)), _ports(component.job))
    yield _scheduler(place)
    yield service(place, SCHEDULER, selected("scheduler"), {METRICS_PORT: SCHEDULER_PORT})


def generated_maps(place: KubernetesSettings) -> list[Object]:
    """Return kustomize's generators of the settings file and its variables: changed ones start pods again."""
    literals = [f"{name}={value}" for name, value in (ENVIRONMENT | place.environment).items()]
    return [
        {"name": SETTINGS_MAP, "namespace": place.namespace, "files": ["settings.yaml"]},
        {"name": ENVIRONMENT_MAP, "namespace": place.namespace, "literals": literals},
    ]


def container(place: KubernetesSettings, job: str) -> Object:
    """Return the container of an exporter, which a sidecar shares."""
    image = "browser" if job == "browser" else "exporter"
    return {
        "name": "exporter",
        "image": image_of(place, image),
        "args": ["serve", job, "--listen", f"0.0.0.0:{PORT}"],
        "envFrom": [
            {"configMapRef": {"name": ENVIRONMENT_MAP}},
            {"secretRef": {"name": ENVIRONMENT_MAP, "optional": True}},
        ],
        "ports": [{"name": name, "containerPort": port} for name, port in _ports(job).items()],
        **_probes(),
        "securityContext": container_security(),
        "resources": _LIMITS.get(job, _PLAIN),
        "volumeMounts": _shared_mounts(),
    }


def image_of(place: KubernetesSettings, name: str) -> str:
    """Return an image of this version, in the registry of the settings."""
    return f"{place.registry}/{NAME}/{name}:{__version__}".lstrip("/")


def shared_volumes(job: str = "") -> list[Object]:
    """Return the volumes of any exporter: the settings, and a folder in memory for what is temporary."""
    memory = {"medium": "Memory", "sizeLimit": _TEMPORARY.get(job, "16Mi")}
    return [{"name": "settings", "configMap": {"name": SETTINGS_MAP}}, {"name": "tmp", "emptyDir": memory}]


def _shared_mounts() -> list[Object]:
    return [
        {"name": "settings", "mountPath": f"{WORK_FOLDER}/settings.yaml", "subPath": "settings.yaml", "readOnly": True},
        {"name": "tmp", "mountPath": "/tmp"},  # noqa: S108 - of the pod alone
    ]


def _secret(component: Component, settings: Settings, settings_file: str) -> Needed:
    return needed(str(component.container), named_files(getattr(settings, component.job)), settings_file)


def _ports(job: str) -> dict[str, int]:
    return {METRICS_PORT: PORT} | ({"beacons": BEACONS_PORT} if job == "rum" else {})


def _probes() -> Object:
    """Return probes that need no login, and do not depend on what is watched: its outage has to be reported."""
    asked = {"httpGet": {"path": "/healthz", "port": METRICS_PORT}}
    return {
        "startupProbe": asked | {"failureThreshold": 30},
        "livenessProbe": asked | {"periodSeconds": 15, "timeoutSeconds": 5},
        "readinessProbe": asked | {"periodSeconds": 15, "timeoutSeconds": 5},
    }


def _pod(place: KubernetesSettings, component: Component, secret: Needed | None) -> Object:
    job = component.job
    held, mounts = volumes(secret) if secret else ([], [])
    main = container(place, job)
    main["volumeMounts"] += mounts
    spec: Object = {
        "automountServiceAccountToken": False,
        "securityContext": pod_security(BROWSER_USER if job == "browser" else USER),
        "containers": [main],
        "volumes": shared_volumes(job) + held,
    }
    return _on_the_machine(spec) if job == "host" else spec


def _on_the_machine(spec: Object) -> Object:
    """Return the pod of the host exporter, which sees the machine instead of its own pod."""
    seen = {"name": "host", "mountPath": "/host", "readOnly": True, "mountPropagation": "HostToContainer"}
    spec["containers"][0]["volumeMounts"].append(seen)
    spec["volumes"].append({"name": "host", "hostPath": {"path": "/"}})
    return spec | {"hostPID": True, "tolerations": [{"operator": "Exists"}]}


def _kept_folders(settings: Settings) -> list[str]:
    """Return where checks of domains keep what registries said: asked again by each new pod, they refuse in the end."""
    checks = settings.synthetic.checks if settings.synthetic else ()
    written = {posixpath.join(WORK_FOLDER, one.state) for one in checks if one.kind == "domain"}
    return sorted(set(map(posixpath.normpath, written)))


def _keeping(pod: Object, folders: list[str]) -> Object:
    """Return the pod with its claim in each of the folders, in place of what it has there.

    A check's file has the name of the check.
    """
    main = pod["containers"][0]
    others = [one for one in main["volumeMounts"] if one["mountPath"] not in folders]
    main["volumeMounts"] = others + [{"name": "kept", "mountPath": folder} for folder in folders]
    pod["volumes"].append({"name": "kept", "persistentVolumeClaim": {"claimName": _KEPT}})
    return pod


def _claim(place: KubernetesSettings, component: Component) -> Object:
    spec = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "16Mi"}}}
    about = metadata(place, _KEPT, str(component.container))
    return {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": about, "spec": spec}


def _controller(place: KubernetesSettings, component: Component, pod: Object) -> Object:
    """Return the Deployment of a pod, or for the host exporter a DaemonSet.

    The old pod ends before a new one starts: two that serve the same `instance` would mix their counters.
    """
    name = str(component.container)
    on_each_machine = component.job == "host"
    spec: Object = {"replicas": 1, "strategy": {"type": "Recreate"}} if not on_each_machine else {}
    return {
        "apiVersion": "apps/v1",
        "kind": "DaemonSet" if on_each_machine else "Deployment",
        "metadata": metadata(place, f"{NAME}-{name}", name),
        "spec": spec | _pods(place, name, pod),
    }


def _pods(place: KubernetesSettings, component: str, pod: Object) -> Object:
    labels = metadata(place, NAME, component)["labels"]
    return {"selector": {"matchLabels": selected(component)}, "template": {"metadata": {"labels": labels}, "spec": pod}}


def _scheduler(place: KubernetesSettings) -> Object:
    keep = "/var/lib/pantrywatch"
    main = container(place, "scheduler") | {
        "name": "scheduler",
        "command": ["python", "-m", "pantrywatch"],
        "args": [
            "scheduler",
            f"--settings={WORK_FOLDER}/settings.yaml",
            f"--prometheus={PROMETHEUS}:9090",
            f"--listen=0.0.0.0:{SCHEDULER_PORT}",
            f"--keep={keep}",
        ],
        "ports": [{"name": METRICS_PORT, "containerPort": SCHEDULER_PORT}],
    }
    main["volumeMounts"] = [*_shared_mounts(), {"name": "days", "mountPath": keep}]
    pod = {
        "automountServiceAccountToken": False,
        "securityContext": pod_security(),
        "containers": [main],
        "volumes": shared_volumes(),
    }
    size: dict[str, Any] = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
    return {
        "apiVersion": "apps/v1",
        "kind": "StatefulSet",
        "metadata": metadata(place, SCHEDULER, "scheduler"),
        "spec": {
            "replicas": 1,
            "serviceName": SCHEDULER,
            **_pods(place, "scheduler", pod),
            "volumeClaimTemplates": [{"metadata": {"name": "days"}, "spec": size}],
        },
    }
