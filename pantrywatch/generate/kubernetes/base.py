"""The kustomize base: a folder for what can be taken alone, each with its kustomization, and one of all."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pantrywatch.config.kubernetes import ApplicationPods, KubernetesSettings
from pantrywatch.config.settings import Settings
from pantrywatch.config.yaml_output import HEADER, dump
from pantrywatch.generate.kubernetes import examples
from pantrywatch.generate.kubernetes.content import board_object, data_sources, rule_objects
from pantrywatch.generate.kubernetes.monitors import access_secret, monitors, server_monitors
from pantrywatch.generate.kubernetes.objects import Object, kustomization
from pantrywatch.generate.kubernetes.policies import alertmanager_policy, exporter_policies, prometheus_policy
from pantrywatch.generate.kubernetes.secrets import Needed
from pantrywatch.generate.kubernetes.servers import (
    alertmanager_objects,
    delivery_secret,
    prometheus_objects,
    store_secret,
)
from pantrywatch.generate.kubernetes.workloads import generated_maps, secrets_of, workloads

_HEADER = HEADER.replace("./run build", "pantrywatch build kubernetes").format(source="the settings")


@dataclass(frozen=True, slots=True)
class Sources:
    """What the base is made of besides the settings: layer → rules, folder → boards, template → text."""

    settings_file: str
    settings_text: str
    rules: Mapping[str, Any]
    boards: Mapping[str, Iterable[Mapping[str, Any]]]
    templates: Mapping[str, str]


def base(place: KubernetesSettings, settings: Settings, sources: Sources) -> dict[str, str]:
    """Return file → text. `settings`: as the pods read them. Raises ConfigError."""
    objects = {
        "rules": list(rule_objects(place, sources.rules)),
        "boards": list(_boards(place, settings, sources)),
        "exporters": list(_exporters(place, settings, sources)),
        "prometheus": [*prometheus_objects(place, settings), prometheus_policy(place), *server_monitors(place)],
        "alertmanager": [
            *alertmanager_objects(place, settings, sources.templates, sources.settings_file),
            alertmanager_policy(place),
        ],
    }
    files = {"exporters/settings.yaml": sources.settings_text}
    for folder, found in objects.items():
        texts = {_file_of(one): dump(one) for one in found}
        files |= {f"{folder}/{name}": _HEADER + text for name, text in texts.items()}
        files[f"{folder}/kustomization.yaml"] = _HEADER + dump(
            kustomization(sorted(texts), **_of_folder(folder, place))
        )
    files["kustomization.yaml"] = _HEADER + dump(kustomization(list(objects)))
    return files | {name: _HEADER + dump(one) for name, one in _examples(place).items()}


def needed_secrets(settings: Settings, settings_file: str) -> list[Needed]:
    """Return the Secrets that have to be there; those of the application's pages have a user name as well."""
    found = [*secrets_of(settings, settings_file).values(), delivery_secret(settings, settings_file)]
    return [secret for secret in (*found, access_secret(settings), store_secret(settings)) if secret.files]


def _boards(place: KubernetesSettings, settings: Settings, sources: Sources) -> Iterator[Object]:
    for folder, boards in sources.boards.items():
        for board in boards:
            yield board_object(place, folder, board)
    yield data_sources(place, settings, dump)


def _exporters(place: KubernetesSettings, settings: Settings, sources: Sources) -> Iterator[Object]:
    yield from workloads(place, settings, secrets_of(settings, sources.settings_file))
    yield from monitors(place, settings)
    yield from exporter_policies(place, settings)


def _of_folder(folder: str, place: KubernetesSettings) -> dict[str, Any]:
    """Return what else the kustomization of a folder has."""
    return {"configMapGenerator": generated_maps(place)} if folder == "exporters" else {}


def _file_of(one: Object) -> str:
    return f"{one['kind'].lower()}-{one['metadata']['name']}" + _namespace_of(one) + ".yaml"


def _namespace_of(one: Object) -> str:
    """Return the namespace for the kinds that may be in several."""
    return f"-{one['metadata']['namespace']}" if one["kind"] in {"Role", "RoleBinding"} else ""


def _examples(place: KubernetesSettings) -> dict[str, Object]:
    pods = place.application or ApplicationPods("crm", {"app.kubernetes.io/name": "crm-api"})
    return {
        "examples/keda.yaml": examples.scaled_object(place, pods),
        "examples/hpa.yaml": examples.horizontal_pod_autoscaler(pods),
        "examples/prometheus-adapter.yaml": examples.adapter_rule(),
        "examples/sidecar.yaml": examples.sidecar(place, pods),
    }
