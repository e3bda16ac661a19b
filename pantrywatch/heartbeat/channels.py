"""The heartbeat's notifications: mail and webhook to the contacts in settings.yaml, without Alertmanager."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from email.message import EmailMessage
from pathlib import Path
from typing import Protocol

from exporters.core.access import WebSettings
from exporters.core.errors import ConfigError, ConfigProblem
from exporters.core.settings import Secret, secret_from
from pantrywatch.config.notifications.contacts import MailServer, Webhook
from pantrywatch.config.notifications.own_urls import is_own
from pantrywatch.config.notifications.settings import Notifications
from pantrywatch.heartbeat.message import Notice
from pantrywatch.web.client import session
from pantrywatch.web.mail import MailRoute

_TIMEOUT_SECONDS = 15.0


class Channel(Protocol):
    """One channel of a contact; `name` is stable across restarts."""

    @property
    def name(self) -> str: ...

    def tell(self, notice: Notice) -> None:
        """Send. Raises OSError (the base of smtplib's and requests' errors) if it was not accepted."""


@dataclass(frozen=True, slots=True)
class Mail:
    """A contact's mail address."""

    name: str
    server: MailServer
    address: str
    password: Secret | None

    def tell(self, notice: Notice) -> None:
        """Send a mail through the server of the settings. Raises OSError."""
        mail = EmailMessage()
        mail["Subject"], mail["From"], mail["To"] = notice.title, self.server.sender, self.address
        mail.set_content(notice.text)
        MailRoute(self.server.server, self.server.tls, self.server.user, self.password).send(mail)


@dataclass(frozen=True, slots=True)
class Hook:
    """A contact's webhook, which accepts Alertmanager's JSON."""

    name: str
    webhook: Webhook
    secret: Secret | None
    web: WebSettings
    own: bool  # a service of ours: reached without a proxy

    def tell(self, notice: Notice) -> None:
        """Post. Raises OSError, including for a response other than 2xx."""
        headers, login = {}, None
        if self.secret is not None and self.webhook.user is None:
            headers["Authorization"] = f"Bearer {self.secret.reveal()}"
        elif self.secret is not None and self.webhook.user is not None:
            login = (self.webhook.user, self.secret.reveal())
        with session(self.web) as http:
            http.trust_env = not self.own
            answer = http.post(
                self.webhook.url, json=notice.as_alertmanager(), headers=headers, auth=login,
                timeout=_TIMEOUT_SECONDS, allow_redirects=False,
            )  # fmt: skip
        if not answer.ok:
            raise ConnectionError(f"status {answer.status_code}")


def channels_of(section: Notifications, web: WebSettings, file: str) -> list[Channel]:
    """Return the channels of `heartbeat.notify`. Raises ConfigError for no or unreachable contacts, and for secrets.

    `web`, with absolute paths, gives CA and login of our own services.
    Slack and PagerDuty are left to Alertmanager: the heartbeat must depend on as little as possible.
    """
    faults: list[ConfigProblem] = []
    found: list[Channel] = []
    for name in section.heartbeat.notify:
        try:
            own = list(_channels(section, web, name, file))
        except ConfigError as error:
            faults += error.problems
            continue
        found += own
        if not own:
            faults.append(
                ConfigProblem(file, "notifications.heartbeat.notify", f"expected {name} to have email or webhook")
            )
    if not section.heartbeat.notify:
        faults.append(
            ConfigProblem(
                file,
                "notifications.heartbeat.notify",
                "expected the contacts to notify when Watchdog is missing, got none",
            )
        )
    if faults:
        raise ConfigError(faults)
    return found


def _channels(section: Notifications, web: WebSettings, name: str, file: str) -> Iterator[Channel]:
    contact = section.contact(name)
    if contact.email is not None and section.email is not None:
        password = _secret(section.email.password_file, "notifications.email.password", file)
        yield Mail(f"email {name}", section.email, contact.email, password)
    if contact.webhook is not None:
        entry = f"notifications.contacts.{name}.webhook"
        secret = _secret(contact.webhook.token_file, f"{entry}.token", file)
        secret = secret or _secret(contact.webhook.password_file, f"{entry}.password", file)
        # The URL's own login takes precedence, and third parties get neither our login nor our CA.
        own = is_own(contact.webhook.url, section.own_addresses)
        client = web if own else WebSettings()
        yield Hook(f"webhook {name}", contact.webhook, secret, replace(client, client=None) if secret else client, own)


def _secret(secret_file: str | None, entry: str, settings_file: str) -> Secret | None:
    return None if secret_file is None else secret_from(None, secret_file, entry, str(Path(settings_file)))
