"""Alertmanager's configuration as files."""

from __future__ import annotations

from exporters.core.access import WebSettings
from pantrywatch.config.settings import Settings
from pantrywatch.generate.alertmanager.configuration import alertmanager, links_template
from pantrywatch.generate.alertmanager.receivers import HttpAccess, SecretPath
from pantrywatch.generate.yaml_output import HEADER, dump
from pantrywatch.web.config_files import COPIES, WebPaths, client


def alertmanager_files(settings: Settings, secret: SecretPath, web_paths: WebPaths = COPIES) -> dict[str, str]:
    """Return name → text of Alertmanager's configuration and of the template with this installation's addresses.

    `web_paths`: where it finds what it needs to be let in by what is ours.
    """
    section = settings.notifications
    web = settings.web or WebSettings()
    way = HttpAccess(secret, section.ours if section else (), client(web, web_paths))
    header = HEADER.format(source="settings.yaml")
    return {
        "alertmanager.yml": header + dump(alertmanager(section, way)),
        "templates/links.tmpl": f"{{{{/* {header[2:-1]} */}}}}\n" + links_template(section.links if section else None),
    }
