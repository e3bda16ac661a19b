"""An SMTP server, bounded in size, time, recipients and connections."""

from __future__ import annotations

import asyncio
from typing import Any

from aiosmtpd.smtp import SMTP, Envelope, Session

from pantrywatch.inbox.mail import read_mail
from pantrywatch.inbox.mailbox import Mailbox
from pantrywatch.web.server import MAXIMUM_BODY_BYTES

_MAXIMUM_CONNECTIONS = 64
_MAXIMUM_RECIPIENTS = 50
_IDLE_SECONDS = 30.0
_CONNECTION_SECONDS = 120.0


class ConnectionLimit:
    """Counts the open connections of one listener."""

    def __init__(self) -> None:
        """Start without open connections."""
        self.open = 0

    def full(self) -> bool:
        """Return whether the limit is reached."""
        return self.open > _MAXIMUM_CONNECTIONS


class MailServer(SMTP):
    """One connection: aiosmtpd's protocol with limits on the memory and time an untrusted client can use."""

    line_length_limit = 64 * 1024  # the standard's 1000 would refuse HTML written in one line

    def __init__(self, mailbox: Mailbox, door: ConnectionLimit) -> None:
        """Take the mailbox, and the connection limit that all connections share."""
        super().__init__(
            _MailHandler(mailbox), hostname="inbox", ident="pantrywatch inbox",
            data_size_limit=MAXIMUM_BODY_BYTES, timeout=_IDLE_SECONDS, enable_SMTPUTF8=True,
        )  # fmt: skip
        self._door = door
        self._received_bytes = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Accept the client, or reply 421 (try again later) at the limit."""
        super().connection_made(transport)
        self._door.open += 1
        stream: Any = transport
        asyncio.get_running_loop().call_later(_CONNECTION_SECONDS, stream.abort)
        if self._door.full():
            stream.write(b"421 4.3.2 too many connections, try again later\r\n")
            stream.close()

    def connection_lost(self, error: Exception | None) -> None:
        """Give the connection's slot back."""
        self._door.open -= 1
        super().connection_lost(error)

    def data_received(self, data: bytes) -> None:
        """Pass bytes on within the limit: aiosmtpd itself buffers an endless line without limit."""
        self._received_bytes += len(data)
        if self._received_bytes > 4 * MAXIMUM_BODY_BYTES:
            stream: Any = self.transport
            stream.abort()
            return
        super().data_received(data)


class _MailHandler:
    """aiosmtpd's handler: it replies 250 only after the message is stored."""

    def __init__(self, mailbox: Mailbox) -> None:
        self._mailbox = mailbox

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        if len(envelope.rcpt_tos) >= _MAXIMUM_RECIPIENTS:
            return f"452 4.5.3 expected at most {_MAXIMUM_RECIPIENTS} recipients"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(  # noqa: N802 - aiosmtpd's name
        self, _server: SMTP, _session: Session, envelope: Envelope
    ) -> str:
        content, recipients = envelope.original_content or b"", list(envelope.rcpt_tos)
        try:
            message = await asyncio.to_thread(lambda: self._mailbox.add(read_mail(content, recipients)))
        except OSError as error:
            return f"452 4.3.1 could not store the message: {error.strerror}"
        return f"250 OK message {message.id}"
