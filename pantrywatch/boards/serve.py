"""Runs the page of the boards."""

from __future__ import annotations

import asyncio
import logging
from ipaddress import ip_address

from exporters.core.errors import ConfigError, Fault
from exporters.core.server import listen
from pantrywatch.boards.catalogue import Catalogue
from pantrywatch.boards.prometheus import Prometheus
from pantrywatch.boards.web import boards_application
from pantrywatch.web_server import serve_web

logger = logging.getLogger(__name__)


def serve_boards(address: str, prometheus: Prometheus, catalogue: Catalogue) -> int:
    """Draw the boards until SIGTERM or Ctrl-C. Raises ConfigError: an address that is taken, a URL that is none."""
    if not prometheus.url.startswith(("http://", "https://")):
        # Not repeated: it may hold a password.
        raise ConfigError([Fault("command line", "--prometheus", "expected it to begin with http:// or https://")])
    listener = listen(address)
    logger.info("boards=http://%s/ prometheus=%s drawing", address, prometheus.shown_url)
    asyncio.run(serve_web(boards_application(catalogue, prometheus, _hosts(address)), listener))
    return 0


def _hosts(address: str) -> list[str]:
    host = address.rpartition(":")[0].strip("[]")
    try:
        local = ip_address(host).is_loopback
    except ValueError:
        local = host == "localhost"
    return ["localhost", "127.0.0.1", "[::1]", host] if local else ["*"]
