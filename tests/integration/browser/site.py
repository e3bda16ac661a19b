"""A web site for a browser to visit, and the runs that visit it."""

from __future__ import annotations

import contextlib
import os
import tempfile
import threading
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import psutil

from exporters.browser import check as browser
from exporters.browser.settings import BrowserCheck
from exporters.core.checks.check import Entry
from exporters.core.checks.probe_run import ProbeRun, Result
from exporters.core.deadline import Deadline
from tests.support.servers import wait_until

Site = dict[str, Callable[[BaseHTTPRequestHandler], None]]
PATIENCE = 30.0  # for a page that shall load, on a machine with other things to do
SHORT = 15.0  # for a page that shall not


class Server:
    """A web site on a free port, each path with what answers it."""

    def __init__(self) -> None:
        self.site: Site = {}
        self.over = threading.Event()
        self.seen: list[tuple[str, str]] = []
        self.received: list[str] = []  # bodies
        site, seen, received = self.site, self.seen, self.received

        class Handler(BaseHTTPRequestHandler):
            """Looks the path up; what is not there is 404."""

            def do_GET(self) -> None:
                seen.append((self.path, self.headers.get("User-Agent", "")))
                answer = site.get(self.path.partition("?")[0])
                with contextlib.suppress(OSError):  # a browser may leave
                    answer(self) if answer else send(self, "", status=404)

            def do_POST(self) -> None:
                size = int(self.headers.get("Content-Length", "0"))
                received.append(self.rfile.read(size).decode())
                self.do_GET()

            def log_message(self, *_arguments: Any) -> None:
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.http.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.http.server_address[1]}"

    def page(self, path: str, body: str, *, after: float = 0.0) -> None:
        """Answer with a page, so many seconds after it was asked for."""

        def answer(request: BaseHTTPRequestHandler) -> None:
            self.over.wait(after)
            send(request, f"<!doctype html><title>Test</title>{body}")

        self.site[path] = answer

    def text(self, path: str, text: str, kind: str, *, after: float = 0.0) -> None:
        """Answer with a file of that kind."""

        def answer(request: BaseHTTPRequestHandler) -> None:
            self.over.wait(after)
            send(request, text, kind=kind)

        self.site[path] = answer


def redirect(to: str, *, cookie: str = "") -> Callable[[BaseHTTPRequestHandler], None]:
    """Return what leads elsewhere."""

    def answer(request: BaseHTTPRequestHandler) -> None:
        request.send_response(302)
        request.send_header("Location", to)
        if cookie:
            request.send_header("Set-Cookie", cookie)
        request.send_header("Content-Length", "0")
        request.end_headers()

    return answer


def send(
    request: BaseHTTPRequestHandler,
    text: str,
    *,
    status: int = 200,
    kind: str = "text/html",
    headers: Mapping[str, str] | None = None,
) -> None:
    """Send a whole answer."""
    data = text.encode()
    request.send_response(status)
    request.send_header("Content-Type", kind)
    request.send_header("Content-Length", str(len(data)))
    for name, value in (headers or {}).items():
        request.send_header(name, value)
    request.end_headers()
    request.wfile.write(data)


def begin(url: str, seconds: float, **more: Any) -> ProbeRun:
    """Begin a run with a deadline of its own."""
    settings = BrowserCheck(name="one", kind="browser", url=url, **more)
    return ProbeRun("one", browser.prepare(settings, Entry("settings.yaml", "x")).probe, Deadline.after(seconds))


def run(url: str, seconds: float = PATIENCE, **more: Any) -> Result:
    """Return how one run ended; it keeps to its deadline, and leaves no thread, process or file."""
    attempt = begin(url, seconds, **more)
    result = attempt.result()
    assert result.seconds <= seconds + 0.5
    leaves_nothing(attempt)
    return result


def leaves_nothing(attempt: ProbeRun) -> None:
    """Hold that the run's thread, every process of the browser, and its folder are gone."""
    wait_until(lambda: not attempt.stuck(), 5, "its thread has ended")
    folder = Path(tempfile.gettempdir())
    assert list(folder.iterdir()) == []
    assert processes(folder) == []


def processes(folder: Path, argument: str = "") -> list[psutil.Process]:
    """Return every process that was told of the folder, and of the argument; those that end meanwhile are none."""
    found = []
    for one in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            line = " ".join(one.cmdline())
            if one.pid != os.getpid() and str(folder) in line and argument in line:
                found.append(one)
    return found


def renderers(folder: Path) -> list[psutil.Process]:
    """Return the processes in which a browser with its files in the folder draws pages."""
    return processes(folder, "--type=renderer")


def measured(result: Result, name: str, network: str = "none") -> float | None:
    """Return the value of a histogram; fails where the run gave none at all, not even one that did not come."""
    return result.measured[f"browser_{name}", ("lab", network)].value


def seconds(result: Result, name: str, network: str = "none") -> float:
    """Return the value of a histogram that must be there."""
    value = measured(result, name, network)
    assert value is not None, name
    return value


def never(server: Server) -> Callable[[BaseHTTPRequestHandler], None]:
    """Return what accepts a request and says nothing."""

    def answer(_request: BaseHTTPRequestHandler) -> None:
        server.over.wait(60)

    return answer
