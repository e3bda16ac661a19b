"""What `./run up` lays out for Grafana with and without a `web` section; no Grafana is needed to read it."""

from __future__ import annotations

from pathlib import Path

import yaml

from exporters.core.access import WebClient, WebSettings, WebUser
from pantrywatch.config.settings import Settings
from pantrywatch.generate.render import files_for, render
from pantrywatch.native.addresses import Addresses
from pantrywatch.native.configuration import Options, native_layout
from pantrywatch.native.state_dir import State

_WEB = WebSettings(
    "/s/server.pem",
    "/s/server.key",
    "/s/ca.pem",
    "crm",
    users=(WebUser("reader", "/s/hash"),),
    client=WebClient("reader", "/s/word"),
)


def _grafana(folder: Path, web: WebSettings) -> dict[str, str]:
    options = Options(State(folder), Addresses(secure=web.tls), web=web)
    layout = native_layout(options, folder / "settings.yaml", browser=True)
    return files_for("grafana", render(Settings(environment="test", web=web), layout))


def test_without_the_section_nobody_logs_in(tmp_path: Path) -> None:
    """Both sources are asked in the clear on loopback, and no secret is referred to."""
    files = _grafana(tmp_path, WebSettings())
    for file, port in (("datasources/prometheus.yml", 19090), ("datasources/alertmanager.yml", 19093)):
        (source,) = yaml.safe_load(files[file])["datasources"]
        assert source["url"] == f"http://127.0.0.1:{port}"
        assert not {"basicAuth", "secureJsonData"} & source.keys()


def test_with_it_both_sources_log_in_by_references_to_files(tmp_path: Path) -> None:
    """The name stands there, password and authority as the paths that Grafana reads itself."""
    laid = _grafana(tmp_path, _WEB)
    for file in ("datasources/prometheus.yml", "datasources/alertmanager.yml"):
        (source,) = yaml.safe_load(laid[file])["datasources"]
        assert source["url"].startswith("https://127.0.0.1:")
        assert (source["basicAuth"], source["basicAuthUser"]) == (True, "reader")
        assert source["jsonData"]["serverName"] == "crm"
        assert source["secureJsonData"] == {"basicAuthPassword": "$__file{/s/word}", "tlsCACert": "$__file{/s/ca.pem}"}
