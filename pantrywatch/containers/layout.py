"""The layout of docker-compose.yml: a container for each exporter, and one volume of configuration."""

from __future__ import annotations

from pathlib import Path

from pantrywatch.config.components import components
from pantrywatch.generate.layout import Layout, WebFiles
from pantrywatch.web.config_files import in_folder

# Where the volume is mounted, in every container.
MOUNT = "/run/pantrywatch"
_PORT = 9690
# Exporters whose container comes and goes with a profile of the compose file.
_PROFILED = ("browser", "rum", "access_log", "database_log")


def container_layout() -> Layout:
    """Return the addresses by which the containers reach each other."""
    addresses = {one.job: f"{one.container}:{_PORT}" for one in components().exporters()}
    always = {job: address for job, address in addresses.items() if job not in _PROFILED}
    return Layout(
        exporters=always,
        processes={address.partition(":")[0]: job for job, address in always.items()},
        prometheus="prometheus:9090",
        alertmanager="alertmanager:9093",
        scheduler="scheduler:9096",
        secret=lambda file: f"{MOUNT}/alertmanager/secrets/{Path(file).name}",
        scrape_file=lambda file: f"secrets/{Path(file).name}",  # next to prometheus.yml
        store_file=lambda file: f"{MOUNT}/grafana/secrets/{Path(file).name}",
        optional={job: addresses[job] for job in _PROFILED},
        web_files=WebFiles(grafana=in_folder(f"{MOUNT}/grafana")),
    )
