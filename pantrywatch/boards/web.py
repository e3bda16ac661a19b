"""The boards over HTTP: the page, the files of the boards, and queries passed on to Prometheus."""

from __future__ import annotations

from dataclasses import asdict
from functools import partial
from pathlib import Path
from urllib.parse import parse_qsl

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from exporters.core.compression import accepts_gzip
from pantrywatch.boards.board_files import BoardFiles
from pantrywatch.boards.chart_library import chart_library, compressed_library
from pantrywatch.web.prometheus import Prometheus

_PAGE = Path(__file__).parent / "page"
_HOME = "crm-overview"
_MAXIMUM_FORM_BYTES = 128 * 1024
_WORTH_BYTES = 1024  # anything smaller fits into one packet anyway
_LEVEL = 1  # for answers of Prometheus, which are compressed each time; level 6 takes three times as long for 10 % less
# `unsafe-inline` for styles only: the chart library sets them on its elements.
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
}


def boards_application(catalogue: BoardFiles, prometheus: Prometheus) -> Starlette:
    """Return the application."""
    return Starlette(
        routes=[
            Route("/", partial(_home, catalogue)),
            Route("/boards", partial(_page, "list.js")),
            Route("/alerts", partial(_page, "alerts.js")),
            Route("/docs", _to_runbooks),
            Route("/docs/", _to_runbooks),
            Route("/docs/runbooks", _to_runbooks),
            Route("/d/{uid}", partial(_page, "page.js")),
            Route("/d/{uid}/{slug}", partial(_page, "page.js")),
            Route("/docs/{name:path}", partial(_page, "docs.js")),
            Route("/api/docs/runbooks/", partial(_runbooks, catalogue)),
            Route("/api/docs/{name:path}", partial(_docs, catalogue)),
            Route("/api/boards", partial(_list, catalogue)),
            Route("/api/boards/{uid}", partial(_board, catalogue)),
            Route("/prometheus/api/v1/{path:path}", partial(_ask, prometheus), methods=["GET", "POST"]),
            Route("/plotly.min.js", _plotly),
            Mount("/page", StaticFiles(directory=_PAGE)),
        ],
        # The first view of a board was 5.0 MB on the wire, and is 1.5 MB.
        middleware=[Middleware(GZipMiddleware, minimum_size=_WORTH_BYTES, compresslevel=_LEVEL)],
    )


async def _home(catalogue: BoardFiles, _request: Request) -> Response:
    known = [entry.uid for entry in catalogue.entries()]
    return RedirectResponse(f"/d/{_HOME}" if _HOME in known else "/boards")


async def _page(script: str, _request: Request) -> Response:
    text = (_PAGE / "index.html").read_text(encoding="utf-8").replace("@SCRIPT@", script)
    return Response(text, headers=_HEADERS, media_type="text/html")


async def _list(catalogue: BoardFiles, _request: Request) -> Response:
    return JSONResponse([asdict(entry) for entry in catalogue.entries()], headers=_HEADERS)


async def _board(catalogue: BoardFiles, request: Request) -> Response:
    board = catalogue.board(request.path_params["uid"])
    if board is None:
        return PlainTextResponse("There is no board of this name; see the list of all boards.", 404, headers=_HEADERS)
    return JSONResponse(board, headers=_HEADERS)


async def _runbooks(catalogue: BoardFiles, _request: Request) -> Response:
    return JSONResponse([asdict(runbook) for runbook in catalogue.runbooks()], headers=_HEADERS)


async def _to_runbooks(_request: Request) -> Response:
    return RedirectResponse("/docs/runbooks/")


async def _docs(catalogue: BoardFiles, request: Request) -> Response:
    text = catalogue.page(request.path_params["name"])
    if text is None:
        return PlainTextResponse("There is no page of this name.", 404, headers=_HEADERS)
    return PlainTextResponse(text, headers=_HEADERS)


async def _ask(prometheus: Prometheus, request: Request) -> Response:
    parameters = [*request.query_params.multi_items()]
    if request.method == "POST":
        if int(request.headers.get("content-length", _MAXIMUM_FORM_BYTES + 1)) > _MAXIMUM_FORM_BYTES:
            return PlainTextResponse("too large", 413)
        parameters += parse_qsl((await request.body()).decode("utf-8", "replace"))
    answer = await run_in_threadpool(prometheus.query, request.path_params["path"], parameters)
    return Response(answer.body, answer.status, headers=_HEADERS, media_type="application/json")


async def _plotly(request: Request) -> Response:
    file = chart_library()
    if file is None:
        return PlainTextResponse("the charts need pip install 'pantrywatch[preview]'", 404)
    headers = {"Cache-Control": "max-age=86400", "Vary": "Accept-Encoding"}
    if not accepts_gzip(request.headers.raw):
        return FileResponse(file, media_type="text/javascript", headers=headers)
    content = await run_in_threadpool(compressed_library, file)
    return Response(content, media_type="text/javascript", headers={**headers, "Content-Encoding": "gzip"})
