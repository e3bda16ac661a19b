"""Rules as PrometheusRules and boards as ConfigMaps: the same text as in the files, none too large to be applied."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from exporters.core.errors import ConfigError, ConfigProblem
from pantrywatch.config.kubernetes import KubernetesSettings
from pantrywatch.config.settings import Settings
from pantrywatch.generate.grafana import data_source_files
from pantrywatch.generate.kubernetes.objects import MOST_BYTES, NAME, PROMETHEUS, Object, bytes_of, metadata
from pantrywatch.generate.kubernetes.servers import server_layout

# Room for what others add: labels and annotations of an overlay, the managed fields.
_OWN_BYTES = MOST_BYTES * 4 // 5


def rule_objects(place: KubernetesSettings, documents: Mapping[str, Any]) -> Iterator[Object]:
    """Yield the rules of each layer as PrometheusRules; a layer that is too large for one has several.

    Raises ConfigError for a group that no object can hold.
    """
    for layer, document in documents.items():
        name = f"{NAME}-{layer.replace('_', '-')}"
        parts = list(_parts(document["groups"]))
        for number, groups in enumerate(parts, 1):
            yield {
                "apiVersion": "monitoring.coreos.com/v1",
                "kind": "PrometheusRule",
                "metadata": metadata(place, name if len(parts) == 1 else f"{name}-{number}"),
                "spec": {"groups": groups},
            }


def _parts(groups: Sequence[Object]) -> Iterator[list[Object]]:
    """Yield the groups in as few lists as fit; a group stays whole, as its rules run one after the other."""
    part: list[Object] = []
    for group in groups:
        if part and bytes_of({"groups": [*part, group]}) > _OWN_BYTES:
            yield part
            part = []
        part.append(group)
        _require_size(group["name"], part)
    if part:
        yield part


def _require_size(name: str, part: list[Object]) -> None:
    if (size := bytes_of({"groups": part})) > _OWN_BYTES:
        expected = f"expected at most {_OWN_BYTES} bytes in a PrometheusRule, got {size}"
        raise ConfigError([ConfigProblem("rules", name, expected)])


def board_object(place: KubernetesSettings, folder: str, board: Mapping[str, Any]) -> Object:
    """Return a board as the ConfigMap that Grafana's sidecar loads, without the white space of its file.

    The names of label and annotation are the defaults of Grafana's chart.
    """
    uid = board["uid"]
    text = json.dumps(board, ensure_ascii=False, separators=(",", ":"))
    given = metadata(
        place, f"{NAME}-board-{uid}", labels={"grafana_dashboard": "1"}, annotations={"grafana_folder": folder}
    )
    one = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": given, "data": {f"{uid}.json": text}}
    if (size := bytes_of(one)) > _OWN_BYTES:
        raise ConfigError([ConfigProblem("boards", uid, f"expected at most {_OWN_BYTES} bytes, got {size}")])
    return one


def data_sources(place: KubernetesSettings, settings: Settings, dump: Any) -> Object:
    """Return the data sources of the boards as the ConfigMap that Grafana's sidecar loads."""
    files = {
        name.rpartition("/")[2]: dump(one) for name, one in data_source_files(settings, server_layout(place)).items()
    }
    given = metadata(place, f"{PROMETHEUS}-data-sources", labels={"grafana_datasource": "1"})
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": given, "data": files}
