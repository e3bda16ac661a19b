"""Receives mail as a mail server does, bounded in size, time, recipients and connections."""

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
        """Nobody is in yet."""
        self.open = 0

    def full(self) -> bool:
        """Return whether one more is too many."""
        return self.open > _MAXIMUM_CONNECTIONS


class MailServer(SMTP):
    """One connection: aiosmtpd's protocol with an end to what a stranger may take of memory and time."""

    line_length_limit = 64 * 1024  # the standard's 1000 would refuse HTML that some write in one line

    def __init__(self, mailbox: Mailbox, door: ConnectionLimit) -> None:
        """Take where messages go, and the count all connections share."""
        super().__init__(
            _MailHandler(mailbox), hostname="inbox", ident="pantrywatch inbox",
            data_size_limit=MAXIMUM_BODY_BYTES, timeout=_IDLE_SECONDS, enable_SMTPUTF8=True,
        )  # fmt: skip
        self._door = door
        self._received_bytes = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Let the client in, or say that too many are here: it is told to come again."""
        super().connection_made(transport)
        self._door.open += 1
        stream: Any = transport
        asyncio.get_running_loop().call_later(_CONNECTION_SECONDS, stream.abort)
        if self._door.full():
            stream.write(b"421 4.3.2 too many connections, try again later\r\n")
            stream.close()

    def connection_lost(self, error: Exception | None) -> None:
        """Make room for the next one."""
        self._door.open -= 1
        super().connection_lost(error)

    def data_received(self, data: bytes) -> None:
        """Pass bytes on; aiosmtpd itself keeps a line without an end for as long as it grows."""
        self._received_bytes += len(data)
        if self._received_bytes > 4 * MAXIMUM_BODY_BYTES:
            stream: Any = self.transport
            stream.abort()
            return
        super().data_received(data)


class _MailHandler:
    """aiosmtpd's handler: the answer 250 is given only once the message is kept."""

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
            return f"452 4.3.1 could not keep it: {error.strerror}"
        return f"250 OK message {message.id}"
