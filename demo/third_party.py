"""`python -m demo.third_party --listen HOST:PORT`: a stub of the e-mail and geocoding services the CRM calls."""

from __future__ import annotations

import argparse
import hashlib
import json
import logging
import sys

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from demo.environment import ConfigurationError, exit_on_sigterm, listen_address


async def send_email(request: Request) -> Response:
    """202 for a JSON object with a subject."""
    try:
        content = json.loads(await request.body())
    except ValueError:
        return JSONResponse({"error": "JSON is expected"}, 400)
    if not isinstance(content, dict) or not content.get("subject"):
        return JSONResponse({"error": "a subject is expected"}, 400)
    return JSONResponse({"accepted": True}, 202)


async def geocode(request: Request) -> Response:
    """A made-up but stable place for every name."""
    digest = hashlib.sha256(request.query_params.get("q", "").encode()).digest()
    return JSONResponse({"latitude": round(25 + digest[0] * 0.09, 3), "longitude": round(-120 + digest[1] * 0.2, 3)})


async def about(_request: Request) -> Response:
    return PlainTextResponse(
        "A stub of two services that the demo's CRM calls: POST /v1/email, GET /v1/geocode?q=PLACE\n"
    )


async def health(_request: Request) -> Response:
    return JSONResponse({"status": "healthy"})


def application() -> Starlette:
    return Starlette(
        routes=[
            Route("/", about, methods=["GET"]),
            Route("/v1/email", send_email, methods=["POST"]),
            Route("/v1/geocode", geocode, methods=["GET"]),
            Route("/healthz", health, methods=["GET"]),
        ]
    )


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m demo.third_party", description="A stub third party.")
    parser.add_argument("--listen", required=True, metavar="HOST:PORT")
    logging.basicConfig(level=logging.WARNING, format="level=%(levelname)s logger=%(name)s %(message)s")
    try:
        host, port = listen_address(parser.parse_args(arguments).listen)
    except ConfigurationError as error:
        print(f"demo.third_party: {error}", file=sys.stderr)
        return 2
    exit_on_sigterm()
    uvicorn.run(
        application(),
        host=host,
        port=port,
        # Not what happens to be installed or set: httptools refuses unknown methods before we can count them.
        http="h11",
        loop="asyncio",
        workers=1,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=2,
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
