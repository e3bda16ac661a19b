"""From settings.yaml to the addresses Prometheus scrapes: the files of file_sd, one a job."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pantrywatch.config.settings import Settings
from pantrywatch.native.addresses import Addresses

_EXPORTERS = ("database", "cache", "host", "synthetic")


@dataclass(frozen=True, slots=True)
class Places:
    """Where the parts of a stack listen; `exporters` has an address for each that is there, perhaps one for all."""

    exporters: Mapping[str, str]
    instances: Mapping[str, str]  # the exporters' processes: instance → one exporter that it serves
    prometheus: str
    alertmanager: str


def native(addresses: Addresses, *, browser: bool) -> Places:
    """Return the places of `./run up`: one process serves all exporters, checks in a browser where there is one."""
    served = (*_EXPORTERS, "browser") if browser else _EXPORTERS
    exporters = dict.fromkeys(served, addresses.address("exporters"))
    instances = {"exporters": "host"}
    return Places(exporters, instances, addresses.address("prometheus"), addresses.address("alertmanager"))


# The places of the compose file: a container for each. That of the browser comes and goes with its profile:
# pantrywatch/containers/init.py.
CONTAINERS = Places(
    {name: f"exporter-{name}:9690" for name in _EXPORTERS},
    {f"exporter-{name}": name for name in _EXPORTERS},
    "prometheus:9090",
    "alertmanager:9093",
)


def scrape_targets(settings: Settings, places: Places) -> dict[str, list[dict[str, Any]]]:
    """Return job → target groups in the form of Prometheus' file_sd."""
    names = {
        "database": [target.name for target in settings.database],
        "cache": [target.name for target in settings.cache],
        "host": [settings.host.name] if settings.host else [],
        "synthetic": ["local"] if settings.synthetic else [],
        "browser": ["local"] if settings.browser and "browser" in places.exporters else [],
    }
    groups = {job: [_target(places.exporters[job], job, name) for name in found] for job, found in names.items()}
    groups["application"] = [
        {"targets": [endpoint.address], "labels": {"__metrics_path__": endpoint.path, "instance": endpoint.name}}
        for endpoint in settings.application
    ]
    shared = len(places.instances) == 1
    groups["exporter"] = [
        {
            "targets": [places.exporters[exporter]],
            "labels": {"__metrics_path__": "/metrics/self", "instance": instance},
        }
        for instance, exporter in places.instances.items()
        if shared or names[exporter]
    ]
    groups["prometheus"] = [{"targets": [places.prometheus], "labels": {"instance": "prometheus"}}]
    groups["alertmanagers"] = [{"targets": [places.alertmanager], "labels": {"instance": "alertmanager"}}]
    return groups


def _target(address: str, exporter: str, name: str) -> dict[str, Any]:
    labels = {"__metrics_path__": f"/metrics/{exporter}", "__param_target": name, "instance": name}
    return {"targets": [address], "labels": labels}
