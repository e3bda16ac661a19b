"""A browser tab: opens pages, asks them for what collect.js recorded, and closes what they pop up."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from exporters import __version__
from exporters.browser.coverage import StyleSheets, unused_share
from exporters.browser.devtools import CallError, Devtools
from exporters.browser.failures import class_of_net_error, class_of_status
from exporters.browser.process import Chromium
from exporters.browser.throttling import Network
from exporters.browser.traffic import Traffic
from exporters.core.deadline import Deadline
from exporters.core.errors import CollectError, ErrorClass

_SCRIPT = (Path(__file__).parent / "collect.js").read_text(encoding="utf-8")
_WORLD = "pantrywatch"
_ALIVE_SECONDS = 1.0
_OFFLINE = {"offline": True, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1}
_MEMORY_BYTES = 768 * 1024 * 1024  # docker-compose.yml gives the container a quarter more


class Tab:
    """One tab of a running browser, with the traffic of its pages."""

    def __init__(self, running: Chromium, traffic: Traffic) -> None:
        self.traffic = traffic
        self.loaded_at = 0.0  # when the page's load event fired, seconds after navigation; 0 before
        self.navigating = False  # a page has asked to be left for another, which has not come yet
        self.unreachable = ""  # Chromium's network error, once the tab was led to what is no page
        self._last_error = ""
        self._sheets = StyleSheets()
        self._workers: list[str] = []  # sessions of service workers, without a network
        self._chromium = running
        self._devtools = Devtools(running, self._on_event)
        self._session = ""
        self._target = ""
        self._frame = ""
        self._loader = ""

    def prepare(self, deadline: Deadline, *, tls_verify: bool = True, coverage: bool = False) -> None:
        """Open an empty tab and set everything up. Raises CollectError (internal) if the browser is too slow."""
        try:
            agent = self._browser("Browser.getVersion", deadline)["userAgent"]
            self._browser("Browser.setDownloadBehavior", deadline, behavior="deny")
            self._browser("Target.setDiscoverTargets", deadline, discover=True)
            self._target = self._browser("Target.createTarget", deadline, url="about:blank")["targetId"]
            attached = self._browser("Target.attachToTarget", deadline, targetId=self._target, flatten=True)
            self._session = attached["sessionId"]
            self._frame = self.call("Page.getFrameTree", deadline)["frameTree"]["frame"]["id"]
            for domain in ("Page", "Network", "Runtime", "Inspector"):
                self.call(f"{domain}.enable", deadline)
            agent = f"{agent} pantrywatch-check/{__version__}"
            self.call("Network.setUserAgentOverride", deadline, userAgent=agent)
            self.call("Page.addScriptToEvaluateOnNewDocument", deadline, source=_SCRIPT, worldName=_WORLD)
            if coverage:
                self.call("Profiler.enable", deadline)
                self.call("Profiler.startPreciseCoverage", deadline, callCount=False, detailed=False)
                self.call("DOM.enable", deadline)
                self.call("CSS.enable", deadline)
                self.call("CSS.startRuleUsageTracking", deadline)
            if not tls_verify:
                self.call("Security.setIgnoreCertificateErrors", deadline, ignore=True)
        except TimeoutError:
            raise CollectError(ErrorClass.INTERNAL, "the browser did not start in time") from None

    def slow_down(self, network: Network | None, cpu_slowdown: float, deadline: Deadline) -> None:
        """Throttle what is opened from now on."""
        if cpu_slowdown != 1:
            self.call("Emulation.setCPUThrottlingRate", deadline, rate=cpu_slowdown)
        if network:
            self.call(
                "Network.emulateNetworkConditions", deadline, offline=False,
                latency=network.round_trip_seconds * 1000,
                downloadThroughput=network.down_bits / 8, uploadThroughput=network.up_bits / 8,
            )  # fmt: skip

    def open(self, url: str, deadline: Deadline) -> None:
        """Open a URL. Raises TimeoutError; CollectError if it leads to no page."""
        self.traffic.clear()
        self._sheets.clear()
        self._loader, self.loaded_at, self.navigating = "", 0.0, False
        answer = self.call("Page.navigate", deadline, url=url)
        if answer.get("isDownload"):
            raise CollectError(ErrorClass.PROTOCOL, "a download, not a page")
        if error := answer.get("errorText", ""):
            raise CollectError(class_of_net_error(error), error)
        if self.traffic.status >= 400:
            raise CollectError(class_of_status(self.traffic.status), f"status {self.traffic.status}")
        self._loader = answer.get("loaderId", "")

    def let_go(self) -> None:
        """Let the page lead to others: until then, that is an error."""
        self._loader = ""

    def forget_cache(self, deadline: Deadline) -> None:
        """Empty the cache, and leave the page; cookies and storage stay."""
        self.let_go()
        self.call("Page.navigate", deadline, url="about:blank")
        self.call("Network.clearBrowserCache", deadline)

    def go_offline(self, deadline: Deadline) -> None:
        """Take the network away from the page, and from service workers, which have one of their own."""
        self.call("Network.emulateNetworkConditions", deadline, **_OFFLINE)
        self._browser(
            "Target.setAutoAttach", deadline, autoAttach=True, waitForDebuggerOnStart=True, flatten=True,
            filter=[{"type": "service_worker"}],
        )  # fmt: skip
        for session in self._workers:  # those that run: what was sent to them before this has been done
            self._devtools.call("Runtime.runIfWaitingForDebugger", deadline, session=session)

    def reload(self, deadline: Deadline) -> None:
        """Begin to load the page again."""
        self.let_go()
        self.traffic.clear()
        self.loaded_at, self.unreachable = 0.0, ""
        self.call("Page.reload", deadline)

    def listen(self, deadline: Deadline) -> None:
        """Handle what the browser reports until the deadline. Raises CollectError if the page takes too much memory."""
        self._devtools.listen(deadline)
        if self._chromium.memory_bytes() > _MEMORY_BYTES:
            raise CollectError(ErrorClass.EXHAUSTED, f"the page takes more than {_MEMORY_BYTES >> 20} MiB of memory")

    def evaluate(self, expression: str, deadline: Deadline) -> Any:
        """Return the value of an expression in our isolated world of the document."""
        context = self.world(deadline)
        answer = self.call(
            "Runtime.evaluate",
            deadline,
            expression=expression,
            contextId=context,
            returnByValue=True,
            awaitPromise=True,
        )
        return _value(answer)

    def ask(self, function: str, node: int, deadline: Deadline) -> Any:
        """Return the value of a function, defined in our isolated world, of one element of the page."""
        context = self.world(deadline)
        found = self.call("DOM.resolveNode", deadline, backendNodeId=node, executionContextId=context)["object"]
        answer = self.call(
            "Runtime.callFunctionOn", deadline, objectId=found["objectId"], returnByValue=True,
            functionDeclaration=f"function () {{ return {function}(this); }}",
        )  # fmt: skip
        return _value(answer)

    def world(self, deadline: Deadline) -> int:
        """Return the number of our isolated world in the document."""
        made = self.call("Page.createIsolatedWorld", deadline, frameId=self._frame, worldName=_WORLD)
        return int(made["executionContextId"])

    def has_manifest(self, deadline: Deadline) -> bool:
        """Return whether the page names a manifest that could be fetched and read."""
        answer = self.call("Page.getAppManifest", deadline)
        return bool(answer.get("url") and answer.get("data")) and not any(
            error.get("critical") for error in answer.get("errors", ())
        )

    def unused_code(self, deadline: Deadline) -> dict[str, float]:
        """Return the share of the code that was not used since the last call, by type of resource, of those it has."""
        scripts = unused_share(self.call("Profiler.takePreciseCoverage", deadline)["result"])
        sheets = self._sheets.unused_share(self.call("CSS.takeCoverageDelta", deadline)["coverage"])
        shares = {"script": scripts, "stylesheet": sheets}
        return {resource: share for resource, share in shares.items() if share is not None}

    def in_new_documents(self, script: str, deadline: Deadline) -> str:
        """Run a script in our world of every document to come; return what to give to `not_in_new_documents`."""
        made = self.call("Page.addScriptToEvaluateOnNewDocument", deadline, source=script, worldName=_WORLD)
        return str(made["identifier"])

    def not_in_new_documents(self, identifier: str) -> None:
        """End `in_new_documents`."""
        self.send("Page.removeScriptToEvaluateOnNewDocument", identifier=identifier)

    def require_alive(self) -> None:
        """Raise CollectError (internal) unless the browser responds: it does so even if a page hangs."""
        before = self._devtools.seen
        try:
            self._browser("Browser.getVersion", Deadline.after(_ALIVE_SECONDS))
        except TimeoutError:
            if self._devtools.seen > before:  # the answer is queued behind many events of the page
                return
            raise CollectError(ErrorClass.INTERNAL, "the browser is not responding") from None

    def call(self, method: str, deadline: Deadline, **parameters: Any) -> dict[str, Any]:
        """Return the result of a call about the tab."""
        return self._devtools.call(method, deadline, session=self._session, **parameters)

    def send(self, method: str, **parameters: Any) -> None:
        """Send a call about the tab without waiting for its result."""
        self._devtools.send(method, session=self._session, **parameters)

    def _browser(self, method: str, deadline: Deadline, **parameters: Any) -> dict[str, Any]:
        return self._devtools.call(method, deadline, **parameters)

    def _on_event(self, method: str, event: dict[str, Any], session: str) -> None:
        if method == "Target.targetCreated":
            self._close_popup(event["targetInfo"])
        elif method == "Target.attachedToTarget" and event["targetInfo"]["type"] == "service_worker":
            self._cut_off(event["sessionId"])
        elif session == self._session:
            self.traffic.handle(method, event)
            if handle := _EVENTS.get(method):
                handle(self, event)

    def _close_popup(self, target: Mapping[str, Any]) -> None:
        if target["type"] == "page" and target.get("openerId") and target["targetId"] != self._target:
            self._devtools.send("Target.closeTarget", targetId=target["targetId"])

    def _cut_off(self, session: str) -> None:
        self._workers.append(session)
        self._devtools.send("Network.enable", session=session)  # or the next has no effect
        self._devtools.send("Network.emulateNetworkConditions", session=session, **_OFFLINE)
        self._devtools.send("Runtime.runIfWaitingForDebugger", session=session)

    def _on_dialog(self, event: Mapping[str, Any]) -> None:
        # Nobody answers what a page asks, but it may be left.
        self.send("Page.handleJavaScriptDialog", accept=event.get("type") == "beforeunload")

    def _on_load(self, event: Mapping[str, Any]) -> None:
        # A page whose script never ends after loading cannot be asked for its times.
        if self.traffic.origin and not self.loaded_at:
            self.loaded_at = event["timestamp"] - self.traffic.origin

    def _on_crash(self, _event: Mapping[str, Any]) -> None:
        raise CollectError(ErrorClass.EXHAUSTED, "the page's process has ended, usually for lack of memory")

    def _on_response(self, event: Mapping[str, Any]) -> None:
        if event["requestId"] == event["loaderId"] and event.get("frameId") == self._frame:
            self.traffic.status = event["response"]["status"]

    def _on_style_sheet(self, event: Mapping[str, Any]) -> None:
        self._sheets.add(event)

    def _on_style_sheet_gone(self, event: Mapping[str, Any]) -> None:
        self._sheets.remove(event)

    def _on_failed(self, event: Mapping[str, Any]) -> None:
        if event.get("type") == "Document":
            self._last_error = event["errorText"]
            self.navigating = False

    def _on_requested(self, event: Mapping[str, Any]) -> None:
        if event["frameId"] == self._frame and event.get("disposition") == "currentTab":
            self.navigating = True

    def _on_stopped(self, event: Mapping[str, Any]) -> None:
        if event["frameId"] == self._frame:
            self.navigating = False

    def _on_navigated(self, event: Mapping[str, Any]) -> None:
        frame = event["frame"]
        if frame["id"] != self._frame:
            return
        self.navigating = False
        if frame.get("unreachableUrl"):
            self.unreachable = self._last_error or "net::ERR_FAILED"
        if self._loader and frame["loaderId"] != self._loader:
            raise CollectError(ErrorClass.PROTOCOL, "the page redirects elsewhere: configure the URL it ends at")


def _value(answer: Mapping[str, Any]) -> Any:
    if "exceptionDetails" in answer:
        text = answer["exceptionDetails"].get("text", "")
        raise CallError(ErrorClass.INTERNAL, f"the page cannot be evaluated: {text}")
    return answer["result"].get("value")


_EVENTS = {
    "Page.loadEventFired": Tab._on_load,  # noqa: SLF001 - a table of the class's own methods
    "Network.responseReceived": Tab._on_response,  # noqa: SLF001
    "CSS.styleSheetAdded": Tab._on_style_sheet,  # noqa: SLF001
    "CSS.styleSheetRemoved": Tab._on_style_sheet_gone,  # noqa: SLF001
    "Network.loadingFailed": Tab._on_failed,  # noqa: SLF001
    "Page.javascriptDialogOpening": Tab._on_dialog,  # noqa: SLF001
    "Page.frameRequestedNavigation": Tab._on_requested,  # noqa: SLF001
    "Page.frameStoppedLoading": Tab._on_stopped,  # noqa: SLF001
    "Page.navigatedWithinDocument": Tab._on_stopped,  # noqa: SLF001
    "Page.frameNavigated": Tab._on_navigated,  # noqa: SLF001
    "Inspector.targetCrashed": Tab._on_crash,  # noqa: SLF001
}
