"""Runs the inbox: HTTP and mail in one process, one event loop."""

from __future__ import annotations

import asyncio
import logging
import socket
from pathlib import Path

from exporters.core.server import listen
from pantrywatch.inbox.mail_server import Door, MailServer
from pantrywatch.inbox.mailbox import Mailbox
from pantrywatch.inbox.web import inbox_application
from pantrywatch.web_server import serve_web

logger = logging.getLogger(__name__)


def serve_inbox(web_address: str, mail_address: str, keep: Path | None) -> int:
    """Take messages until SIGTERM or Ctrl-C. Raises ConfigError: an address that is taken, a folder without access."""
    web, mail = listen(web_address), listen(mail_address, "--smtp")
    mailbox = Mailbox(keep)
    logger.info("web=http://%s mail=%s taking messages", web_address, mail_address)
    asyncio.run(_serve(mailbox, web, mail))
    return 0


async def _serve(mailbox: Mailbox, web: socket.socket, mail: socket.socket) -> None:
    door = Door()
    async with await asyncio.get_running_loop().create_server(lambda: MailServer(mailbox, door), sock=mail):
        await serve_web(inbox_application(mailbox), web)
