"""Contacts as Alertmanager's receivers: one for each contact, set of channels and delay that a route names."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from pantrywatch.config.notifications.contacts import Contact, MailServer, Webhook
from pantrywatch.config.notifications.own_urls import is_own
from pantrywatch.config.notifications.settings import Notifications
from pantrywatch.generate.layout import SecretPath


@dataclass(frozen=True, slots=True)
class HttpAccess:
    """How Alertmanager reaches a receiver: the paths of secret files, and the HTTP client for our own services."""

    secret: SecretPath
    own_addresses: tuple[str, ...] = ()
    client: Mapping[str, Any] | None = None

    def http(self, url: str, own: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Return `http_config` for a URL if one is needed; the receiver's own login takes precedence."""
        # A copy each: YAML would write a shared object as an anchor.
        client = deepcopy(dict(self.client or {})) if is_own(url, self.own_addresses) else {}
        if own:
            client.pop("basic_auth", None)
        config = client | dict(own or {})
        return {"http_config": config} if config else {}


NOBODY = "nobody"
HEARTBEAT = "heartbeat"
# A message with thousands of alerts helps nobody and may be refused; it gives the number of those left out.
_MOST_ALERTS = 100


def receiver_name(contact: Contact, by: tuple[str, ...], after: str | None) -> str:
    """Return the receiver's name: contact, channels, and for later steps `after`, which their messages quote."""
    channels = "+".join(by or contact.channels)
    return f"{contact.name} by {channels}" + (f" after {after}" if after else "")


def receiver(name: str, contact: Contact, by: tuple[str, ...], way: HttpAccess) -> dict[str, Any]:
    """Return one receiver."""
    channels = {channel: _CHANNELS[channel](contact, way) for channel in by or contact.channels}
    return {"name": name} | {_KEYS.get(channel, f"{channel}_configs"): [config] for channel, config in channels.items()}


def heartbeat(section: Notifications, way: HttpAccess) -> dict[str, Any]:
    """Return the receiver of Watchdog; after an error response, the next attempt is the next beat."""
    token = section.heartbeat.token_file
    own = {"authorization": {"credentials_file": way.secret(token)}} if token else None
    configs = [
        {"url": url, "send_resolved": False, "max_alerts": 1}
        | way.http(url, own if is_own(url, way.own_addresses) else None)
        for url in section.heartbeat.urls
    ]
    return {"name": HEARTBEAT} | ({"webhook_configs": configs} if configs else {})


def mail_server(server: MailServer, secret: SecretPath) -> dict[str, Any]:
    """Return the global mail settings."""
    found: dict[str, Any] = {
        "smtp_smarthost": server.server,
        "smtp_from": server.sender,
        "smtp_require_tls": server.tls,
    }
    if server.user is not None and server.password_file is not None:
        found |= {"smtp_auth_username": server.user, "smtp_auth_password_file": secret(server.password_file)}
    return found


def _email(contact: Contact, _way: HttpAccess) -> dict[str, Any]:
    return {
        "to": contact.email,
        "send_resolved": True,
        "headers": {"Subject": '{{ template "pantrywatch.title" . }}'},
        "html": '{{ template "pantrywatch.html" . }}',
        "text": '{{ template "pantrywatch.text" . }}',
    }


def _slack(contact: Contact, way: HttpAccess) -> dict[str, Any]:
    slack = contact.slack
    assert slack is not None
    address: dict[str, Any] = {}
    if slack.url is not None:
        address = {"api_url": slack.url} | way.http(slack.url)
    elif slack.url_file is not None:
        address = {"api_url_file": way.secret(slack.url_file)}
    return address | {
        "channel": slack.channel,
        "send_resolved": True,
        "username": "pantrywatch",
        "color": '{{ template "pantrywatch.color" . }}',
        "title": '{{ template "pantrywatch.slack.title" . }}',
        "title_link": '{{ template "pantrywatch.link" . }}',
        "fallback": '{{ template "pantrywatch.slack.title" . }}',
        "text": '{{ template "pantrywatch.slack" . }}',
    }


def _webhook(contact: Contact, way: HttpAccess) -> dict[str, Any]:
    webhook = contact.webhook
    assert webhook is not None
    client = way.http(webhook.url, _authorization(webhook, way.secret))
    return {"url": webhook.url, "send_resolved": True, "max_alerts": _MOST_ALERTS} | client


def _authorization(webhook: Webhook, secret: SecretPath) -> dict[str, Any]:
    if webhook.token_file is not None:
        return {"authorization": {"credentials_file": secret(webhook.token_file)}}
    if webhook.password_file is not None:
        return {"basic_auth": {"username": webhook.user, "password_file": secret(webhook.password_file)}}
    return {}


def _pagerduty(contact: Contact, way: HttpAccess) -> dict[str, Any]:
    pagerduty = contact.pagerduty
    assert pagerduty is not None
    return way.http(pagerduty.url) | {
        "url": pagerduty.url,
        "routing_key_file": way.secret(pagerduty.key_file),
        "send_resolved": True,
        "severity": '{{ template "pantrywatch.pagerduty.severity" . }}',
        "description": '{{ template "pantrywatch.title" . }}',
        "client": "pantrywatch",
        "client_url": '{{ template "pantrywatch.link" . }}',
        "details": {"text": '{{ template "pantrywatch.text" . }}'},
    }


def _opsgenie(contact: Contact, way: HttpAccess) -> dict[str, Any]:
    opsgenie = contact.opsgenie
    assert opsgenie is not None
    return way.http(opsgenie.url) | {
        "api_key_file": way.secret(opsgenie.key_file),
        "api_url": opsgenie.url,
        "send_resolved": True,
        "message": '{{ template "pantrywatch.title" . }}',
        "description": '{{ template "pantrywatch.text" . }}',
        "source": '{{ template "pantrywatch.link" . }}',
        "priority": '{{ template "pantrywatch.opsgenie.priority" . }}',
    }


def _msteams(contact: Contact, way: HttpAccess) -> dict[str, Any]:
    assert contact.msteams is not None
    return {
        "webhook_url_file": way.secret(contact.msteams.url_file),
        "send_resolved": True,
        "title": '{{ template "pantrywatch.msteams.title" . }}',
        "text": '{{ template "pantrywatch.msteams" . }}',
    }


# Workflows replaced the connectors that `msteams_configs` is for.
_KEYS = {"msteams": "msteamsv2_configs"}
_CHANNELS: dict[str, Callable[[Contact, HttpAccess], dict[str, Any]]] = {
    "email": _email,
    "slack": _slack,
    "webhook": _webhook,
    "pagerduty": _pagerduty,
    "opsgenie": _opsgenie,
    "msteams": _msteams,
}
