"""The HTTP server of inbox, heartbeat and boards: requests are bounded in size and time."""

from __future__ import annotations

import asyncio
import json
import signal
import socket
import ssl
from collections.abc import Iterable
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request

from exporters.core.asgi import Application
from exporters.core.http_connection import Limits
from exporters.core.http_server import serve_http
from exporters.core.origin import is_form_type

MAXIMUM_BODY_BYTES = 4 * 1024 * 1024  # 500 alerts in one notification are 1 MB
_MAXIMUM_READ_BYTES = (
    8 * MAXIMUM_BODY_BYTES
)  # a response before the end of the request would be lost with the connection
_DEEPEST_JSON = 20
_BODY_SECONDS = 15.0


async def serve_web(application: Application, listener: socket.socket, tls: ssl.SSLContext | None = None) -> None:
    """Serve requests, one per connection, with TLS if a context is given, until SIGTERM or SIGINT."""
    await serve_http(application, listener, tls, limits=Limits(keep_alive=False))
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # already shutting down


async def read_json(request: Request) -> Any:
    """Return the request's body as JSON.

    Raises HTTPException: 415 (a content type that any page's form can send), 413 (size), 408 (time), 400 (not JSON).
    """
    if is_form_type(request.headers.get("content-type", "")):
        raise HTTPException(415, "expected Content-Type: application/json\n")
    body = await _read_body(request)
    try:
        return await run_in_threadpool(parse_json, body)
    except (ValueError, RecursionError) as error:
        raise HTTPException(400, f"expected JSON: {str(error)[:200]}\n") from error


def parse_json(body: bytes) -> Any:
    """Return the JSON document, by the standard: no NaN, no duplicate names in an object, and no deep nesting.

    Raises ValueError, and RecursionError for nesting deeper than Python can parse.
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
        raise ValueError("duplicate name in one object")
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
