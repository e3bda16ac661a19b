"""Runs the page with the boards."""

from __future__ import annotations

import asyncio
import logging

from exporters.core.access import WebSettings, with_login
from exporters.core.errors import ConfigError, ConfigProblem
from exporters.core.origin import own_pages_only
from exporters.core.server import listen
from pantrywatch.boards.board_files import BoardFiles
from pantrywatch.boards.web import boards_application
from pantrywatch.web.prometheus import Prometheus
from pantrywatch.web.server import serve_web

logger = logging.getLogger(__name__)


def serve_boards(address: str, prometheus: Prometheus, catalogue: BoardFiles, web: WebSettings) -> int:
    """Serve the boards until SIGTERM or Ctrl-C, with the TLS and login of the given `web` section.

    Raises ConfigError for an address in use, an invalid URL, or a problem with a file of the section.
    """
    if not prometheus.url.startswith(("http://", "https://")):
        # The URL is not repeated: it may contain a password.
        raise ConfigError(
            [ConfigProblem("command line", "--prometheus", "expected it to begin with http:// or https://")]
        )
    application, tls = with_login(boards_application(catalogue, prometheus), web, "web")
    application = own_pages_only(application, address, web.names)
    listener = listen(address)
    scheme = "https" if tls else "http"
    logger.info("boards=%s://%s/ prometheus=%s drawing", scheme, address, prometheus.shown_url)
    asyncio.run(serve_web(application, listener, tls))
    return 0
