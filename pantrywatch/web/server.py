"""The HTTP side of inbox, heartbeat and boards: what a stranger may send is bounded in size and time."""

from __future__ import annotations

import asyncio
import json
import signal
import socket
import ssl
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request

from exporters.core.access import Application
from exporters.core.http_server import Limits, serve_http

MAXIMUM_BODY_BYTES = 4 * 1024 * 1024  # 500 alerts in one notification are 1 MB
_MAXIMUM_READ_BYTES = 8 * MAXIMUM_BODY_BYTES  # an answer before the end of a request would be lost with the connection
_BODY_SECONDS = 15.0


async def serve_web(application: Application, listener: socket.socket, tls: ssl.SSLContext | None = None) -> None:
    """Answer requests, one a connection, with TLS if a context is given, until SIGTERM or SIGINT."""
    await serve_http(application, listener, tls, limits=Limits(keep_alive=False))
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # on the way out already


async def read_json(request: Request) -> Any:
    """Return the request's body as JSON. Raises HTTPException: 413 too large, 408 too slow, 400 not JSON."""
    body = await _read_body(request)
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        raise HTTPException(400, f"expected JSON: {str(error)[:200]}\n") from error


async def _read_body(request: Request) -> bytes:
    body, size = bytearray(), 0
    try:
        async with asyncio.timeout(_BODY_SECONDS):
            async for part in request.stream():
                size += len(part)
                if size <= MAXIMUM_BODY_BYTES:
                    body += part
                elif size > _MAXIMUM_READ_BYTES:
                    break
    except TimeoutError as error:
        raise HTTPException(408, f"expected the whole body within {_BODY_SECONDS:.0f} s\n") from error
    if size > MAXIMUM_BODY_BYTES:
        raise HTTPException(413, f"expected at most {MAXIMUM_BODY_BYTES} bytes\n")
    return bytes(body)
