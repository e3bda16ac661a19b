"""Around every request: its duration, its line in the access log."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from demo.api.access_log import AccessLog
from demo.api.metrics import METHODS, Metrics
from demo.flags import Flags

_LONGEST_LOGGED = 300


@dataclass(slots=True)
class _Seen:
    """The response sent; 500 until there is one."""

    status: int = 500
    cache: str = ""
    size_bytes: int = 0


@dataclass(frozen=True, slots=True)
class Observation:
    """The outermost layer, so that a failure of any other is measured too."""

    app: ASGIApp
    templates: Mapping[object, str]
    metrics: Metrics
    access_log: AccessLog
    flags: Flags

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        seen = _Seen()

        async def watch(message: Message) -> None:
            _note(seen, message)
            await send(message)

        started = time.perf_counter()
        with self.metrics.active.track_inprogress():
            try:
                await self.app(scope, receive, watch)
            finally:
                self._record(scope, seen, time.perf_counter() - started)

    def _record(self, scope: Scope, seen: _Seen, seconds: float) -> None:
        method = scope["method"] if scope["method"] in METHODS else "_OTHER"
        # Starlette puts the matched endpoint in the scope, and nothing if no route matched.
        route = self.templates.get(scope.get("endpoint"), "other")
        says_status = not self.flags.fresh("no-status-labels")
        self.metrics.say_statuses(says_status)
        self.metrics.requests.labels(method, route, str(seen.status) if says_status else "").observe(seconds)
        headers = Headers(scope=scope)
        self.access_log.write(
            {
                "time": datetime.now(UTC).isoformat(timespec="milliseconds"),
                "method": method,
                "route": route,
                "path": scope["path"][:_LONGEST_LOGGED],
                "status": seen.status,
                "duration_seconds": round(seconds, 6),
                "bytes": seen.size_bytes,
                "user_agent": headers.get("user-agent", "")[:_LONGEST_LOGGED],
                "remote_addr": (scope.get("client") or ("",))[0],
                "cache": seen.cache,
            }
        )


def _note(seen: _Seen, message: Message) -> None:
    if message["type"] == "http.response.start":
        seen.status = message["status"]
        seen.cache = Headers(raw=message["headers"]).get("x-cache", "")
    elif message["type"] == "http.response.body":
        seen.size_bytes += len(message.get("body", b""))
