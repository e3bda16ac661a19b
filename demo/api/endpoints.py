"""The HTTP endpoints: they read requests, send JSON, and apply the API's own faults."""

from __future__ import annotations

import asyncio
import json
import logging
import random
from collections.abc import Awaitable, Callable
from typing import Any

import anyio
import anyio.to_thread
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from demo.api.errors import ApiError, UnavailableError
from demo.api.health import health
from demo.api.request import Services
from demo.api.routes import ApiRoute
from demo.api.serve import Asked, Served, as_json, serve
from demo.flags import Flags

log = logging.getLogger(__name__)

Endpoint = Callable[[Request], Awaitable[Response]]

_LARGEST_BODY_BYTES = 64 * 1024
_SLOW_SECONDS = 0.8
_ERROR_SHARE = 0.2


def api_endpoint(route: ApiRoute, services: Services, flags: Flags) -> Endpoint:
    """An endpoint that always responds with JSON, whatever happens inside."""

    async def answer(request: Request) -> Response:
        try:
            await _suffer(flags, services)
            asked = await _read(request)
            return _response(await anyio.to_thread.run_sync(serve, services, route, asked))
        except ApiError as error:
            return refusal(error.status, error.message)
        except UnavailableError:
            return refusal(503, "the database does not answer; try again later")
        except ClientDisconnect:
            return refusal(400, "the request broke off")
        except Exception as error:  # noqa: BLE001 - last resort: the caller gets JSON, the log the error type
            log.error("unexpected route=%s error=%s", route.template, type(error).__name__)
            return refusal(500, "something went wrong")

    return answer


def health_endpoint(services: Services) -> Endpoint:
    """Has its own threads, so that it still responds when all others wait for the database."""
    threads = anyio.CapacityLimiter(4)

    async def answer(_request: Request) -> Response:
        status, content = await anyio.to_thread.run_sync(health, services, limiter=threads)
        return _response(Served(status, as_json(content)))

    return answer


def refusal(status: int, message: str) -> Response:
    """The JSON body of every error response."""
    return _response(Served(status, as_json({"error": message})))


async def _suffer(flags: Flags, services: Services) -> None:
    """The faults `slow-api`, `api-errors` and `pool-exhausted`, while they are switched on."""
    leaks = flags.fresh("pool-exhausted")
    await anyio.to_thread.run_sync(services.database.leak if leaks else services.database.give_back)
    if flags.fresh("slow-api"):
        await asyncio.sleep(_SLOW_SECONDS)
    if flags.fresh("api-errors") and random.random() < _ERROR_SHARE:
        raise ApiError(500, "something went wrong")


async def _read(request: Request) -> Asked:
    address = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    kind, _, token = request.headers.get("authorization", "").partition(" ")
    return Asked(
        address=address,
        token=token if kind.lower() == "bearer" else "",
        path={name: str(value) for name, value in request.path_params.items()},
        query=dict(request.query_params),
        body={} if request.method == "GET" else await _body(request),
    )


async def _body(request: Request) -> dict[str, Any]:
    """The JSON object of the body; raises ApiError 400 or 413."""
    received = bytearray()
    async for part in request.stream():
        received += part
        if len(received) > _LARGEST_BODY_BYTES:
            raise ApiError(413, "the body is too large")
    try:
        content = json.loads(received)
    except (ValueError, RecursionError) as error:
        raise ApiError(400, "a JSON object is expected") from error
    if not isinstance(content, dict):
        raise ApiError(400, "a JSON object is expected")
    return content


def _response(served: Served) -> Response:
    headers = {"Cache-Control": "no-store"}
    if served.cache:
        headers["X-Cache"] = served.cache
    return Response(served.content, served.status, headers, "application/json")
