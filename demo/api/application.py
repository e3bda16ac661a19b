"""Assembles the application: services, routes, page, metrics."""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from demo.api.access_log import AccessLog
from demo.api.beacons import beacons_endpoint
from demo.api.cache import Cache
from demo.api.database import Database
from demo.api.endpoints import Endpoint, api_endpoint, health_endpoint, refusal
from demo.api.metrics import Metrics
from demo.api.middleware import Observation
from demo.api.page import STATIC, page_routes
from demo.api.partners import Partners
from demo.api.request import Services
from demo.api.routes import ROUTES
from demo.api.sessions import Sessions
from demo.environment import Environment
from demo.flags import Flags
from demo.traffic.recording import recording


def build(environment: Environment) -> Observation:
    """The ASGI application; connects to nothing until it is started."""
    metrics = Metrics()
    services = _services(environment, metrics)
    flags = Flags(environment.optional_path("DEMO_FAULT_DIR"))
    routes: list[tuple[str, str, Endpoint]] = [
        *((route.method, route.template, api_endpoint(route, services, flags)) for route in ROUTES),
        ("GET", "/healthz", health_endpoint(services)),
        ("GET", "/metrics", _metrics_endpoint(services)),
        *page_routes(flags),
        ("GET", "/agent.js", _agent_endpoint(environment.optional_path("DEMO_AGENT"))),
        ("POST", "/rum", beacons_endpoint(environment.beacons_url)),
    ]
    files = StaticFiles(directory=STATIC)
    templates: dict[object, str] = {endpoint: path for _, path, endpoint in routes} | {files: "/static/{path}"}
    _make_series(metrics)
    if environment.beacons_url:
        metrics.beacons_are_replayed(recording().browser, recording().day)
    return Observation(_starlette(routes, files, services), templates, metrics, _access_log(environment), flags)


def _services(environment: Environment, metrics: Metrics) -> Services:
    dsn = environment.secret("app_dsn")
    cache = Cache(environment.secret("cache_url"), metrics)
    # Signs sessions: bound to the installation's database password, so it survives a restart and needs no file.
    secret = hashlib.sha256(b"session tokens of " + dsn.encode()).digest()
    return Services(
        database=Database(dsn, metrics),
        cache=cache,
        sessions=Sessions(cache, secret),
        partners=Partners(environment.third_party_url, metrics),
        metrics=metrics,
    )


def _starlette(routes: list[tuple[str, str, Endpoint]], files: StaticFiles, services: Services) -> Starlette:
    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        services.database.open()
        try:
            yield
        finally:
            services.database.close()
            services.cache.close()

    table: list[BaseRoute] = [Route(path, endpoint, methods=[method]) for method, path, endpoint in routes]
    table.append(Mount("/static", files))
    return Starlette(routes=table, lifespan=lifespan, exception_handlers={HTTPException: _http_error})


async def _http_error(_request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    return refusal(status, {404: "there is no such address", 405: "not with this method"}.get(status, "refused"))


def _agent_endpoint(file: Path | None) -> Endpoint:
    """The browser agent, or an empty script where it was not built."""
    script = file.read_bytes() if file is not None and file.is_file() else b""
    packed = gzip.compress(script)

    async def answer(request: Request) -> Response:
        headers = {"Cache-Control": "max-age=300", "Vary": "Accept-Encoding"}
        if "gzip" in request.headers.get("accept-encoding", ""):
            return Response(packed, headers=headers | {"Content-Encoding": "gzip"}, media_type="text/javascript")
        return Response(script, headers=headers, media_type="text/javascript")

    return answer


def _metrics_endpoint(services: Services) -> Endpoint:
    async def answer(_request: Request) -> Response:
        services.database.record_pool()
        return Response(generate_latest(services.metrics.registry), media_type=CONTENT_TYPE_LATEST)

    return answer


def _make_series(metrics: Metrics) -> None:
    for route in ROUTES:
        metrics.known_route(route.method, route.template, route.statuses)
    for path in ("/", "/agent.js", "/healthz", "/metrics"):
        metrics.known_route("GET", path, (200,))
    metrics.known_route("POST", "/rum", (204, 502))


def _access_log(environment: Environment) -> AccessLog:
    return AccessLog(environment.optional_path("DEMO_ACCESS_LOG"))
