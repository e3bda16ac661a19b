"""What a page fetches, counted from the browser's network events."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from exporters.browser.failures import class_of_net_error
from exporters.browser.web_vitals import Span
from exporters.core.errors import CollectError, ErrorClass

RESOURCES = ("document", "stylesheet", "script", "image", "font", "media", "fetch", "other")

PARTIES = ("first", "third")
# Those that a budget may limit: developers decide about their size.
BUDGETED = ("script", "stylesheet", "image", "font")

_TYPES = {"XHR": "fetch"} | {name.title(): name for name in RESOURCES}
_MAXIMUM_REQUESTS = 5000
_TEXT = ("document", "stylesheet", "script", "fetch")
_TEXT_KINDS = ("json", "xml", "javascript", "wasm")  # of content types
_STATIC = ("stylesheet", "script", "image", "font")
_ONE_PACKET_BYTES = 1400  # compressing less than a packet saves nothing
_MOST_FAILURES = 50
# What a script may throw, by name: https://tc39.es/ecma262/#sec-error-objects. A page can call its own errors anything.
_ERRORS = (
    "Error", "TypeError", "ReferenceError", "SyntaxError", "RangeError", "URIError", "EvalError", "AggregateError",
    "DOMException",
)  # fmt: skip


@dataclass(slots=True)
class _Request:
    resource: str
    party: str
    begun: float
    ended: float = math.inf
    is_plain: bool = False  # a text that was sent without compression


@dataclass(frozen=True, slots=True)
class FailedRequest:
    """A request without a good answer, in seconds since navigation: `answer` is its status, or a class of error."""

    at: float
    resource: str
    party: str
    answer: str


class Traffic:
    """The requests since the last `clear`. Times are seconds on the browser's clock."""

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        """Forget every request: what follows is another page."""
        self.requests = dict.fromkeys(RESOURCES, 0)
        self.bytes = dict.fromkeys(RESOURCES, 0.0)
        self.party_bytes = dict.fromkeys(PARTIES, 0.0)
        self.failed = 0
        self.error_responses = 0
        self.uncompressed = 0  # texts of more than a packet, sent without compression
        self.uncacheable = 0  # static files without Cache-Control and Expires
        self.script_errors = 0
        self.failures: list[FailedRequest] = []  # the first of them
        self.errors: Counter[str] = (
            Counter()
        )  # uncaught ones of scripts by name, and what they wrote to the console as one
        self.status = 0  # of the last main document
        self.origin = 0.0  # when the first request started, which is when navigation did; 0 before
        self._site = ""  # scheme, host and port of the page
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
        url = event["request"]["url"]
        if len(self._known) >= _MAXIMUM_REQUESTS:
            raise CollectError(ErrorClass.PROTOCOL, f"the page makes more than {_MAXIMUM_REQUESTS} requests")
        if url.startswith(("data:", "blob:")):
            return
        # A redirect keeps the number: the first documents of a page may lead to another site.
        if not self._site or (number == event["loaderId"] and number in self._known):
            self._site = _site_of(url)
        party = "first" if _site_of(url) == self._site else "third"
        if number in self._known:
            self._known[number].party = party
        else:
            self._known[number] = _Request(resource, party, event["timestamp"])
            self.origin = self.origin or event["timestamp"]
        self.requests[resource] += 1

    def _on_response(self, event: Mapping[str, Any]) -> None:
        request, response = self._known.get(event["requestId"]), event["response"]
        if request is None:
            return
        headers = {name.lower(): value for name, value in response["headers"].items()}
        if response["status"] >= 400:
            self.error_responses += 1
            self._note_failure(request, event["timestamp"], f"status {response['status']}")
        request.is_plain = _is_text(request.resource, response) and "content-encoding" not in headers
        if request.resource in _STATIC and not headers.keys() & {"cache-control", "expires"}:
            self.uncacheable += 1

    def _on_finished(self, event: Mapping[str, Any]) -> None:
        if request := self._known.get(event["requestId"]):
            size = event["encodedDataLength"]
            request.ended = event["timestamp"]
            self.bytes[request.resource] += size
            self.party_bytes[request.party] += size
            self.uncompressed += request.is_plain and size > _ONE_PACKET_BYTES

    def _on_failed(self, event: Mapping[str, Any]) -> None:
        if request := self._known.get(event["requestId"]):
            request.ended = event["timestamp"]
            self.failed += not event.get("canceled")  # the page itself no longer wanted the answer
            error = "canceled" if event.get("canceled") else class_of_net_error(event["errorText"]).value
            self._note_failure(request, event["timestamp"], error)

    def _note_failure(self, request: _Request, timestamp: float, answer: str) -> None:
        if len(self.failures) < _MOST_FAILURES:
            self.failures.append(FailedRequest(timestamp - self.origin, request.resource, request.party, answer))

    def _on_exception(self, event: Mapping[str, Any]) -> None:
        self.script_errors += 1
        name = event["exceptionDetails"].get("exception", {}).get("className", "")
        self.errors[name if name in _ERRORS else "other"] += 1

    def _on_console(self, event: Mapping[str, Any]) -> None:
        if event["type"] == "error":
            self.errors["console.error"] += 1


def _is_text(resource: str, response: Mapping[str, Any]) -> bool:
    """Return whether an answer gets smaller by compression: what scripts fetch may be an image or an archive."""
    kind = response.get("mimeType", "")
    return resource in _TEXT and (resource != "fetch" or kind.startswith("text/") or kind.endswith(_TEXT_KINDS))


def _site_of(url: str) -> str:
    """Return scheme, host and port, as the browser writes them."""
    return "/".join(url.split("/", 3)[:3])


_EVENTS = {
    "Network.requestWillBeSent": Traffic._on_request,  # noqa: SLF001 - a table of the class's own methods
    "Network.responseReceived": Traffic._on_response,  # noqa: SLF001
    "Network.loadingFinished": Traffic._on_finished,  # noqa: SLF001
    "Network.loadingFailed": Traffic._on_failed,  # noqa: SLF001
    "Runtime.exceptionThrown": Traffic._on_exception,  # noqa: SLF001
    "Runtime.consoleAPICalled": Traffic._on_console,  # noqa: SLF001
}
