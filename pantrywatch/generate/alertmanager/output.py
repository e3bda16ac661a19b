"""Alertmanager's configuration as files."""

from __future__ import annotations

from exporters.core.access import WebSettings
from pantrywatch.config.settings import Settings
from pantrywatch.config.yaml_output import HEADER, dump
from pantrywatch.generate.alertmanager.configuration import TEMPLATES, alertmanager, links_template
from pantrywatch.generate.alertmanager.receivers import HttpAccess
from pantrywatch.generate.layout import Layout
from pantrywatch.web.config_files import client


def alertmanager_files(settings: Settings, layout: Layout, templates: str = TEMPLATES) -> dict[str, str]:
    """Return name → text of Alertmanager's configuration and of the template with this installation's addresses.

    `templates`: where it finds all of them, a pattern.
    """
    section = settings.notifications
    web = settings.web or WebSettings()
    own = section.own_addresses if section else ()
    access = HttpAccess(layout.secret, own, client(web, layout.web_files.alertmanager))
    header = HEADER.format(source="settings.yaml")
    return {
        "alertmanager.yml": header + dump(alertmanager(section, access, templates)),
        "templates/links.tmpl": f"{{{{/* {header[2:-1]} */}}}}\n" + links_template(section.links if section else None),
    }
