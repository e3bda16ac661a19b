"""From settings.yaml to the addresses Prometheus scrapes: the files of file_sd, one a job."""

from __future__ import annotations

from typing import Any

from exporters.settings import Settings
from pantrywatch.addresses import Addresses


def scrape_targets(settings: Settings, addresses: Addresses) -> dict[str, list[dict[str, Any]]]:
    """Return job → target groups in the form of Prometheus' file_sd, for exporters that share one process."""
    exporters = addresses.address("exporters")
    names = {
        "database": [target.name for target in settings.database],
        "cache": [target.name for target in settings.cache],
        "host": [settings.host.name] if settings.host else [],
        "synthetic": ["local"] if settings.synthetic else [],
    }
    groups = {job: [_target(exporters, job, name) for name in found] for job, found in names.items()}
    groups["application"] = [
        {"targets": [endpoint.address], "labels": {"__metrics_path__": endpoint.path, "instance": endpoint.name}}
        for endpoint in settings.application
    ]
    groups["exporter"] = [
        {"targets": [exporters], "labels": {"__metrics_path__": "/metrics/self", "instance": "exporters"}}
    ]
    groups["prometheus"] = [{"targets": [addresses.address("prometheus")], "labels": {"instance": "prometheus"}}]
    groups["alertmanagers"] = [{"targets": [addresses.address("alertmanager")], "labels": {"instance": "alertmanager"}}]
    return groups


def _target(address: str, exporter: str, name: str) -> dict[str, Any]:
    labels = {"__metrics_path__": f"/metrics/{exporter}", "__param_target": name, "instance": name}
    return {"targets": [address], "labels": labels}
