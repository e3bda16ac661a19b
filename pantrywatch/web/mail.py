"""Sends mail through the server of the settings, without Alertmanager."""

from __future__ import annotations

import smtplib
import ssl
from contextlib import suppress
from dataclasses import dataclass
from email.message import EmailMessage

from exporters.core.field_checks import host_and_port
from exporters.core.server_name import server_name
from exporters.core.settings import Secret

_TIMEOUT_SECONDS = 15.0
_TLS_PORT = 465


@dataclass(frozen=True, slots=True)
class MailRoute:
    """A mail server (`host:port`), and the login there where it asks for one."""

    server: str
    tls: bool
    user: str | None = None
    password: Secret | None = None

    def send(self, mail: EmailMessage) -> None:
        """Send a mail to those in its `To`. Raises OSError (the base of smtplib's errors) if it was not accepted."""
        client = self._connected()
        try:
            if self.user is not None and self.password is not None:
                client.login(self.user, self.password.reveal())
            client.send_message(mail)
            with suppress(OSError):  # the mail is taken, whatever the goodbye is
                client.quit()
        finally:
            client.close()

    def _connected(self) -> smtplib.SMTP:
        """Return a connection, with TLS to a verified server: smtplib's own contexts verify nothing."""
        host, port = host_and_port(self.server)
        host, context = server_name(host), ssl.create_default_context()
        if self.tls and port == _TLS_PORT:
            return smtplib.SMTP_SSL(host, port, timeout=_TIMEOUT_SECONDS, context=context)
        client = smtplib.SMTP(host, port, timeout=_TIMEOUT_SECONDS)
        if self.tls:
            try:
                client.starttls(context=context)
            except BaseException:
                client.close()
                raise
        return client
