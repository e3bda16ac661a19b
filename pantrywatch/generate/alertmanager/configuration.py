"""Alertmanager's configuration as a whole, valid for 0.25 and current versions, and the links in its templates."""

from __future__ import annotations

from typing import Any

from pantrywatch.config.notifications.settings import Links, Notifications
from pantrywatch.generate.alertmanager.inhibition import INHIBITIONS
from pantrywatch.generate.alertmanager.receivers import (
    NOBODY,
    HttpAccess,
    heartbeat,
    mail_server,
    receiver,
    receiver_name,
)
from pantrywatch.generate.alertmanager.routes import route_tree, tellings
from pantrywatch.generate.alertmanager.schedules import time_intervals

TEMPLATES = "templates/*.tmpl"


def alertmanager(section: Notifications | None, way: HttpAccess, templates: str = TEMPLATES) -> dict[str, Any]:
    """Return alertmanager.yml as a document; without the section nobody is notified."""
    inhibition = [inhibited.rule() for inhibited in INHIBITIONS]
    if section is None:
        return {"route": {"receiver": NOBODY}, "inhibit_rules": inhibition, "receivers": [{"name": NOBODY}]}
    return {
        "global": mail_server(section.email, way.secret) if section.email else {},
        "templates": [templates],
        "time_intervals": time_intervals(section),
        "route": route_tree(section),
        "inhibit_rules": inhibition,
        "receivers": [{"name": NOBODY}, heartbeat(section, way), *_receivers(section, way)],
    }


def links_template(links: Links | None) -> str:
    """Return the template file with the addresses of this installation, used by the other templates.

    If the pages of docs/ are not served anywhere, a message names their files.
    """
    boards, alertmanager, runbooks = (
        getattr(links, name, "").rstrip("/") for name in ("boards", "alertmanager", "runbooks")
    )
    page, terms = "{{ .Annotations.runbook_url }}", "docs/terms.md"
    # An alert of other rules may name a whole address.
    elsewhere = '{{ if match "^https?://" .Annotations.runbook_url }}'
    base = f"{runbooks}/" if runbooks else ""
    here = _anchor(f"{base}{page}", page) if runbooks else page
    definitions = {
        "boards": boards,
        "alertmanager": alertmanager,
        "runbooks": base,
        "runbook": f"{elsewhere}{{{{ else }}}}{base}{{{{ end }}}}{page}",
        "html.runbook": f"{elsewhere}{_anchor(page, page)}{{{{ else }}}}{here}{{{{ end }}}}",
        "terms": f"{base}{terms}",
        "html.terms": _anchor(f"{base}{terms}", terms) if runbooks else terms,
    }
    return "".join(f'{{{{ define "pantrywatch.{name}" }}}}{text}{{{{ end }}}}\n' for name, text in definitions.items())


def _anchor(address: str, text: str) -> str:
    return f'<a href="{address}" style="color:#0b57d0">{text}</a>'


def _receivers(section: Notifications, way: HttpAccess) -> list[dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for telling in tellings(section):
        contact = section.contact(telling.step.notify)
        name = receiver_name(contact, telling.step.channels, telling.after)
        found[name] = receiver(name, contact, telling.step.channels, way)
    return list(found.values())
