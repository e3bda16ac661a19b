"""Alertmanager's configuration as files."""

from __future__ import annotations

from exporters.settings import Settings
from pantrywatch.alertmanager.configuration import alertmanager, links_template
from pantrywatch.alertmanager.receivers import SecretPath
from pantrywatch.generated import HEADER, dump


def alertmanager_files(settings: Settings, secret: SecretPath) -> dict[str, str]:
    """Return name → text of Alertmanager's configuration and of the template with this installation's addresses."""
    section = settings.notifications
    header = HEADER.format(source="settings.yaml")
    return {
        "alertmanager.yml": header + dump(alertmanager(section, secret)),
        "templates/links.tmpl": f"{{{{/* {header[2:-1]} */}}}}\n" + links_template(section.links if section else None),
    }
