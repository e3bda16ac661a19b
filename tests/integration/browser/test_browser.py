"""A real Chromium against pages with known delays, against hostile pages, and killed or stopped in the middle."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import psutil
import pytest

from exporters.browser import check as browser
from exporters.browser.settings import BrowserCheck
from exporters.core.checks.check import Entry
from exporters.core.checks.probe_run import ProbeRun, Result
from exporters.core.deadline import Deadline
from exporters.core.errors import ErrorClass
from tests.support.servers import free_port, process, wait_until

pytestmark = pytest.mark.timeout(180)

ROOT = Path(__file__).parents[3]
Site = dict[str, Callable[[BaseHTTPRequestHandler], None]]
_PATIENCE = 30.0  # for a page that shall load, on a machine with other things to do
_SHORT = 15.0  # for a page that shall not


class Server:
    """A web site on a free port, each path with what answers it."""

    def __init__(self) -> None:
        self.site: Site = {}
        self.over = threading.Event()
        self.seen: list[tuple[str, str]] = []
        site, seen = self.site, self.seen

        class Handler(BaseHTTPRequestHandler):
            """Looks the path up; what is not there is 404."""

            def do_GET(self) -> None:
                seen.append((self.path, self.headers.get("User-Agent", "")))
                answer = site.get(self.path.partition("?")[0])
                with contextlib.suppress(OSError):  # a browser may leave
                    answer(self) if answer else send(self, "", status=404)

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


def send(request: BaseHTTPRequestHandler, text: str, *, status: int = 200, kind: str = "text/html") -> None:
    """Send a whole answer."""
    data = text.encode()
    request.send_response(status)
    request.send_header("Content-Type", kind)
    request.send_header("Content-Length", str(len(data)))
    request.end_headers()
    request.wfile.write(data)


@pytest.fixture
def web() -> Iterator[Server]:
    """Serve until the test ends."""
    server = Server()
    thread = threading.Thread(target=server.http.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    yield server
    server.over.set()
    server.http.shutdown()
    thread.join(5)
    server.http.server_close()


@pytest.fixture(autouse=True)
def own_tmp(tmp_path: Path) -> Iterator[Path]:
    """Let every temporary folder begin in one of the test's own; `tmp_path` has too long a path for a browser."""
    with tempfile.TemporaryDirectory() as name, pytest.MonkeyPatch.context() as patch:
        patch.setattr(tempfile, "tempdir", name)
        yield Path(name)


def begin(url: str, seconds: float, **more: Any) -> ProbeRun:
    """Begin a run with a deadline of its own."""
    settings = BrowserCheck(name="one", kind="browser", url=url, **more)
    return ProbeRun("one", browser.prepare(settings, Entry("settings.yaml", "x")).probe, Deadline.after(seconds))


def run(url: str, seconds: float = _PATIENCE, **more: Any) -> Result:
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


def processes(folder: Path) -> list[psutil.Process]:
    """Return every process whose temporary files are in the folder, or that was told of it."""
    found = []
    for one in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if one.pid != os.getpid() and str(folder) in " ".join(one.cmdline()):
                found.append(one)
    return found


def measured(result: Result, name: str, network: str = "none") -> float | None:
    """Return the value of a histogram; fails where the run gave none at all, not even one that did not come."""
    return result.measured[f"browser_{name}", ("lab", network)].value


def seconds(result: Result, name: str, network: str = "none") -> float:
    """Return the value of a histogram that must be there."""
    value = measured(result, name, network)
    assert value is not None, name
    return value


SLOW = """
<link rel=stylesheet href=/style.css><h1>First words</h1><div id=late></div><p>Content that moves</p>
<script src=/missing.js></script><script>
setTimeout(() => { late.style.height = '300px'; }, 400);
setTimeout(() => {
  late.innerHTML = '<p style="font-size:90px">Largest words of the page, and they come late</p>'; }, 700);
setTimeout(() => { const end = performance.now() + 400; while (performance.now() < end); }, 1200);
setTimeout(() => { throw new Error('nobody catches this'); }, 900);
fetch('/data.json');
</script>"""


def test_what_a_page_shows_is_measured(web: Server) -> None:
    """Late first byte, late largest paint, a layout shift, a long task, a script error: each is in its number."""
    web.page("/", SLOW, after=0.3)
    web.text("/style.css", "h1 { color: green }", "text/css")
    web.text("/data.json", "{}" * 5000, "application/json")
    result = run(web.url + "/", expect_text="Largest words")
    assert result.error_class is None, result.detail
    assert seconds(result, "ttfb_seconds") >= 0.3
    fcp, lcp, tti = (seconds(result, f"{name}_seconds") for name in ("fcp", "lcp", "tti"))
    assert seconds(result, "ttfb_seconds") < fcp < lcp < tti
    assert lcp >= 0.7
    assert tti >= 1.5, "the long task ends 400 ms after it begins"
    assert seconds(result, "cls_score") > 0.01
    assert seconds(result, "page_load_seconds") >= 0.3
    gauges = result.gauges
    assert gauges["browser_tbt_seconds", ("lab", "none")] >= 0.3
    assert gauges["browser_page_script_errors", ()] == 1
    requests = {
        kind: gauges["browser_page_requests", (kind,)] for kind in ("document", "stylesheet", "script", "fetch")
    }
    assert requests == {"document": 1, "stylesheet": 1, "script": 1, "fetch": 1}
    assert gauges["browser_page_transferred_bytes", ("fetch",)] >= 10000
    assert list(result.phases) == ["start", "navigate", "load", "settle"]
    assert "pantrywatch-check/" in dict(web.seen)["/"]


def test_a_slow_network_slows_the_load_and_says_which(web: Server) -> None:
    """50 kB over 400 kbit/s take a second at least; the numbers carry the network, and no first byte is made up."""
    web.page("/", "<h1>Words</h1><script src=/big.js></script>")
    web.text("/big.js", "//" + "x" * 50_000, "text/javascript")
    result = run(web.url + "/", network="3g-slow")
    assert result.error_class is None, result.detail
    assert seconds(result, "page_load_seconds", "3g-slow") >= 1 + 2 * 0.4
    assert ("browser_ttfb_seconds", ("lab", "3g-slow")) not in result.measured


@pytest.mark.long
def test_a_slow_processor_makes_the_same_script_longer(web: Server) -> None:
    """`cpu_slowdown` stretches what a script takes: the same work blocks for longer than on this machine as it is."""
    web.page("/", "<h1>Words</h1><script>let s = 0; for (let i = 0; i < 3e7; i++) s += Math.sqrt(i);</script>")
    plain, slow = (run(web.url + "/", cpu_slowdown=factor) for factor in (1, 20))
    assert seconds(slow, "page_load_seconds") > 2 * seconds(plain, "page_load_seconds")


@pytest.mark.long
def test_a_page_that_stays_busy_is_loaded_but_never_interactive(web: Server) -> None:
    """Loaded and showing what it should, it passes; its time to interactive counts as one that did not come."""
    busy = "const end = performance.now() + 80; while (performance.now() < end);"
    web.page("/", f"<h1>Words</h1><script>setInterval(() => {{ {busy} }}, 1000)</script>")
    result = run(web.url + "/", _SHORT, expect_text="Words")
    assert result.error_class is None, result.detail
    assert seconds(result, "page_load_seconds") > 0
    assert measured(result, "tti_seconds") is None
    assert result.measured["browser_tti_seconds", ("lab", "none")].waited > 4


def never(server: Server) -> Callable[[BaseHTTPRequestHandler], None]:
    """Return what accepts a request and says nothing."""

    def answer(_request: BaseHTTPRequestHandler) -> None:
        server.over.wait(60)

    return answer


@pytest.mark.long
def test_a_page_that_never_loads_is_a_timeout_and_a_slow_load(web: Server) -> None:
    """No answer, or an image that never comes: class timeout, and page load and time to interactive did not come."""
    web.site["/silent"] = web.site["/never.png"] = never(web)
    web.page("/half", "<h1>Words</h1><img src=/never.png>")
    for path in ("/silent", "/half"):
        result = run(web.url + path, _SHORT)
        assert result.error_class is ErrorClass.TIMEOUT, f"{path}: {result.detail}"
        for name in ("page_load_seconds", "tti_seconds"):
            assert measured(result, name) is None if name == "page_load_seconds" else True
            assert result.measured[f"browser_{name}", ("lab", "none")].waited > 4


def test_a_script_without_an_end_is_a_timeout(web: Server) -> None:
    """Before the load event and after it: the page does not answer, the browser does, so it is the page's fault."""
    web.page("/before", "<h1>Words</h1><script>for (;;);</script>")
    web.page(
        "/after", "<h1>Words</h1><script>addEventListener('load', () => setTimeout(() => { for (;;); }, 1))</script>"
    )
    for path in ("/before", "/after"):
        result = run(web.url + path, _SHORT)
        assert result.error_class is ErrorClass.TIMEOUT, f"{path}: {result.detail}"
        assert measured(result, "tti_seconds") is None


def redirect(to: str) -> Callable[[BaseHTTPRequestHandler], None]:
    """Return what leads elsewhere."""

    def answer(request: BaseHTTPRequestHandler) -> None:
        request.send_response(302)
        request.send_header("Location", to)
        request.send_header("Content-Length", "0")
        request.end_headers()

    return answer


def junk(request: BaseHTTPRequestHandler) -> None:
    """Send what is no HTTP."""
    request.wfile.write(b"\0\0junk\r\n\r\n")


def attachment(request: BaseHTTPRequestHandler) -> None:
    """Send a download that is larger than it should be."""
    request.send_response(200)
    request.send_header("Content-Type", "application/octet-stream")
    request.send_header("Content-Disposition", "attachment; filename=x.bin")
    request.end_headers()
    for _ in range(1000):
        request.wfile.write(b"x" * 65536)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/absent", ErrorClass.PROTOCOL),
        ("/secret", ErrorClass.AUTH),
        ("/forbidden", ErrorClass.PERMISSION),
        ("/circle", ErrorClass.PROTOCOL),
        ("/reload", ErrorClass.PROTOCOL),
        ("/file", ErrorClass.PROTOCOL),
        ("/junk", ErrorClass.PROTOCOL),
        ("/other-text", ErrorClass.PROTOCOL),
    ],
)
def test_an_address_that_leads_to_no_good_page_has_a_class(web: Server, path: str, expected: ErrorClass) -> None:
    """An error status, endless redirects by server or script, a download, no HTTP, another text than expected."""
    web.site["/secret"] = lambda request: send(request, "no", status=401)
    web.site["/forbidden"] = lambda request: send(request, "no", status=403)
    web.site["/circle"] = redirect("/circle")
    web.page("/reload", "<script>location.href = '/reload?' + Math.random()</script>")
    web.site["/file"] = attachment
    web.site["/junk"] = junk
    web.page("/other-text", "<h1>Sorry, we are closed</h1>")
    result = run(web.url + path, expect_text="Words")
    assert result.error_class is expected, result.detail
    # The speed of an error page says nothing; that of the page with another text is still its own.
    assert bool(result.measured) == (path == "/other-text")


def test_the_network_in_between_has_classes(web: Server) -> None:
    """Nobody listens: refused. No such name: dns. No TLS where it was asked for: tls."""
    for url, expected in (
        (f"http://127.0.0.1:{free_port()}/", ErrorClass.REFUSED),
        ("http://nowhere.invalid/", ErrorClass.DNS),
        (web.url.replace("http", "https") + "/", ErrorClass.TLS),
    ):
        result = run(url)
        assert result.error_class is expected, f"{url}: {result.detail}"
        assert not result.measured


def test_dialogs_popups_and_downloads_do_not_stop_a_page(web: Server) -> None:
    """A page that asks, opens windows and pushes files is measured all the same; nobody answers it."""
    web.site["/file"] = attachment
    opens = "alert(1); confirm(2); prompt(3); for (let i = 0; i < 5; i++) open('/popup' + i);"
    leaves = "addEventListener('beforeunload', (event) => event.preventDefault());"
    saves = "setTimeout(() => a.click(), 100);"
    web.page("/", f"<h1>Words</h1><a id=a href=/file download=x>x</a><script>{leaves}{opens}{saves}</script>")
    result = run(web.url + "/", expect_text="Words")
    assert result.error_class is None, result.detail
    assert seconds(result, "page_load_seconds") > 0


@pytest.mark.long
def test_a_large_page_ends_one_way_or_the_other(web: Server) -> None:
    """50 MB of text: it loads, or it is too much or too late, and says so."""
    paragraph = "<p>" + "word " * 2000
    web.page("/", paragraph * 5000)
    result = run(web.url + "/", 25)
    assert result.error_class in {None, ErrorClass.TIMEOUT, ErrorClass.EXHAUSTED}, result.detail
    if result.error_class is None:
        assert result.gauges["browser_page_transferred_bytes", ("document",)] >= 50_000_000


def test_a_page_that_takes_all_memory_is_exhausted(web: Server) -> None:
    """It is ended at 768 MiB, long before the machine is."""
    eats = "const all = []; setInterval(() => all.push(new Uint8Array(64 << 20).fill(1)), 50);"
    web.page("/", f"<h1>Words</h1><script>{eats}</script>")
    result = run(web.url + "/")
    assert result.error_class is ErrorClass.EXHAUSTED, result.detail


@pytest.mark.long
def test_a_flood_of_requests_and_messages_is_bounded(web: Server) -> None:
    """A page that asks without an end and talks without an end is ended in time, with a class."""
    web.page(
        "/", "<h1>Words</h1><script>setInterval(() => { for (let i = 0; i < 500; i++) fetch('/x?' + i); }, 20)</script>"
    )
    web.page(
        "/talks",
        "<h1>Words</h1><script>setInterval(() => { for (let i = 0; i < 9999; i++) console.log(i); }, 1)</script>",
    )
    for path in ("/", "/talks"):
        result = run(web.url + path, _SHORT)
        assert result.error_class in {ErrorClass.PROTOCOL, ErrorClass.TIMEOUT}, f"{path}: {result.detail}"


def a_browser(folder: Path) -> psutil.Process:
    """Return the browser's first process once a page is being loaded."""
    found: list[psutil.Process] = []

    def renders() -> bool:
        found[:] = processes(folder)
        return any("--type=renderer" in " ".join(process.cmdline()) for process in found)

    with contextlib.suppress(psutil.Error):
        wait_until(renders, 10, "a browser renders")
    return min(found, key=lambda process: process.create_time())


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP])
def test_a_browser_that_is_killed_or_stopped_says_nothing_of_the_page(
    web: Server, own_tmp: Path, number: signal.Signals
) -> None:
    """It ends in time as `internal`, which counts as a run not made, and leaves nothing; the next run is well."""
    web.site["/silent"] = never(web)
    attempt = begin(web.url + "/silent", _SHORT)
    wait_until(lambda: "/silent" in dict(web.seen), 10, "the page is asked for")
    os.killpg(os.getpgid(a_browser(own_tmp).pid), number)
    result = attempt.result()
    assert result.error_class is ErrorClass.INTERNAL, result.detail
    assert not result.measured
    leaves_nothing(attempt)
    web.page("/", "<h1>Words</h1>")
    assert run(web.url + "/").error_class is None


def test_a_tab_that_crashes_is_exhausted(web: Server, own_tmp: Path) -> None:
    """The page's own process ends, as for want of memory: the page's fault, not the browser's."""
    web.site["/never.png"] = never(web)
    web.page("/", "<h1>Words</h1><img src=/never.png>")
    attempt = begin(web.url + "/", _SHORT)
    wait_until(lambda: "/never.png" in dict(web.seen), 10, "the page is drawn")
    first = a_browser(own_tmp)
    for child in first.children(recursive=True):
        if "--type=renderer" in " ".join(child.cmdline()):
            child.kill()
    result = attempt.result()
    assert result.error_class is ErrorClass.EXHAUSTED, result.detail
    leaves_nothing(attempt)


def test_no_browser_on_the_path_is_internal(
    web: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, own_tmp: Path
) -> None:
    """Missing, no program, or one that says something and ends: internal, with what it said for a person."""
    programs = tmp_path / "bin"
    programs.mkdir()
    monkeypatch.setenv("PATH", str(programs))
    assert "no Chromium" in run(web.url + "/").detail
    for text, words in (("not a program", "has ended"), ("#!/bin/sh\necho it cannot be >&2\nexit 3\n", "it cannot be")):
        (programs / "chromium").write_text(text)
        (programs / "chromium").chmod(0o755)
        result = run(web.url + "/")
        assert result.error_class is ErrorClass.INTERNAL
        assert words in result.detail


def test_one_that_never_speaks_is_internal(web: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A program that starts and is silent has a third of the time; then the machine is at fault, not the page."""
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "chromium").write_text("#!/bin/sh\nexec /bin/sleep 60\n")
    (programs / "chromium").chmod(0o755)
    monkeypatch.setenv("PATH", str(programs))
    result = run(web.url + "/", 6)
    assert result.error_class is ErrorClass.INTERNAL
    assert "did not start in time" in result.detail


@pytest.mark.long
def test_a_second_browser_waits_for_no_first(web: Server) -> None:
    """While one runs, another run does not begin: never two browsers at once."""
    web.site["/silent"] = never(web)
    first = begin(web.url + "/silent", _SHORT)
    wait_until(lambda: "/silent" in dict(web.seen), 10, "the first page is asked for")
    second = begin(web.url + "/silent", _SHORT).result()
    assert second.error_class is ErrorClass.INTERNAL
    assert "of the previous run" in second.detail
    assert first.result().error_class is ErrorClass.TIMEOUT
    leaves_nothing(first)


def test_what_a_killed_exporter_left_is_swept(web: Server, own_tmp: Path) -> None:
    """A folder of a process that is gone goes with the next run; that of a living one stays."""
    gone, living = (own_tmp / f"pantrywatch-browser-{pid}-x" for pid in (2**22 + 5, os.getppid()))
    for folder in (gone, living):
        (folder / "profile").mkdir(parents=True)
    web.page("/", "<h1>Words</h1>")
    attempt = begin(web.url + "/", _PATIENCE)
    assert attempt.result().error_class is None
    assert sorted(own_tmp.iterdir()) == [living]


def test_it_ends_with_the_process_that_started_it(web: Server, tmp_path: Path, own_tmp: Path) -> None:
    """An exporter that is killed takes its browser with it: the pipe breaks, and Chromium ends."""
    web.site["/silent"] = never(web)
    pid = os.fork()
    if pid == 0:  # the child: begins a run, and is killed in the middle
        begin(web.url + "/silent", 60)
        time.sleep(60)
        os._exit(1)
    wait_until(lambda: "/silent" in dict(web.seen), 15, "the page is asked for")
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    wait_until(lambda: not processes(own_tmp), 10, "no process of the browser is left")


def test_an_exporter_that_is_asked_to_end_leaves_nothing(web: Server, tmp_path: Path, own_tmp: Path) -> None:
    """SIGTERM in the middle of a run: no process, no folder; served as an exporter of its own, beside no other."""
    web.site["/silent"] = never(web)
    check = {"name": "page", "url": web.url + "/silent"}
    file = tmp_path / "settings.yaml"
    file.write_text(json.dumps({"environment": "test", "browser": {"checks": [check]}}))
    port = free_port()
    command = [sys.executable, "-m", "exporters", "--settings", str(file), "serve", "--listen", f"127.0.0.1:{port}"]
    with process(command, tmp_path / "log", environment={"TMPDIR": str(own_tmp)}) as child:
        wait_until(lambda: "/silent" in dict(web.seen), 30, "the page is asked for")
        assert any(own_tmp.iterdir())
        child.send_signal(signal.SIGTERM)
        child.wait(10)
    assert "serving browser/local on" in (tmp_path / "log").read_text()
    assert list(own_tmp.iterdir()) == []
    wait_until(lambda: not processes(own_tmp), 10, "no process of the browser is left")


def test_without_a_browser_its_exporter_is_left_out_with_a_line(tmp_path: Path) -> None:
    """Asked for by name it is an error with exit code 2; among others it is one line in the log."""
    checks = [{"name": "page", "url": "http://a/"}]
    (tmp_path / "settings.yaml").write_text(json.dumps({"environment": "test", "browser": {"checks": checks}}))
    command = [sys.executable, "-m", "exporters", "--settings", str(tmp_path / "settings.yaml"), "serve", "browser"]
    environment = {**os.environ, "PATH": str(tmp_path), "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False, env=environment)
    assert done.returncode == 2
    assert "browser checks are skipped: there is no chromium on the PATH" in done.stderr
    assert "browser: expected something to watch" in done.stderr
