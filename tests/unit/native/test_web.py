"""What `./run up` lays out for Grafana with and without a `web` section; no Grafana is needed to read it."""

from __future__ import annotations

from pathlib import Path

import yaml

from exporters.core.access import WebClient, WebSettings, WebUser
from pantrywatch.native.addresses import Addresses
from pantrywatch.native.configuration import Options, write_grafana
from pantrywatch.native.state_dir import ROOT, State

_WEB = WebSettings(
    "/s/server.pem",
    "/s/server.key",
    "/s/ca.pem",
    "crm",
    (WebUser("reader", "/s/hash"),),
    WebClient("reader", "/s/word"),
)


def _laid(folder: Path, web: WebSettings) -> dict[str, str]:
    write_grafana(Options(State(folder), Addresses(), web=web))
    laid = folder / "run/grafana"
    return {str(file.relative_to(laid)): file.read_text() for file in laid.rglob("*.yml")}


def test_without_the_section_it_is_what_the_containers_have(tmp_path: Path) -> None:
    """Every file of the repository's folder, as it stands there."""
    source = ROOT / "provisioning/grafana"
    assert _laid(tmp_path, WebSettings()) == {
        str(file.relative_to(source)): file.read_text() for file in source.rglob("*.yml")
    }


def test_with_it_both_sources_log_in_by_references_to_files(tmp_path: Path) -> None:
    """The name stands there, password and authority as the paths that Grafana reads itself."""
    laid = _laid(tmp_path, _WEB)
    for file in ("datasources/prometheus.yml", "datasources/alertmanager.yml"):
        (source,) = yaml.safe_load(laid[file])["datasources"]
        assert (source["basicAuth"], source["basicAuthUser"]) == (True, "reader")
        assert source["jsonData"]["serverName"] == "crm"
        assert source["secureJsonData"] == {"basicAuthPassword": "$__file{/s/word}", "tlsCACert": "$__file{/s/ca.pem}"}
