"""What all objects share: names, labels, the limits of a container, and how large an object may be."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from pantrywatch.config.kubernetes import KubernetesSettings

Object = dict[str, Any]

NAME = "pantrywatch"
PROMETHEUS, ALERTMANAGER, SCHEDULER = f"{NAME}-prometheus", f"{NAME}-alertmanager", f"{NAME}-scheduler"
METRICS_PORT, WEB_PORT = "metrics", "web"
# `kubectl apply` keeps the object as JSON in an annotation, and all annotations together may have this many bytes:
# https://kubernetes.io/docs/concepts/overview/working-with-objects/annotations/, TotalAnnotationSizeLimitB.
MOST_BYTES = 262_144
_SELECTED = "app.kubernetes.io/name", "app.kubernetes.io/component"
# The user of the image; no pod needs another one, as each has a file system and secrets of its own.
USER, BROWSER_USER = 10001, 10002


def metadata(place: KubernetesSettings, name: str, component: str = "", **more: Any) -> Object:
    """Return the metadata of an object; `component` is what selectors tell pods apart by."""
    labels = selected(component) if component else {_SELECTED[0]: NAME}
    labels |= {"app.kubernetes.io/part-of": NAME, "release": place.release} | more.pop("labels", {})
    return {"name": name, "namespace": place.namespace, "labels": labels} | more


def selected(component: str) -> dict[str, str]:
    """Return the labels that select the pods of a component: selectors cannot be changed, so no version is in them."""
    return dict(zip(_SELECTED, (NAME, component), strict=True))


def bytes_of(one: Mapping[str, Any]) -> int:
    """Return the size of an object as `kubectl apply` keeps it."""
    return len(json.dumps(one, ensure_ascii=False, separators=(",", ":")).encode())


def pod_security(user: int = USER) -> Object:
    """Return what the standard `restricted` asks of a pod."""
    return {
        "runAsNonRoot": True,
        "runAsUser": user,
        "runAsGroup": user,
        "fsGroup": user,
        "seccompProfile": {"type": "RuntimeDefault"},
    }


def container_security() -> Object:
    """Return what the standard `restricted` asks of a container, and a file system that nobody writes to."""
    return {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }


def limits(processor: str, memory: str, requested: tuple[str, str] = ("20m", "48Mi")) -> Object:
    """Return limits of a container, and what it asks for: its measured use, rounded up."""
    return {
        "requests": dict(zip(("cpu", "memory"), requested, strict=True)),
        "limits": {"cpu": processor, "memory": memory},
    }


def service(place: KubernetesSettings, name: str, selector: Mapping[str, str], ports: Mapping[str, int]) -> Object:
    """Return a Service with ports by name."""
    entries = [{"name": port, "port": number, "targetPort": port} for port, number in ports.items()]
    component = selector.get(_SELECTED[1], "")
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": metadata(place, name, component),
        "spec": {"selector": dict(selector), "ports": entries},
    }


def kustomization(resources: list[str], **more: Any) -> Object:
    """Return a kustomization of these files or folders."""
    return {"apiVersion": "kustomize.config.k8s.io/v1beta1", "kind": "Kustomization", "resources": resources} | more
