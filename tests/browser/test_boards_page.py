"""The page of `./run boards` in a browser: every panel type draws, strangers' labels are text, errors say why."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import requests
from playwright.sync_api import Page

from tests.browser import every_type
from tests.browser.recorded import HOSTILE, boards_page, prometheus
from tests.support.servers import free_port, wait_until
from tools.chromium import browser_page


@dataclass(slots=True)
class Boards:
    """The page, its address, and what the browser complained about."""

    url: str
    page: Page
    complaints: list[str] = field(default_factory=list)

    def open(self, path: str, width: int = 1440) -> None:
        """Open an address and wait until all panels in view are drawn."""
        self.complaints.clear()
        self.page.set_viewport_size({"width": width, "height": 4000})
        self.page.goto(self.url + path)
        wait_until(self._drawn, 60, f"{path} is drawn")

    def panel(self, title: str) -> str:
        """Return the selector of a panel's body."""
        return f'.panel:has(h3:text-is("{title}")) .body'

    def count(self, title: str, selector: str) -> int:
        """Return how many elements a panel has."""
        return self.page.locator(self.panel(title)).locator(selector).count()

    def address(self) -> str:
        """Return the address as the page has it now."""
        return str(self.page.evaluate("window.location.href"))

    def _drawn(self) -> bool:
        script = "[...document.querySelectorAll('main > .grid .panel')].map(each => each.dataset.state ?? '')"
        states = self.page.evaluate(script)
        return bool(states) and all(states)


@pytest.fixture(scope="module")
def boards(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Boards]:
    """One Prometheus, one page, one browser for the tests of this file."""
    directory = tmp_path_factory.mktemp("boards")
    made = [every_type.board("all", every_type.PANELS), every_type.board("odd", every_type.ODD)]
    with prometheus(directory) as source, boards_page(directory, source, made) as url, browser_page() as page:
        opened = Boards(url, page)
        page.on("console", lambda message: opened.complaints.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: opened.complaints.append(str(error)))
        yield opened


@pytest.mark.parametrize("width", [1440, 800])
def test_every_type_of_panel_draws(boards: Boards, width: int) -> None:
    """Each type shows what it is for; the browser has nothing to complain about, and nothing is wider than the page."""
    boards.open("/d/all", width)
    assert boards.page.locator('main > .grid .panel:not([data-state="drawn"])').all_inner_texts() == []
    assert boards.count("lines", ".scatterlayer .trace") == 2
    assert boards.count("lines", ".legend tbody tr") == 2
    assert boards.count("lines", ".shapelayer path") >= 4  # the limit, the deployment, begin and length of an outage
    assert boards.count("bars", ".barlayer .point") > 20
    assert boards.count("holes", ".fills > g") >= 3  # 50 minutes hold three outages
    assert boards.count("numbers", ".stat") == 2
    assert boards.count("numbers", ".spark path") == 4
    assert boards.count("gauges", ".bar .filled") == 2
    assert boards.page.locator(boards.panel("rows")).locator("th").all_inner_texts() == ["Route", "Now", "Most\u00a0↓"]
    assert boards.count("rows", "tbody tr") == 2
    assert boards.count("states", ".barlayer .point") >= 4
    assert boards.count("spread", ".heatmaplayer image") == 1
    assert boards.count("alerts", "li") == 1
    assert boards.count("words", "b") == 1
    assert boards.complaints == []
    assert boards.page.evaluate("document.documentElement.scrollWidth") <= width


def test_labels_of_strangers_are_text(boards: Boards) -> None:
    """A label with markup is shown as it is, wherever it stands, and can run nothing."""
    boards.open("/d/all")
    boards.page.locator(boards.panel("lines")).hover(position={"x": 250, "y": 60})
    for selector in (".legend", ".stat .name", ".bar .name", "td", ".alerts", ".values"):
        assert any(HOSTILE in text for text in boards.page.locator(selector).all_inner_texts()), selector
    lane = boards.page.locator(boards.panel("states")).locator(".ytick text").first.text_content()
    assert HOSTILE[:15] in (lane or "")
    assert boards.page.locator("#board img").count() == 0
    assert boards.page.title().startswith("all ")
    assert boards.page.locator(boards.panel("alerts")).locator("a").first.get_attribute("href") == "#"


@pytest.mark.parametrize("width", [1440, 390])
def test_the_beginning_of_a_long_name_is_seen(boards: Boards, width: int) -> None:
    """The name of a lane that is too long for its place loses its end, not its beginning."""
    boards.open("/d/all", width)
    lane = boards.page.locator(boards.panel("states")).locator(".ytick text").first
    (left, begins) = (
        one.bounding_box() for one in (boards.page.locator(boards.panel("states")).locator(".plot"), lane)
    )
    assert left
    assert begins
    assert begins["x"] >= left["x"]
    assert (lane.text_content() or "").startswith(HOSTILE[:15])


def test_links_carry_value_and_time(boards: Boards) -> None:
    """A click on a value leads on with the row's label and the time shown."""
    boards.open("/d/all?from=now-15m&to=now")
    href = boards.page.locator(boards.panel("rows")).locator('tr:has(span:text-is("a")) a').get_attribute("href")
    assert href == "/d/other?var-r=a&from=now-15m&to=now"


def test_a_choice_narrows_the_board(boards: Boards) -> None:
    """The address of an alert's link chooses the variable; so does the drop-down, which changes the address."""
    boards.open("/d/all?var-route=a")
    assert boards.count("lines", ".scatterlayer .trace") == 1
    boards.page.locator(".choice summary").click()
    boards.page.locator(".choice .options label").first.click()
    boards.page.locator(".choice .options button").click()
    wait_until(lambda: boards.count("lines", ".scatterlayer .trace") == 2, 30, "both routes are drawn")
    assert "var-route=%24__all" in boards.address()


def test_a_graph_is_zoomed_into_by_dragging(boards: Boards) -> None:
    """Dragging along a graph shows that time on the whole board; the way back leads back."""
    boards.open("/d/all")
    graph = boards.page.locator(boards.panel("lines")).locator(".nsewdrag").bounding_box()
    assert graph is not None
    middle = graph["y"] + graph["height"] / 2
    boards.page.mouse.move(graph["x"] + graph["width"] * 0.25, middle)
    boards.page.mouse.down()
    boards.page.mouse.move(graph["x"] + graph["width"] * 0.75, middle, steps=5)
    boards.page.mouse.up()
    wait_until(lambda: "from=1" in boards.address(), 30, "the address holds the time")
    start, end = (int(boards.address().split(f"{name}=")[1].split("&")[0]) for name in ("from", "to"))
    assert 14 * 60_000 < end - start < 16 * 60_000
    boards.page.go_back()
    wait_until(lambda: "from=" not in boards.address(), 30, "the address is the one before")


def test_a_closed_row_draws_when_it_is_opened(boards: Boards) -> None:
    """What is folded asks nothing until a person opens it."""
    boards.open("/d/all")
    folded = boards.page.locator("details.row")
    assert folded.locator(".panel").get_attribute("data-state") is None
    folded.locator("summary").click()
    wait_until(lambda: folded.locator(".panel").get_attribute("data-state") == "drawn", 30, "the panel is drawn")


def test_what_cannot_be_drawn_says_why(boards: Boards) -> None:
    """No data shows the panel's own text, a wrong query Prometheus' words and itself, an unknown type its name."""
    boards.open("/d/odd")
    for name in ("empty", "empty now"):
        assert boards.page.locator(boards.panel(name)).inner_text() == "nothing, because"
    broken = boards.page.locator(boards.panel("broken")).inner_text()
    assert "parse error" in broken
    assert "rate(" in broken
    assert '"nodeGraph"' in boards.page.locator(boards.panel("unknown")).inner_text()


def test_over_weeks_an_empty_panel_says_how_new_its_newest_point_is(boards: Boards) -> None:
    """What began within the last step of a long time is not called missing without a word about it."""
    to = 1_700_000_000_000 // 3_600_000 * 3_600_000 + 50 * 60_000
    boards.open(f"/d/odd?from={to - 30 * 86_400_000}&to={to}")
    text = boards.page.locator(boards.panel("empty")).inner_text()
    assert text.startswith("nothing, because (The newest point in this time range is at ")
    assert text.endswith(":00. Anything that started later shows in a shorter range.)")
    assert boards.page.locator(boards.panel("empty now")).inner_text() == "nothing, because"


def test_the_links_to_runbooks_lead_to_them(boards: Boards) -> None:
    """A runbook is shown as its Markdown means it; there is a list of all, and nothing above docs/."""
    boards.page.goto(f"{boards.url}/docs/runbooks/CrmApiErrorRateBurn.md")
    boards.page.wait_for_selector("ol li code")
    assert boards.page.locator("h3").inner_text() == "CrmApiErrorRateBurn"
    assert boards.page.locator("ol li").count() >= 3
    boards.page.goto(f"{boards.url}/docs/runbooks/")
    boards.page.wait_for_selector("li a")
    assert boards.page.locator("li a").count() > 50
    for outside in ("..%2FREADME.md", "runbooks/..%2F..%2FREADME.md", "boards/crm-overview.png"):
        assert requests.get(f"{boards.url}/api/docs/{outside}", timeout=10).status_code == 404, outside


def test_the_terms_are_served(boards: Boards) -> None:
    """The words on boards are explained where their link leads, and other pages of docs/ open at the heading named."""
    boards.page.goto(f"{boards.url}/docs/terms.md")
    boards.page.wait_for_selector('td:text-is("at risk")')
    boards.page.locator('#about a:text-is("Terms")').click()
    boards.page.wait_for_selector('td:text-is("at risk")')
    boards.page.set_viewport_size({"width": 800, "height": 800})
    boards.page.goto(f"{boards.url}/docs/targets.md#cache-hit-ratio")
    heading = boards.page.locator('h4:text-is("cache-hit-ratio")')
    # A browser scrolls by whole pixels.
    wait_until(lambda: -1 < (heading.bounding_box() or {"y": -1})["y"] < 800, 30, "the heading is in view")


def test_the_page_is_no_way_to_anything_else(boards: Boards) -> None:
    """Only a few questions are passed on, only under names of this machine; nothing comes from elsewhere."""
    ask = f"{boards.url}/prometheus/api/v1"
    assert requests.get(f"{ask}/alerts", timeout=10).ok
    for path in ("admin/tsdb/snapshot", "status/config", "targets", "../../-/reload", "label/a/b/values"):
        assert requests.post(f"{ask}/{path}", timeout=10).status_code == 404, path
    assert requests.get(f"{ask}/alerts", headers={"Host": "evil.example"}, timeout=10).status_code == 421
    assert requests.post(f"{ask}/query", data={"query": "1" * 100_000}, timeout=10).status_code == 400
    assert requests.post(f"{ask}/query", data={"query": "1" * 200_000}, timeout=10).status_code == 413
    policy = requests.get(f"{boards.url}/d/all", timeout=10).headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self';" in policy


def test_without_a_prometheus_the_page_says_so(boards: Boards, tmp_path: Path) -> None:
    """Where nothing answers, the page names the address without its password, and asks whether Prometheus runs."""
    url = f"http://127.0.0.1:{free_port()}"
    made = [every_type.board("all", every_type.PANELS)]
    with boards_page(tmp_path, url.replace("//", "//user:secret@"), made) as address:
        boards.page.goto(f"{address}/d/all")
        boards.page.wait_for_selector("#notice:not([hidden])")
        assert boards.page.locator("#notice").inner_text() == f"Prometheus does not answer at {url}. Is it running?"


def test_the_alerts_are_listed_with_their_runbooks(boards: Boards) -> None:
    """A Prometheus without that page of its own: what fires is listed here, by severity, with a way to its runbook."""
    boards.page.goto(boards.url + "/alerts")
    fires = boards.page.locator("section", has_text="Firing").locator("li")
    wait_until(lambda: fires.count() == 1, 30, "the alert is listed")
    assert str(fires.locator("a").get_attribute("href")).startswith("/docs/runbooks/")


def test_lists_are_searched(boards: Boards) -> None:
    """Boards and runbooks have a sentence each, and a field that narrows them down; /docs/ leads there."""
    boards.page.goto(boards.url + "/docs/")
    items = boards.page.locator("main li:visible")
    wait_until(lambda: items.count() > 0, 30, "the runbooks are listed")
    assert boards.page.url.endswith("/docs/runbooks/")
    assert not [text for text in items.all_inner_texts() if "`" in text or "**" in text]
    boards.page.locator("input[type=search]").fill("nothing is called that")
    wait_until(lambda: items.count() == 0, 30, "nothing is left")
    assert boards.page.get_by_text("Nothing matches.").is_visible()
