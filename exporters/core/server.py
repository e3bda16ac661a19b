"""The HTTP side of the exporters: a small ASGI application.

Asynchronous, so that a scrape waiting for a frozen server costs no thread; connections are bounded, and each scrape's
deadline comes from Prometheus itself.
"""

from __future__ import annotations

import asyncio
import signal
import socket
import ssl
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple, Protocol, runtime_checkable
from urllib.parse import parse_qs

from exporters.core.asgi import Application
from exporters.core.compression import compressed
from exporters.core.deadline import Deadline
from exporters.core.errors import ConfigError, ConfigProblem
from exporters.core.exposition import CONTENT_TYPE, AnyFamily, render
from exporters.core.http_server import serve_http
from exporters.core.scrape import Run, ScrapeRunner

_DEFAULT_TIMEOUT_SECONDS = 10.0  # Prometheus' own default, for a scraper that sends no header
_MAXIMUM_TIMEOUT_SECONDS = 60.0
_SHORTEST_TIMEOUT_SECONDS = 0.001  # the range that Prometheus accepts
# For the network, rendering and compressing. Measured on a processor shared with 4 busy processes: up to 0.34 s, with
# 12 up to 1.7 s; a scraper that waits longer leaves more.
_MARGIN_SECONDS = 0.5
_MARGIN_SHARE = 0.1

Scope = Mapping[str, Any]
Send = Callable[[dict[str, Any]], Awaitable[None]]


class Reply(NamedTuple):
    """The response to the client."""

    status: int
    body: bytes
    content_type: str = "text/plain; charset=utf-8"
    headers: tuple[tuple[bytes, bytes], ...] = ()


# Whatever is in a document, it runs and loads nothing, and no browser keeps it.
_OF_A_DOCUMENT = (
    (b"content-security-policy", b"default-src 'none'; img-src data:; style-src 'unsafe-inline'"),
    (b"cache-control", b"no-store"),
)
# Browsers ask for the icon on every page.
_FIXED = {"/healthz": Reply(200, b"ok\n"), "/favicon.ico": Reply(200, b"", "image/x-icon")}


@runtime_checkable
class Documents(Protocol):
    """A source that has documents for people besides its metrics: whole HTML pages that load nothing."""

    def paths(self) -> Sequence[str]:
        """Return the paths of the documents that there are."""

    def document(self, path: str) -> bytes | None:
        """Return the document at a path, None if there is none; it is read from a file."""


class Pages:
    """Answers /metrics, /metrics/EXPORTER[?target=NAME], /metrics/self, /healthz, /readyz, / and sources' documents."""

    def __init__(self, runners: Sequence[ScrapeRunner], own: Callable[[], Iterable[AnyFamily]]) -> None:
        """Take the sources, the first target of an exporter being its default, and what gives the process its own."""
        self._runners: dict[str, dict[str, ScrapeRunner]] = {}
        for runner in runners:
            self._runners.setdefault(runner.source.exporter, {})[runner.source.target] = runner
        self._documents = [runner.source for runner in runners if isinstance(runner.source, Documents)]
        self._own = own

    async def __call__(self, scope: Scope, _receive: object, send: Send) -> None:
        """Answer one request (ASGI)."""
        if scope["type"] != "http":
            return
        reply = await self._route(scope)
        head, body = [(b"content-type", reply.content_type.encode()), (b"vary", b"accept-encoding")], reply.body
        head += reply.headers
        if smaller := compressed(body, scope["headers"]):
            head, body = [*head, (b"content-encoding", b"gzip")], smaller
        head.append((b"content-length", str(len(body)).encode()))
        await send({"type": "http.response.start", "status": reply.status, "headers": head})
        await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body})

    async def _route(self, scope: Scope) -> Reply:
        if scope["method"] not in {"GET", "HEAD"}:
            return Reply(405, b"only GET\n")
        path = scope["path"]
        if path.startswith("/metrics/") or path == "/metrics":
            return await self._metrics(path.removeprefix("/metrics").strip("/"), scope)
        if path == "/readyz":
            return await self._ready()
        if path == "/":
            return Reply(200, self._landing_page(), "text/html; charset=utf-8")
        return _FIXED.get(path) or await self._document(path)

    async def _document(self, path: str) -> Reply:
        for source in self._documents:
            if (document := await asyncio.to_thread(source.document, path)) is not None:
                return Reply(200, document, "text/html; charset=utf-8", _OF_A_DOCUMENT)
        return Reply(404, b"not found; see /\n")

    async def _metrics(self, exporter: str, scope: Scope) -> Reply:
        if exporter == "self":
            return Reply(200, render(self._own()), CONTENT_TYPE)
        asked = parse_qs(scope["query_string"].decode("latin-1")).get("target")
        if exporter and exporter not in self._runners:
            return Reply(404, f"no such exporter here; served: {', '.join(self._runners)}\n".encode())
        if asked and (not exporter or len(asked) > 1 or asked[0] not in self._runners[exporter]):
            known = ", ".join(self._runners.get(exporter, {})) or "none: ask /metrics/EXPORTER?target=NAME"
            return Reply(404, f"unknown target; a target is a name from the settings: {known}\n".encode())
        if asked:
            runners = [self._runners[exporter][asked[0]]]
        else:
            runners = [next(iter(self._runners[name].values())) for name in self._runners if exporter in {"", name}]
        families = await _scrape(runners, scrape_deadline(scope["headers"]))
        if not exporter:
            families += self._own()
        return Reply(200, render(families), CONTENT_TYPE)

    async def _ready(self) -> Reply:
        remote = [g for targets in self._runners.values() for g in targets.values() if g.source.up]
        deadline = Deadline.after(5.0)
        runs = await asyncio.gather(*(runner.scrape(deadline) for runner in remote))
        states = {f"{g.source.exporter}/{g.source.target}": _state(run) for g, run in zip(remote, runs, strict=True)}
        status = 200 if all(run.is_up() for run in runs) else 503
        import json  # noqa: PLC0415 - Prometheus does not ask for this page, nor for the next one

        return Reply(status, json.dumps(states, indent=1).encode() + b"\n", "application/json")

    def _landing_page(self) -> bytes:
        from exporters.core.landing_page import landing_page  # noqa: PLC0415

        runners = [runner for targets in self._runners.values() for runner in targets.values()]
        return landing_page(self._runners, runners, [path for source in self._documents for path in source.paths()])


def scrape_deadline(headers: Sequence[tuple[bytes, bytes]]) -> Deadline:
    """Return when collecting must end: Prometheus' own timeout less a margin, at least half of it."""
    text = dict(headers).get(b"x-prometheus-scrape-timeout-seconds", b"")
    try:
        seconds = min(float(text), _MAXIMUM_TIMEOUT_SECONDS)
    except ValueError:
        seconds = _DEFAULT_TIMEOUT_SECONDS
    if not seconds >= _SHORTEST_TIMEOUT_SECONDS:  # rejects NaN as well
        seconds = _DEFAULT_TIMEOUT_SECONDS
    margin = max(_MARGIN_SECONDS, seconds * _MARGIN_SHARE)
    return Deadline.after(max(seconds - margin, seconds / 2))


def listen(address: str, entry: str = "--listen") -> socket.socket:
    """Return a listening socket for `host:port`. Raises ConfigError if that is not an address or is in use."""
    host, _, port = address.rpartition(":")
    if not host or not port.isdigit():
        raise ConfigError([ConfigProblem("command line", entry, f"expected host:port, got {address}")])
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        return socket.create_server((host.strip("[]"), int(port)), family=family, backlog=128)
    except OSError as error:
        reason = error.strerror or "not an address of this machine"
        raise ConfigError(
            [ConfigProblem("command line", entry, f"expected a free address, {address}: {reason}")]
        ) from error


def serve(
    application: Application,
    listener: socket.socket,
    tls: ssl.SSLContext | None = None,
    *,
    on_start: Callable[[], None] = lambda: None,
) -> None:
    """Answer requests, with TLS if a context is given, until SIGTERM or SIGINT; `on_start` is called once serving."""
    asyncio.run(serve_http(application, listener, tls, on_start=on_start))
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # already shutting down


async def _scrape(runners: Sequence[ScrapeRunner], deadline: Deadline) -> list[AnyFamily]:
    runs = await asyncio.gather(*(runner.scrape(deadline) for runner in runners))
    families: list[AnyFamily] = []
    for runner, run in zip(runners, runs, strict=True):
        families += run.families() + runner.health(run)
    return families


def _state(run: Run) -> str:
    if run.is_up():
        return "up"
    failed = [outcome.error_class for outcome in run.outcomes_for_the_page() if outcome.error_class]
    return failed[-1].value if failed else "timeout"
