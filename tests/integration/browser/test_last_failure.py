"""What is kept of the last failure of a page: what is in it, for how long, and who may see it."""

from __future__ import annotations

import base64
import os
import re
import stat
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
import requests

from exporters.browser import check as browser
from exporters.browser import last_failure
from exporters.browser.last_failure import MOST_PICTURE_BYTES, Keeper, document_of
from exporters.browser.settings import BrowserCheck, LastFailures
from exporters.browser.steps import Step
from exporters.browser.tab import Tab
from exporters.browser.traffic import FailedRequest, Traffic
from exporters.core.checks.check import Entry, Observation
from exporters.core.checks.probe_run import ProbeRun, Result
from exporters.core.deadline import Deadline
from exporters.core.errors import CollectError, ErrorClass
from tests.integration.browser.site import PATIENCE, Server, leaves_nothing, never, processes, renderers
from tests.support.exporter import exporter
from tests.support.guards import set_password
from tests.support.servers import free_port, wait_until
from tools.chromium import browser_page

pytestmark = pytest.mark.timeout(400)

MOST_BYTES = 400_000
FAULTY = """<h1>Organizations</h1><p>Ada Lovelace</p><button>Save</button><script src=/absent.js?token=t0k3n></script>
<script>fetch('http://127.0.0.1:PORT/?token=t0k3n').catch(() => console.error('of ada@crm.example'));
setTimeout(() => { throw new TypeError('ada@crm.example'); });
</script>"""


def keeper_of(folder: Path, *checks: BrowserCheck) -> Keeper:
    """Return a keeper with its folder, as an exporter that has started has it."""
    keeper = Keeper(LastFailures(folder=str(folder), url="https://exporter.example/"), "settings.yaml", checks)
    keeper.sweep()
    return keeper


def begun(keeper: Keeper, check: BrowserCheck, seconds: float = PATIENCE) -> ProbeRun:
    """Begin a run whose failure is kept."""
    probe = browser.prepare(check, Entry("settings.yaml", "x"), keeper).probe
    return ProbeRun(check.name, probe, Deadline.after(seconds))


def failed(keeper: Keeper, check: BrowserCheck, seconds: float = PATIENCE) -> tuple[Result, str]:
    """Return how a run failed, in time and with nothing left behind, and what is kept of it."""
    attempt = begun(keeper, check, seconds)
    result = attempt.result()
    assert result.error_class is not None
    assert result.seconds <= seconds + 0.5
    leaves_nothing(attempt)
    return result, (keeper.document(f"/last-failure/{check.name}") or b"").decode()


def picture_in(document: str) -> bytes:
    """Return the screenshot of a document."""
    found = re.search(r"data:image/jpeg;base64,([A-Za-z0-9+/=]+)", document)
    assert found, document
    return base64.b64decode(found[1])


def test_the_last_failure_is_kept_and_no_other(web: Server, tmp_path: Path) -> None:
    """Screenshot, steps, failed requests and errors by class, in one private file; the next failure replaces it."""
    web.page("/", FAULTY.replace("PORT", str(free_port())))
    steps = (
        Step(name="heading", action="wait", role="heading", label="Organizations"),
        Step(name="save", action="click", label="Save", expect_text="Lovelace"),
    )
    check = BrowserCheck(name="orders", url=web.url + "/?user=ada", expect_text="Organizations", steps=steps)
    folder = tmp_path / "kept"
    keeper = keeper_of(folder, check)
    result, document = failed(keeper, check)
    assert result.error_class is ErrorClass.PROTOCOL, result.detail
    assert picture_in(document).startswith(b"\xff\xd8\xff")
    assert re.search(r"<td>heading</td><td>ok</td><td>\d", document)
    assert re.search(r"<td>save</td><td>text_before</td><td>\d", document)
    assert re.search(r"<td>script</td><td>first</td><td>status 404</td>", document)
    assert re.search(r"<td>fetch</td><td>third</td><td>refused</td>", document)
    assert "<tr><td>TypeError</td><td>1</td></tr><tr><td>console.error</td><td>1</td></tr>" in document
    text = re.sub(r"base64,[^\"]*", "", document)
    assert [word for word in ("ada", "Lovelace", "t0k3n", "127.0.0.1", "http", "Save") if word in text] == []
    (file,) = folder.iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert file.stat().st_size <= MOST_BYTES
    (family,) = keeper.families()
    assert [labels for labels, _ in family.samples] == [
        ("orders", "browser", "", "https://exporter.example/last-failure/orders")
    ]
    web.page("/", "<h1>Sorry</h1>")
    _, second = failed(keeper, check)
    assert "does not show expect_text" in second
    assert "TypeError" not in second
    assert list(folder.iterdir()) == [file]


@pytest.mark.long
def test_the_document_fits_a_phone() -> None:
    """On a screen of 390 px nothing is wider than it, and no single word is broken, but for a long name."""
    check = BrowserCheck(name="find-an-organization-of-the-north", url="http://a/")
    tab = SimpleNamespace(traffic=Traffic())
    tab.traffic.failures.append(FailedRequest(0.111, "stylesheet", "first", "canceled"))
    observation = Observation()
    observation.observe("browser_page_load_seconds", None, 4.2, "lab", "none")
    observation.set("pantrywatch_check_step_success", 0, "organizations")
    error = CollectError(ErrorClass.INTERNAL, "x" * 200)
    document = document_of(check, cast("Tab", tab), observation, error, Deadline.after(5))
    with browser_page(390, 900) as page:
        page.set_content(document)
        broken = page.evaluate(
            """() => [...document.querySelectorAll('h2 ~ table td, h2 ~ table th')].filter((cell) => {
              const words = document.createRange();
              words.selectNodeContents(cell);
              return !cell.textContent.includes(' ') && words.getClientRects().length > 1;
            }).map((cell) => cell.textContent)"""
        )
        assert broken == []
        assert page.evaluate("document.documentElement.scrollWidth") == 390


def test_what_belongs_to_no_check_is_removed(tmp_path: Path) -> None:
    """At its start the exporter removes the documents of checks that are gone, and no other file."""
    checks = [BrowserCheck(name=name, url="http://a/") for name in ("one", "two")]
    keeper = keeper_of(tmp_path, *checks)
    for check in checks:
        keeper.keep(check.name, "a document", ErrorClass.PROTOCOL)
    (tmp_path / ".one.last-failure.html.part").touch()
    (tmp_path / "index.html").touch()
    assert keeper.paths() == ["/last-failure/one", "/last-failure/two"]
    left = keeper_of(tmp_path, checks[1])
    assert sorted(file.name for file in tmp_path.iterdir()) == ["index.html", "two.last-failure.html"]
    assert [left.document(f"/last-failure/{name}") for name in ("one", "two", "../index", "")] == [
        None, b"a document", None, None,
    ]  # fmt: skip


@pytest.mark.long
def test_a_failure_of_the_browser_replaces_none_of_the_page(tmp_path: Path) -> None:
    """It says nothing about the page: it is kept only where there is nothing else."""
    keeper = keeper_of(tmp_path, BrowserCheck(name="one", url="http://a/"))
    keeper.keep("one", "of the browser", ErrorClass.INTERNAL)
    assert keeper.document("/last-failure/one") == b"of the browser"
    keeper.keep("one", "of the page", ErrorClass.TIMEOUT)
    keeper.keep("one", "of the browser", ErrorClass.INTERNAL)
    assert keeper.document("/last-failure/one") == b"of the page"


@pytest.mark.long
def test_a_folder_that_cannot_be_written_costs_the_documents_alone(
    web: Server, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The check fails with its own class, and the log says once that nothing is kept."""
    (tmp_path / "file").touch()
    check = BrowserCheck(name="one", url=f"http://127.0.0.1:{free_port()}/")
    keeper = keeper_of(tmp_path / "file", check)
    for _ in range(2):
        result, document = failed(keeper, check)
        assert (result.error_class, document) == (ErrorClass.REFUSED, "")
    assert [record.getMessage() for record in caplog.records] == [
        "last_failures=write state=nothing is kept: File exists",
        "last_failures=write state=nothing is kept: Not a directory",
    ]


BUSY = "<h1>Words</h1><script>addEventListener('load', () => setTimeout(() => { for (;;); }, 1))</script>"


def no_renderer(folder: Path) -> None:
    """Kill the process of the page."""
    for one in renderers(folder):
        one.kill()


def no_browser(folder: Path) -> None:
    """Kill all of the browser."""
    first = min(processes(folder), key=lambda one: one.create_time())
    os.killpg(os.getpgid(first.pid), 9)


@pytest.mark.long
@pytest.mark.parametrize(
    ("path", "then", "expected"),
    [
        ("/busy", bool, "the page hangs: it was not drawn in time"),
        ("/", no_renderer, "the page's process has ended, or takes too much memory"),
        ("/", no_browser, "the browser itself failed, which says nothing about the page"),
    ],
    ids=["hangs", "crashes", "no-browser"],
)
def test_where_there_is_no_screenshot_the_document_says_why(
    web: Server, tmp_path: Path, path: str, then: Callable[[Path], Any], expected: str
) -> None:
    """A page that hangs, a page or a browser that has crashed: everything else is there."""
    web.page("/busy", BUSY)
    web.site["/never.png"] = never(web)
    web.page("/", "<h1>Words</h1><img src=/never.png>")
    check = BrowserCheck(name="one", url=web.url + path)
    keeper = keeper_of(tmp_path, check)
    attempt = begun(keeper, check)
    wait_until(lambda: bool(dict(web.seen).keys() & {"/busy", "/never.png"}), 10, "the page is drawn")
    then(Path(tempfile.gettempdir()))
    assert attempt.result().error_class is not None
    leaves_nothing(attempt)
    text = (keeper.document("/last-failure/one") or b"").decode()
    assert f"<p>No screenshot: {expected.replace(chr(39), '&#x27;')}.</p>" in text
    assert "<td>navigate</td>" in text


@pytest.mark.long
def test_a_screenshot_that_is_too_large_is_left_out(
    web: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Noise is tried with less quality first; what is above the limit then is not kept, and the document says so."""
    noise = (
        "<canvas id=c width=1350 height=940 style='position:fixed;inset:0'></canvas>"
        "<script>const t = c.getContext('2d');"
        "const d = t.createImageData(1350, 940); let n = 1; for (let i = 0; i < d.data.length; i++)"
        "d.data[i] = (n = n * 16807 % 2147483647) & 255 | (i % 4 === 3 ? 255 : 0); t.putImageData(d, 0, 0);</script>"
    )
    web.page("/", noise)
    check = BrowserCheck(name="one", url=web.url, expect_text="Words")
    keeper = keeper_of(tmp_path, check)
    _, document = failed(keeper, check)
    assert len(picture_in(document)) <= MOST_PICTURE_BYTES
    assert len(document) <= MOST_BYTES
    monkeypatch.setattr(last_failure, "MOST_PICTURE_BYTES", 10_240)
    _, document = failed(keeper, check)
    assert "<p>No screenshot: it is larger than 10 KiB.</p>" in document


SETTINGS = """environment: test
browser:
  last_failures: {{folder: kept, url: "http://127.0.0.1:1"}}
  checks: [{{name: orders, url: "{url}/absent", target: frontend-availability}}]
web:
  users: [{{name: ada, password_hash_file: hash}}]
"""


@pytest.mark.long
def test_it_is_served_to_who_is_logged_in(web: Server, tmp_path: Path) -> None:
    """The page needs the login, runs and loads nothing, and is linked from the landing page and from its metric."""
    set_password(tmp_path, "s3cret")
    with exporter(tmp_path, SETTINGS.format(url=web.url), ["browser"]) as served:
        url, get = f"http://127.0.0.1:{served.port}", partial(requests.get, auth=("ada", "s3cret"), timeout=10)
        wait_until(lambda: get(f"{url}/last-failure/orders").status_code == 200, 60, "the failure is kept")
        answer = get(f"{url}/last-failure/orders")
        assert "status 404" in answer.text
        assert answer.headers["content-security-policy"].startswith("default-src 'none'")
        assert answer.headers["cache-control"] == "no-store"
        assert requests.get(f"{url}/last-failure/orders", timeout=10).status_code == 401
        assert '<a href="/last-failure/orders">' in get(url).text
        assert get(f"{url}/last-failure/others").status_code == 404
        assert (
            'browser_last_failure_timestamp_seconds{check="orders",kind="browser",target="frontend-availability",'
            'page="http://127.0.0.1:1/last-failure/orders"}' in get(f"{url}/metrics/browser").text
        )
