"""One page load: opens a URL in a fresh browser, waits until it is loaded and quiet, and returns the measurements."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol

from exporters import __version__
from exporters.browser.devtools import Devtools
from exporters.browser.process import Chromium, chromium
from exporters.browser.throttling import Network
from exporters.browser.web_vitals import (
    Span,
    cumulative_layout_shift,
    time_to_interactive,
    total_blocking_time,
)
from exporters.core.deadline import Deadline
from exporters.core.errors import CollectError, ErrorClass

RESOURCES = ("document", "stylesheet", "script", "image", "font", "media", "fetch", "other")

_SCRIPT = (Path(__file__).parent / "collect.js").read_text(encoding="utf-8")
_WORLD = "pantrywatch"
# The time that the browser may take before the page starts: beyond that, the machine is at fault.
_START_SHARE = 1 / 3
# Reserved for checking whether the browser is alive, and for ending it.
_RESERVE_SECONDS = 3.0
_ALIVE_SECONDS = 1.0
_POLL_SECONDS = 0.25
_MEMORY_BYTES = 768 * 1024 * 1024  # docker-compose.yml gives the container a quarter more
_MAXIMUM_REQUESTS = 5000
_TYPES = {"XHR": "fetch"} | {name.title(): name for name in RESOURCES}
_MEANING = {401: ErrorClass.AUTH, 403: ErrorClass.PERMISSION}
# Start of Chromium's net error, without `net::ERR_` → class; the first match wins. Anything else: protocol.
_NET_ERRORS = {
    "NAME_": ErrorClass.DNS,
    "DNS_": ErrorClass.DNS,
    "CERT_": ErrorClass.TLS,
    "SSL_": ErrorClass.TLS,
    "BAD_SSL": ErrorClass.TLS,
    "TIMED_OUT": ErrorClass.TIMEOUT,
    "CONNECTION_TIMED_OUT": ErrorClass.TIMEOUT,
    "CONNECTION_REFUSED": ErrorClass.REFUSED,
    "CONNECTION_FAILED": ErrorClass.REFUSED,
    "ADDRESS_": ErrorClass.REFUSED,
    "INTERNET_DISCONNECTED": ErrorClass.REFUSED,
    "NETWORK_": ErrorClass.REFUSED,
    "INSUFFICIENT_RESOURCES": ErrorClass.EXHAUSTED,
    "OUT_OF_MEMORY": ErrorClass.EXHAUSTED,
}


class Phases(Protocol):
    """A context manager that notes the time of a phase."""

    def phase(self, name: str) -> AbstractContextManager[None]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What to open, and how; `text` must be on the page at the end, unless it is empty."""

    binary: str
    url: str
    network: Network | None
    cpu_slowdown: float
    tls_verify: bool
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PageTimings:
    """The times of a load, in seconds since navigation; None for what did not occur in the `watched` time."""

    watched: float
    ttfb: float | None = None
    fcp: float | None = None
    lcp: float | None = None
    cls: float | None = None
    tbt: float | None = None
    tti: float | None = None
    load: float | None = None


@dataclass(slots=True)
class PageRequests:
    """What the page fetched and where it failed; still being filled while the page loads."""

    requests: dict[str, int] = field(default_factory=lambda: dict.fromkeys(RESOURCES, 0))
    bytes: dict[str, float] = field(default_factory=lambda: dict.fromkeys(RESOURCES, 0.0))
    failed: int = 0
    script_errors: int = 0


@dataclass(slots=True)
class _Request:
    resource: str
    begun: float
    ended: float = math.inf


def load_page(
    plan: Plan, traffic: PageRequests, phases: Phases, deadline: Deadline
) -> tuple[PageTimings, CollectError | None]:
    """Return the measurements of the load, and why it failed if it did.

    Raises CollectError if the load cannot be judged: the browser did not work (internal), or the URL led to no page. A
    page that does not load in time gives PageTimings without `load`, and a failure of class timeout.
    """
    with chromium(plan.binary) as running:
        page = _Page(plan, running, traffic)
        due = deadline.earlier(_RESERVE_SECONDS)
        with phases.phase("start"):
            page.prepare(Deadline.after(deadline.remaining() * _START_SHARE))
        try:
            with phases.phase("navigate"):
                page.navigate(due)
            with phases.phase("load"):
                page.wait(due, loaded=True)
            with phases.phase("settle"):
                page.wait(due, loaded=False)
            failure = page.judge(due)
        except TimeoutError:
            page.require_alive()
            failure = page.judge_late()
        return page.seen, failure


class _Page:
    """A browser tab and its events."""

    def __init__(self, plan: Plan, running: Chromium, traffic: PageRequests) -> None:
        self._plan = plan
        self._chromium = running
        self._traffic = traffic
        self._devtools = Devtools(running, self._on_event)
        self._session = ""
        self._target = ""
        self._frame = ""
        self._loader = ""
        self._status = 0
        self._origin = 0.0  # the browser's clock in seconds when navigation started
        self._begun = 0.0  # the same moment on our clock
        self._requests: dict[str, _Request] = {}
        self.seen = PageTimings(watched=0.0)

    def prepare(self, deadline: Deadline) -> None:
        """Open an empty tab and set everything up. Raises CollectError (internal) if the browser is too slow."""
        try:
            agent = self._browser("Browser.getVersion", deadline)["userAgent"]
            self._browser("Browser.setDownloadBehavior", deadline, behavior="deny")
            self._browser("Target.setDiscoverTargets", deadline, discover=True)
            self._target = self._browser("Target.createTarget", deadline, url="about:blank")["targetId"]
            attached = self._browser("Target.attachToTarget", deadline, targetId=self._target, flatten=True)
            self._session = attached["sessionId"]
            for domain in ("Page", "Network", "Runtime", "Inspector"):
                self._tab(f"{domain}.enable", deadline)
            agent = f"{agent} pantrywatch-check/{__version__}"
            self._tab("Network.setUserAgentOverride", deadline, userAgent=agent)
            self._tab("Page.addScriptToEvaluateOnNewDocument", deadline, source=_SCRIPT, worldName=_WORLD)
            self._slow_down(deadline)
        except TimeoutError:
            raise CollectError(ErrorClass.INTERNAL, "the browser did not start in time") from None

    def navigate(self, deadline: Deadline) -> None:
        """Open the URL. Raises TimeoutError; CollectError if it leads to no page."""
        self._begun = time.monotonic()
        answer = self._tab("Page.navigate", deadline, url=self._plan.url)
        self._frame, self._loader = answer["frameId"], answer.get("loaderId", "")
        if answer.get("isDownload"):
            raise CollectError(ErrorClass.PROTOCOL, "a download, not a page")
        if error := answer.get("errorText", ""):
            raise CollectError(_class_of(error), error)
        if self._status >= 400:
            raise CollectError(_MEANING.get(self._status, ErrorClass.PROTOCOL), f"status {self._status}")

    def wait(self, deadline: Deadline, *, loaded: bool) -> None:
        """Return when the page is loaded, or when it is interactive. Raises TimeoutError, CollectError."""
        while True:
            self._devtools.listen(Deadline(min(deadline.at, Deadline.after(_POLL_SECONDS).at)))
            self._look(deadline)
            if (self.seen.load if loaded else self.seen.tti) is not None:
                return
            if deadline.passed():
                raise TimeoutError

    def judge(self, deadline: Deadline) -> CollectError | None:
        """Return why the loaded page is not the expected one. Raises TimeoutError."""
        if not self._evaluate(f"pantrywatchShows({json.dumps(self._plan.text)})", deadline):
            return CollectError(ErrorClass.PROTOCOL, "the page does not show expect_text")
        return None

    def judge_late(self) -> CollectError | None:
        """Return why a page that was not finished at the deadline fails; one that is loaded and busy may pass."""
        self.seen = replace(self.seen, watched=time.monotonic() - self._begun)
        if self.seen.load is None:
            count = sum(1 for request in self._requests.values() if math.isinf(request.ended))
            return CollectError(ErrorClass.TIMEOUT, f"not loaded in time, with {count} requests in progress")
        try:
            return self.judge(Deadline.after(_ALIVE_SECONDS))
        except TimeoutError:
            return CollectError(ErrorClass.TIMEOUT, "loaded, but it does not respond")

    def require_alive(self) -> None:
        """Raise CollectError (internal) unless the browser responds: it does so even if a page hangs."""
        before = self._devtools.seen
        try:
            self._browser("Browser.getVersion", Deadline.after(_ALIVE_SECONDS))
        except TimeoutError:
            if self._devtools.seen > before:  # the answer is queued behind many events of the page
                return
            raise CollectError(ErrorClass.INTERNAL, "the browser is not responding") from None

    def _slow_down(self, deadline: Deadline) -> None:
        if self._plan.cpu_slowdown != 1:
            self._tab("Emulation.setCPUThrottlingRate", deadline, rate=self._plan.cpu_slowdown)
        if not self._plan.tls_verify:
            self._tab("Security.setIgnoreCertificateErrors", deadline, ignore=True)
        if network := self._plan.network:
            self._tab(
                "Network.emulateNetworkConditions", deadline, offline=False,
                latency=network.round_trip_seconds * 1000,
                downloadThroughput=network.down_bits / 8, uploadThroughput=network.up_bits / 8,
            )  # fmt: skip

    def _look(self, deadline: Deadline) -> None:
        if self._chromium.memory_bytes() > _MEMORY_BYTES:
            raise CollectError(ErrorClass.EXHAUSTED, f"the page takes more than {_MEMORY_BYTES >> 20} MiB of memory")
        seen = self._evaluate("pantrywatchSeen()", deadline)
        loaded = self.seen.load
        self.seen = _load(seen, self._spans(), throttled=self._plan.network is not None)
        if self.seen.load is None and loaded is not None:
            self.seen = replace(self.seen, load=loaded)

    def _evaluate(self, expression: str, deadline: Deadline) -> Any:
        """Return the value of an expression in our isolated world of the document."""
        world = self._tab("Page.createIsolatedWorld", deadline, frameId=self._frame, worldName=_WORLD)
        context = world["executionContextId"]
        answer = self._tab("Runtime.evaluate", deadline, expression=expression, contextId=context, returnByValue=True)
        if "exceptionDetails" in answer:
            text = answer["exceptionDetails"].get("text", "")
            raise CollectError(ErrorClass.INTERNAL, f"the page cannot be evaluated: {text}")
        return answer["result"].get("value")

    def _spans(self) -> list[Span]:
        return [(request.begun - self._origin, request.ended - self._origin) for request in self._requests.values()]

    def _browser(self, method: str, deadline: Deadline, **parameters: Any) -> dict[str, Any]:
        return self._devtools.call(method, deadline, **parameters)

    def _tab(self, method: str, deadline: Deadline, **parameters: Any) -> dict[str, Any]:
        return self._devtools.call(method, deadline, session=self._session, **parameters)

    def _on_event(self, method: str, event: dict[str, Any], session: str) -> None:
        if method == "Target.targetCreated":
            self._close_popup(event["targetInfo"])
        elif session == self._session and (handle := _EVENTS.get(method)):
            handle(self, event)

    def _close_popup(self, target: Mapping[str, Any]) -> None:
        if target["type"] == "page" and target.get("openerId") and target["targetId"] != self._target:
            self._devtools.send("Target.closeTarget", targetId=target["targetId"])

    def _on_request(self, event: dict[str, Any]) -> None:
        number, resource = event["requestId"], _TYPES.get(event.get("type", ""), "other")
        if len(self._requests) >= _MAXIMUM_REQUESTS:
            raise CollectError(ErrorClass.PROTOCOL, f"the page makes more than {_MAXIMUM_REQUESTS} requests")
        if not event["request"]["url"].startswith(("data:", "blob:")):
            if number not in self._requests:  # a redirect keeps the number
                self._requests[number] = _Request(resource, event["timestamp"])
                self._origin = self._origin or event["timestamp"]
            self._traffic.requests[resource] += 1

    def _on_response(self, event: dict[str, Any]) -> None:
        if event.get("type") == "Document" and event["requestId"] == event["loaderId"]:
            self._status = event["response"]["status"]

    def _on_finished(self, event: dict[str, Any]) -> None:
        if request := self._requests.get(event["requestId"]):
            request.ended = event["timestamp"]
            self._traffic.bytes[request.resource] += event["encodedDataLength"]

    def _on_failed(self, event: dict[str, Any]) -> None:
        if request := self._requests.get(event["requestId"]):
            request.ended = event["timestamp"]
            self._traffic.failed += 1

    def _on_dialog(self, _event: dict[str, Any]) -> None:
        self._devtools.send("Page.handleJavaScriptDialog", session=self._session, accept=False)

    def _on_exception(self, _event: dict[str, Any]) -> None:
        self._traffic.script_errors += 1

    def _on_load(self, event: dict[str, Any]) -> None:
        # A page whose script never ends after loading cannot be asked for its times.
        if self._origin and self.seen.load is None:
            self.seen = replace(self.seen, load=event["timestamp"] - self._origin)

    def _on_crash(self, _event: dict[str, Any]) -> None:
        raise CollectError(ErrorClass.EXHAUSTED, "the page's process has ended, usually for lack of memory")

    def _on_navigated(self, event: dict[str, Any]) -> None:
        frame = event["frame"]
        if self._loader and frame["id"] == self._frame and frame["loaderId"] != self._loader:
            raise CollectError(ErrorClass.PROTOCOL, "the page redirects elsewhere: configure the URL it ends at")


_EVENTS = {
    "Network.requestWillBeSent": _Page._on_request,  # noqa: SLF001 - a table of the class's own methods
    "Network.responseReceived": _Page._on_response,  # noqa: SLF001
    "Network.loadingFinished": _Page._on_finished,  # noqa: SLF001
    "Network.loadingFailed": _Page._on_failed,  # noqa: SLF001
    "Page.loadEventFired": _Page._on_load,  # noqa: SLF001
    "Page.javascriptDialogOpening": _Page._on_dialog,  # noqa: SLF001
    "Page.frameNavigated": _Page._on_navigated,  # noqa: SLF001
    "Runtime.exceptionThrown": _Page._on_exception,  # noqa: SLF001
    "Inspector.targetCrashed": _Page._on_crash,  # noqa: SLF001
}


def _load(seen: dict[str, Any], requests: list[Span], *, throttled: bool) -> PageTimings:
    """Return the page's own timings, in seconds."""
    tasks = [(begin / 1000, end / 1000) for begin, end in seen["tasks"]]
    fcp, ready, now = _seconds(seen["fcp"]), _seconds(seen["ready"]), seen["now"] / 1000
    tti = tbt = None
    if fcp is not None and ready is not None:
        tti = time_to_interactive(fcp, ready, tasks, requests, now)
        tbt = total_blocking_time(fcp, tti if tti is not None else now, tasks)
    return PageTimings(
        watched=now,
        # Chromium's own throttling is not in the page's first byte: better no number than a wrong one.
        ttfb=None if throttled else _seconds(seen["ttfb"]),
        fcp=fcp,
        lcp=_seconds(seen["lcp"]),
        cls=cumulative_layout_shift((at / 1000, score) for at, score in seen["shifts"]),
        tbt=tbt,
        tti=tti,
        load=_seconds(seen["load"]),
    )


def _seconds(milliseconds: float | None) -> float | None:
    """Return seconds, or None; the browser writes 0 for events that have not happened."""
    return milliseconds / 1000 if milliseconds else None


def _class_of(error: str) -> ErrorClass:
    name = error.removeprefix("net::ERR_")
    return next((found for start, found in _NET_ERRORS.items() if name.startswith(start)), ErrorClass.PROTOCOL)
