"""What a page fetches, counted from the browser's network events."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from exporters.browser.web_vitals import Span
from exporters.core.errors import CollectError, ErrorClass

RESOURCES = ("document", "stylesheet", "script", "image", "font", "media", "fetch", "other")

_TYPES = {"XHR": "fetch"} | {name.title(): name for name in RESOURCES}
_MAXIMUM_REQUESTS = 5000


@dataclass(slots=True)
class _Request:
    resource: str
    begun: float
    ended: float = math.inf


class Traffic:
    """The requests since the last `clear`. Times are seconds on the browser's clock."""

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        """Forget every request: what follows is another page."""
        self.requests = dict.fromkeys(RESOURCES, 0)
        self.bytes = dict.fromkeys(RESOURCES, 0.0)
        self.failed = 0
        self.script_errors = 0
        self.status = 0  # of the last main document
        self.origin = 0.0  # when the first request started, which is when navigation did; 0 before
        self._known: dict[str, _Request] = {}

    def handle(self, method: str, event: Mapping[str, Any]) -> None:
        """Count an event of the domains Network and Runtime. Raises CollectError (protocol) at too many requests."""
        if handle := _EVENTS.get(method):
            handle(self, event)

    def spans(self) -> list[Span]:
        """Return start and end of each request, in seconds since navigation; infinity is the end of one in progress."""
        return [(one.begun - self.origin, one.ended - self.origin) for one in self._known.values()]

    def in_progress(self) -> int:
        """Return how many requests have not ended."""
        return sum(1 for one in self._known.values() if math.isinf(one.ended))

    def _on_request(self, event: Mapping[str, Any]) -> None:
        number, resource = event["requestId"], _TYPES.get(event.get("type", ""), "other")
        if len(self._known) >= _MAXIMUM_REQUESTS:
            raise CollectError(ErrorClass.PROTOCOL, f"the page makes more than {_MAXIMUM_REQUESTS} requests")
        if not event["request"]["url"].startswith(("data:", "blob:")):
            if number not in self._known:  # a redirect keeps the number
                self._known[number] = _Request(resource, event["timestamp"])
                self.origin = self.origin or event["timestamp"]
            self.requests[resource] += 1

    def _on_finished(self, event: Mapping[str, Any]) -> None:
        if request := self._known.get(event["requestId"]):
            request.ended = event["timestamp"]
            self.bytes[request.resource] += event["encodedDataLength"]

    def _on_failed(self, event: Mapping[str, Any]) -> None:
        if request := self._known.get(event["requestId"]):
            request.ended = event["timestamp"]
            self.failed += 1

    def _on_exception(self, _event: Mapping[str, Any]) -> None:
        self.script_errors += 1


_EVENTS = {
    "Network.requestWillBeSent": Traffic._on_request,  # noqa: SLF001 - a table of the class's own methods
    "Network.loadingFinished": Traffic._on_finished,  # noqa: SLF001
    "Network.loadingFailed": Traffic._on_failed,  # noqa: SLF001
    "Runtime.exceptionThrown": Traffic._on_exception,  # noqa: SLF001
}
