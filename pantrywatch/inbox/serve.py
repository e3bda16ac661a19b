"""Runs the inbox: HTTP and mail in one process, one event loop."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Awaitable, Callable
from pathlib import Path

from exporters.core.access import WebSettings, with_login
from exporters.core.origin import own_pages_only
from exporters.core.server import listen
from pantrywatch.config.settings import read_settings
from pantrywatch.inbox.mail_server import ConnectionLimit, MailServer
from pantrywatch.inbox.mailbox import Mailbox
from pantrywatch.inbox.web import inbox_application
from pantrywatch.web.server import serve_web

logger = logging.getLogger(__name__)


def serve_inbox(web_address: str, mail_address: str, keep: Path | None, settings_file: Path | None = None) -> int:
    """Receive messages until SIGTERM or Ctrl-C; the `web` section of the settings applies to HTTP, not to mail.

    Raises ConfigError for problems with the settings, an address in use, or an inaccessible folder.
    """
    mailbox = Mailbox(keep)
    section = (read_settings(settings_file).web if settings_file else None) or WebSettings()
    application, tls = with_login(inbox_application(mailbox), section, str(settings_file))
    application = own_pages_only(application, web_address, section.names)
    web, mail = listen(web_address), listen(mail_address, "--smtp")
    logger.info("web=%s://%s mail=%s taking messages", "https" if tls else "http", web_address, mail_address)
    asyncio.run(_serve(mailbox, mail, lambda: serve_web(application, web, tls)))
    return 0


async def _serve(mailbox: Mailbox, mail: socket.socket, web: Callable[[], Awaitable[None]]) -> None:
    door = ConnectionLimit()
    async with await asyncio.get_running_loop().create_server(lambda: MailServer(mailbox, door), sock=mail):
        await web()
