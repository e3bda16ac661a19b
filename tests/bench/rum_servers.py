"""What `bench rum` compares the receiver with, each a process: `python -m bench.rum_servers starlette|bare PORT`.

`starlette`: the receiver's own decisions (limits, schema, labels, histograms) as a handler of Starlette on uvicorn.
`bare`: httptools, asyncio and msgspec with six observes, and nothing else: no limits, no labels, no origin.
"""

from __future__ import annotations

import asyncio
import sys

import httptools
import msgspec
import uvicorn
import uvloop
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from exporters.core.checks.histogram import Histogram
from exporters.rum.beacon import MOST_BYTES, Beacon
from exporters.rum.metrics import HISTOGRAMS, Metrics
from exporters.rum.receiver import Head, Receiver
from exporters.rum.settings import RumSettings

OPEN = RumSettings(routes=("/", "/contacts", "/contacts/:id"), client_rate=100_000.0, total_rate=1_000_000.0)


def starlette(port: int) -> None:
    """Serve the receiver's handler under Starlette."""
    receiver = Receiver(OPEN, Metrics(OPEN.most_label_sets))

    async def receive(request: Request) -> Response:
        peer = receiver.peer(request.client.host if request.client else "")
        head = Head(request.method.encode(), request.url.path.encode(), peer, dict(request.headers.raw))
        answer = receiver.on_head(head)
        if answer is None:
            body = b""
            async for part in request.stream():
                body += part
                if len(body) > MOST_BYTES:
                    return Response(status_code=413)
            answer = receiver.on_body(head, body)
        return Response(status_code=answer.status)

    application = Starlette(routes=[Route("/rum", receive, methods=["POST", "OPTIONS"])])
    uvicorn.run(
        application, host="127.0.0.1", port=port, loop="uvloop", http="httptools", access_log=False, log_level="error",
        lifespan="off", proxy_headers=False,
    )  # fmt: skip


class _Bare(asyncio.Protocol):
    """One connection: parse, decode, observe six values, answer."""

    _decoder = msgspec.json.Decoder(Beacon)
    _six = tuple(
        Histogram(HISTOGRAMS[f"browser_{name}"][0])
        for name in ("lcp_seconds", "fid_seconds", "cls_score", "fcp_seconds", "ttfb_seconds", "inp_seconds")
    )

    def __init__(self) -> None:
        self._parser = httptools.HttpRequestParser(self)
        self._body = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_body(self, body: bytes) -> None:
        self._body += body

    def on_message_complete(self) -> None:
        vitals = self._decoder.decode(self._body).vitals
        self._body = b""
        values = (vitals.lcp, vitals.fid, vitals.cls, vitals.fcp, vitals.ttfb, vitals.inp)
        for histogram, value in zip(self._six, values, strict=True):
            histogram.observe(value or 0.0)
        self._transport.write(b"HTTP/1.1 204 No Content\r\n\r\n")


def bare(port: int) -> None:
    """Serve the ceiling of one loop."""

    async def serve() -> None:
        server = await asyncio.get_running_loop().create_server(_Bare, "127.0.0.1", port)
        await server.serve_forever()

    asyncio.run(serve())


if __name__ == "__main__":
    assert uvloop, "uvicorn loads it by its name"
    {"starlette": starlette, "bare": bare}[sys.argv[1]](int(sys.argv[2]))
