"""Paths and addresses of a stack: everything its configuration needs besides the settings.

The native stack and the containers each build one; the generator does not know which it is for.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from exporters.core.access import WebSettings
from pantrywatch.web.config_files import COPIES, WebPaths

# The path, for a server, of a file named in the settings.
SecretPath = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Pace:
    """How often Prometheus scrapes and evaluates, in Prometheus' duration format."""

    scrape_interval: str = "15s"
    scrape_timeout: str = "10s"
    evaluation_interval: str = "15s"


@dataclass(frozen=True, slots=True)
class WebFiles:
    """Where each server finds its copies of the files named in the section `web`."""

    prometheus: WebPaths = COPIES
    alertmanager: WebPaths = COPIES
    grafana: WebPaths = COPIES


@dataclass(frozen=True, slots=True)
class Layout:
    """Addresses are `host:port`; `scheduler`: None where there is none.

    `exporters`: exporter → address, of those that run here. `processes`: the exporters' processes, by the label
    `instance` of their own metrics → an exporter it serves. `optional`: exporter → address of one that comes and
    goes; it is looked up by name, and a name that does not resolve is not a target rather than one that is down.
    `secret`, `scrape_file`, `store_file`: where Alertmanager, Prometheus and Grafana find a file named in the settings.
    """

    exporters: Mapping[str, str]
    processes: Mapping[str, str]
    prometheus: str
    alertmanager: str
    scheduler: str | None = None
    secret: SecretPath = str
    scrape_file: SecretPath = str
    store_file: SecretPath = str
    optional: Mapping[str, str] = field(default_factory=dict)
    web_files: WebFiles = field(default_factory=WebFiles)
    pace: Pace = field(default_factory=Pace)

    def url(self, address: str, web: WebSettings) -> str:
        """Return the URL of one of the stack's own servers."""
        return f"{'https' if web.tls else 'http'}://{address}"
