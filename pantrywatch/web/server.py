"""The HTTP side of inbox, heartbeat and boards: what a stranger may send is bounded in size and time."""

from __future__ import annotations

import asyncio
import json
import signal
import socket
import ssl
from collections.abc import Iterable
from typing import Any

import uvicorn
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from uvicorn.protocols.http.h11_impl import H11Protocol

from exporters.core.access import Application
from exporters.core.origin import is_form_type

MAXIMUM_BODY_BYTES = 4 * 1024 * 1024  # 500 alerts in one notification are 1 MB
_MAXIMUM_READ_BYTES = 8 * MAXIMUM_BODY_BYTES  # an answer before the end of a request would be lost with the connection
_MAXIMUM_CONNECTIONS = 64
_DEEPEST_JSON = 20
_BODY_SECONDS = 15.0
_CONNECTION_SECONDS = 30.0


class _ShortConnection(H11Protocol):
    """One request a connection, and an end however slowly the other side sends or reads."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Start the clock of the whole connection: uvicorn has none for a request that never comes."""
        super().connection_made(transport)
        self.loop.call_later(_CONNECTION_SECONDS, transport.abort)


async def serve_web(application: Application, listener: socket.socket, tls: ssl.SSLContext | None = None) -> None:
    """Answer requests, with TLS if a context is given, until SIGTERM or SIGINT; 503 at too many connections at once."""
    config = uvicorn.Config(
        application,
        loop="asyncio",
        http=_ShortConnection,
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        headers=[("connection", "close")],
        limit_concurrency=_MAXIMUM_CONNECTIONS,
        timeout_graceful_shutdown=2,
        h11_max_incomplete_event_size=16 * 1024,
    )
    # uvicorn has a handler of its own while it runs and raises the signal again afterwards: by then we are done.
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    config.load()
    config.ssl = tls
    await uvicorn.Server(config).serve(sockets=[listener])


async def read_json(request: Request) -> Any:
    """Return the request's body as JSON.

    Raises HTTPException: 415 of a type that a form on any page can send, 413 too large, 408 too slow, 400 not JSON.
    """
    if is_form_type(request.headers.get("content-type", "")):
        raise HTTPException(415, "expected Content-Type: application/json\n")
    body = await _read_body(request)
    try:
        return await run_in_threadpool(parse_json, body)
    except (ValueError, RecursionError) as error:
        raise HTTPException(400, f"expected JSON: {str(error)[:200]}\n") from error


def parse_json(body: bytes) -> Any:
    """Return the JSON document, as the standard has it: no NaN, no name twice in an object, and not nested deeply.

    Raises ValueError, and RecursionError for what is nested deeper than Python can read.
    """
    document = json.loads(body, parse_constant=_refuse_constant, object_pairs_hook=_object)
    level = [document]
    for _ in range(_DEEPEST_JSON):
        level = [inner for outer in level for inner in _children(outer)]
        if not level:
            return document
    raise ValueError(f"nested deeper than {_DEEPEST_JSON} levels")


def _children(value: Any) -> Iterable[Any]:
    return value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is not a number in JSON")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a name stands twice in one object")
    return found


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
