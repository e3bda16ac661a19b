"""Grafana's provisioning: its data sources, and the folder of the boards."""

from __future__ import annotations

from typing import Any

from exporters.core.access import WebSettings
from pantrywatch.config.settings import Settings
from pantrywatch.generate.layout import Layout


def data_source_files(settings: Settings, layout: Layout) -> dict[str, dict[str, Any]]:
    """Return file → document: Prometheus for every board, and Alertmanager for silences and notifications."""
    prometheus = {
        "isDefault": True,
        # Grafana derives $__rate_interval from it: if it differs from Prometheus' interval, rates miss samples.
        "jsonData": {
            "httpMethod": "POST",
            "timeInterval": layout.pace.scrape_interval,
            "prometheusType": "Prometheus",
        },
    }
    return {
        "datasources/prometheus.yml": _data_source("prometheus", layout.prometheus, settings, layout, prometheus),
        "datasources/alertmanager.yml": _data_source(
            "alertmanager", layout.alertmanager, settings, layout, {"jsonData": {"implementation": "prometheus"}}
        ),
    }


def board_provider() -> dict[str, Any]:
    """Return the document with the folder of the boards, which Grafana takes from its environment."""
    provider = {
        "name": "pantrywatch",
        "type": "file",
        "disableDeletion": True,
        "allowUiUpdates": False,
        "updateIntervalSeconds": 30,
        "options": {"path": "$PANTRYWATCH_BOARDS_FOLDER", "foldersFromFilesStructure": True},
    }
    return {"apiVersion": 1, "providers": [provider]}


def _data_source(kind: str, address: str, settings: Settings, layout: Layout, more: dict[str, Any]) -> dict[str, Any]:
    web = settings.web or WebSettings()
    source = {
        "name": kind.capitalize(),
        "uid": f"crm-{kind}",
        "type": kind,
        "access": "proxy",
        "url": layout.url(address, web),
        "editable": False,
        **more,
    }
    return {"apiVersion": 1, "datasources": [source | _access(web, layout, source["jsonData"])]}


def _access(web: WebSettings, layout: Layout, json_data: dict[str, Any]) -> dict[str, Any]:
    """Return login and CA, with secrets as references to their files."""
    found: dict[str, Any] = {}
    paths, secrets = layout.web_files.grafana, {}
    if web.client:
        found |= {"basicAuth": True, "basicAuthUser": web.client.username}
        secrets["basicAuthPassword"] = f"$__file{{{paths.password}}}"
    if web.tls and web.ca_file:
        json_data = {**json_data, "tlsAuthWithCACert": True}
        secrets["tlsCACert"] = f"$__file{{{paths.ca}}}"
    if web.tls and web.server_name:
        json_data = {**json_data, "serverName": web.server_name}
    return {**found, "jsonData": json_data} | ({"secureJsonData": secrets} if secrets else {})
