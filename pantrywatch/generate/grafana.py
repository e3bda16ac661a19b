"""Grafana's provisioning: its data sources, and the folder of the boards."""

from __future__ import annotations

from typing import Any

from exporters.core.access import WebSettings
from pantrywatch.config.scale import Store
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
    scale = settings.scale
    if scale and scale.store:
        samples = _store(scale.store, scale.query_parameters(), layout, prometheus)
    else:
        samples = _data_source("prometheus", layout.prometheus, settings, layout, prometheus)
    return {
        "datasources/prometheus.yml": samples,
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
    source = _source(kind, layout.url(address, web), more)
    return {"apiVersion": 1, "datasources": [source | _access(web, layout, source["jsonData"])]}


def _store(store: Store, cluster: str, layout: Layout, more: dict[str, Any]) -> dict[str, Any]:
    """Return the data source of samples where a store has them: it has a login of its own, and other installations."""
    access, secrets = store.access(), {}
    json_data = {**more["jsonData"], "customQueryParameters": cluster}
    found: dict[str, Any] = {}
    if access.username is not None:
        found |= {"basicAuth": True, "basicAuthUser": access.username}
        secrets["basicAuthPassword"] = f"$__file{{{layout.store_file(str(access.password_file))}}}"
    if access.token_file is not None:
        json_data["httpHeaderName1"] = "Authorization"
        secrets["httpHeaderValue1"] = f"Bearer $__file{{{layout.store_file(access.token_file)}}}"
    if access.ca_file is not None:
        json_data["tlsAuthWithCACert"] = True
        secrets["tlsCACert"] = f"$__file{{{layout.store_file(access.ca_file)}}}"
    if access.server_name is not None:
        json_data["serverName"] = access.server_name
    source = _source("prometheus", store.url.rstrip("/"), more) | found | {"jsonData": json_data}
    return {"apiVersion": 1, "datasources": [source | ({"secureJsonData": secrets} if secrets else {})]}


def _source(kind: str, url: str, more: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": kind.capitalize(),
        "uid": f"crm-{kind}",
        "type": kind,
        "access": "proxy",
        "url": url,
        "editable": False,
        **more,
    }


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
