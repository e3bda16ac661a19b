"""`pantrywatch report` and a real Prometheus: its numbers are the boards', and it can be read by everybody."""

from __future__ import annotations

import json
import re
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path

import psutil
import pytest

from exporters.core.access import WebSettings
from pantrywatch.analysis.report.acknowledgments import first_silences
from pantrywatch.analysis.report.command import Wanted, write_report
from pantrywatch.analysis.report.panels import Panels
from pantrywatch.analysis.report.period import PERIODS, period_of
from pantrywatch.analysis.report.promises import promise_questions
from pantrywatch.analysis.report.questions import Asker
from pantrywatch.analysis.report.report import Report, collect, state_questions
from pantrywatch.analysis.report.tables import table_questions
from pantrywatch.cli import main
from pantrywatch.web.prometheus import Answer, Prometheus
from tests.support.alertmanagers import alertmanager, settings_for
from tests.support.exporter import ROOT
from tests.support.reported import BEFORE, DAY, MINUTE, NOW, WEEK, reported
from tests.support.servers import free_port
from tools.chromium import browser_page

_MOST_BYTES = 1.5 * 1024 * 1024


@dataclass
class _World:
    """A Prometheus with a past, and when it ended."""

    url: str
    now: int
    folder: Path
    made: dict[str, Report] = field(default_factory=dict)

    def report(self, name: str) -> Report:
        if name not in self.made:
            period = period_of(name, self.now)  # type: ignore[arg-type]
            self.made[name] = collect(Asker(Prometheus(self.url)), ROOT, period, self.now, "test")
        return self.made[name]

    def page(self, *options: str) -> str:
        file = self.folder / "page.html"
        assert main(["report", "--prometheus", self.url, "--into", str(file), *options]) == 0
        assert file.stat().st_size <= _MOST_BYTES
        return file.read_text()


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[_World]:
    folder, now = tmp_path_factory.mktemp("world"), int(time.time())
    with reported(folder, now) as url:
        yield _World(url, now, folder)


def _board(world: _World, period: str, title: str, ref: str) -> dict[str, float]:
    """Return target → number, as the panel of crm-targets has it at the end of the period."""
    at = period_of(period, world.now).asked_at  # type: ignore[arg-type]
    expr = Panels(ROOT / "dashboards/generated").expr("crm-targets", title, ref)
    data = Prometheus(world.url).data("query", [("query", expr), ("time", f"{at:.3f}")])
    return {one["metric"]["target"]: float(one["value"][1]) for one in data["result"]}


@pytest.mark.long
@pytest.mark.parametrize(
    ("period", "title", "ref"),
    [("7d", "Good events by period", "B"), ("30d", "All targets", "E"), ("month", "All targets", "F")],
)
def test_the_numbers_are_those_of_the_boards(world: _World, period: str, title: str, ref: str) -> None:
    """Measured, objective, budget and state of each target are what crm-targets shows, for each period."""
    found = world.report(period).promises
    assert [one.id for one in found] == ["lcp", "api-latency", "api-availability"]  # as in the document
    for name, panel in (
        ("good", _board(world, period, title, ref)),
        ("objective", _board(world, period, "All targets", "C")),
        ("budget", _board(world, period, "All targets", "G")),
        ("state", _board(world, period, "All targets", "B")),
    ):
        assert {one.id: getattr(one, name) for one in found if getattr(one, name) is not None} == pytest.approx(panel)
    if period != "month":
        shares = {one.id: one.good for one in found}
        assert shares["api-latency"] == pytest.approx(1 - (WEEK if period == "7d" else NOW["api-latency"]), abs=1e-4)


@pytest.mark.long
def test_what_became_of_each_target_and_what_changed(world: _World) -> None:
    """A target that was met before and is missed now is named first; one that nothing feeds is not called met."""
    report = world.report("30d")
    assert {one.id: one.result for one in report.promises} == {
        "lcp": "not measured", "api-latency": "missed", "api-availability": "met",
    }  # fmt: skip
    assert [(kind, one.id) for kind, one in report.moved] == [("missed", "api-latency")]
    assert report.promises[1].before == pytest.approx(1 - BEFORE["api-latency"])
    assert [(month.name, month.spent) for month in report.promises[1].months][-1] == ("2026-11", 0.9)


@pytest.mark.long
def test_incidents_have_their_times_and_deployments_their_failures(world: _World) -> None:
    """The outage is one incident with its cause, the burn still fires since its first bad minute; 1 of 2 failed."""
    report = world.report("30d")
    assert report.now is not None
    outage, burn = report.now.incidents
    assert (outage.cause, outage.alerts) == ("CrmDatabaseDown", ("CrmApiErrorsSudden",))
    assert outage.fired == pytest.approx(world.now - 3 * DAY, abs=2 * MINUTE)
    assert outage.seconds_to_notice == pytest.approx(2 * MINUTE, abs=MINUTE)
    # A series that ends in a block is still seen for five minutes.
    assert outage.seconds_to_resolve == pytest.approx((20 + 2 + 5) * MINUTE, abs=5 * MINUTE)
    assert (burn.cause, burn.ended) == ("CrmApiLatencyBurn", None)
    assert burn.seconds_to_notice == pytest.approx(30 * MINUTE, abs=2 * MINUTE)
    assert report.delivery is not None
    assert report.delivery.failed_share == 0.5
    assert report.delivery.deployments[1].incident == outage
    assert report.before is not None
    assert report.before.share < 0.9  # of the 30 days before, only 5 are kept
    assert report.unanswered == ()


class _Page(HTMLParser):
    """What a screen reader meets: headings, tables, pictures, and what a page loads."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.language, self.headings, self.faults = "", [], []  # type: ignore[var-annotated]
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        known = dict(attrs)
        if tag == "html":
            self.language = known.get("lang") or ""
        if re.fullmatch("h[1-6]", tag):
            self.headings.append(int(tag[1]))
        if tag == "th" and known.get("scope") not in {"col", "row"}:
            self.faults.append("a table header without a scope")
        if tag == "table" and not known.get("aria-labelledby"):
            self.faults.append("a table without a name")
        if tag == "svg" and not (known.get("role") == "img" and known.get("aria-label")):
            self.faults.append("a chart without a text")
        if tag in {"script", "img", "iframe", "object"}:
            self.faults.append(f"<{tag}>")
        self.faults += [f"{name}={value}" for name, value in attrs if value and re.search("https?:|^//|url\\(", value)]


@pytest.mark.long
@pytest.mark.parametrize(
    ("language", "words"), [("en", "Promised against measured"), ("de", "Versprochen und gemessen")]
)
def test_the_page_stands_alone_and_a_screen_reader_can_read_it(world: _World, language: str, words: str) -> None:
    """Its language, headings in order, headers with a scope, a text for each chart; it loads nothing."""
    text = world.page("--locale", language, "--status", str(world.folder / "status.html"))
    assert words in text
    for page in (_Page(text), _Page((world.folder / "status.html").read_text())):
        assert (page.language, page.faults, page.headings[0]) == (language, [], 1)
        assert all(after <= before + 1 for before, after in zip(page.headings, page.headings[1:], strict=False))


# The texts and marks of charts whose contrast to what is behind them is too little: WCAG 2.2, 1.4.3 and 1.4.11.
_FAINT = """() => {
  const light = color => {
    const [r, g, b] = color.match(/[\\d.]+/g).map(part => part / 255)
      .map(part => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const behind = element => {
    for (; element; element = element.parentElement) {
      const color = getComputedStyle(element).backgroundColor;
      if (color !== 'rgba(0, 0, 0, 0)') return color;
    }
    return 'rgb(255, 255, 255)';
  };
  const contrast = (color, element) => {
    const [dark, bright] = [light(color), light(behind(element))].sort((one, other) => one - other);
    return (bright + 0.05) / (dark + 0.05);
  };
  const large = style => parseFloat(style.fontSize) >= (style.fontWeight >= 700 ? 18.66 : 24);
  const texts = [...document.body.querySelectorAll('*')]
    .filter(one => [...one.childNodes].some(node => node.nodeType === 3 && node.data.trim()))
    .map(one => [one, getComputedStyle(one).color, large(getComputedStyle(one)) ? 3 : 4.5]);
  const marks = [...document.querySelectorAll('svg rect')].map(one => [one, getComputedStyle(one).fill, 3]);
  return {
    seen: [texts.length, marks.length],
    faint: [...texts, ...marks].filter(([one, color, least]) => contrast(color, one) < least)
      .map(([one]) => one.outerHTML),
  };
}"""


@pytest.mark.long
def test_every_text_and_chart_differs_enough_from_its_background(world: _World) -> None:
    """Contrast of 4.5 to 1, of 3 to 1 for charts and large texts; on a phone nothing is wider than the page."""
    world.page("--locale", "de", "--status", str(world.folder / "status.html"))
    with browser_page(390, 844) as shown:
        for name, least in (("page", (60, 13)), ("status", (8, 180))):
            shown.goto((world.folder / f"{name}.html").as_uri())
            for media in ("screen", "print"):
                shown.emulate_media(media=media)
                found = shown.evaluate(_FAINT)
                assert found["faint"] == []
                assert all(number >= most for number, most in zip(found["seen"], least, strict=True)), found["seen"]
            shown.emulate_media(media="screen")
            assert shown.evaluate("document.documentElement.scrollWidth") == 390


@pytest.mark.long
def test_a_silence_of_a_real_alertmanager_acknowledges_what_fires(world: _World, tmp_path: Path) -> None:
    """The burn that still fires is acknowledged after ten minutes; without an Alertmanager that is not known."""
    cells = 'data-column="Acknowledged after">([^<]+)<'
    assert set(re.findall(cells, world.page("--period", "7d"))) == {"not known"}
    with alertmanager(tmp_path, settings_for(free_port(), free_port())) as running:
        running.silence(alertname="CrmApiLatencyBurn", target="api-latency")
        text = world.page("--period", "7d", "--alertmanager", f"http://127.0.0.1:{running.port}")
        cluster = [f"http://127.0.0.1:{port}" for port in (free_port(), running.port)]
        assert len(first_silences(cluster, WebSettings())) == 1, "the first of a cluster is away, the second knows"
    newest, outage = re.findall(cells, text)
    assert newest in {"9 minutes", "10 minutes", "11 minutes"}
    assert outage == "not known"
    gone = world.page("--period", "7d", "--alertmanager", f"http://127.0.0.1:{free_port()}")
    assert "silences: Alertmanager does not answer as expected" in gone


@pytest.mark.long
def test_chromium_prints_the_page_on_a4_and_leaves_nothing(world: _World, tmp_path: Path) -> None:
    """The PDF has pages of A4; no process and no folder of the browser is left; without one, a sentence says so."""
    file = tmp_path / "report.pdf"
    world.page("--pdf", str(file))
    content = file.read_bytes()
    assert content.startswith(b"%PDF-")
    sizes = set(re.findall(rb"/MediaBox \[0 0 (\d+)[.\d]* (\d+)[.\d]*\]", content))
    assert sizes == {(b"594", b"841")}
    assert not list(Path(tempfile.gettempdir()).glob("pantrywatch-report-*"))
    assert not [one for one in psutil.process_iter(["cmdline"]) if "pantrywatch-report-" in str(one.info["cmdline"])]


def test_without_a_chromium_a_sentence_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Exit code 2 before Prometheus is asked, and no page."""
    monkeypatch.setenv("PATH", str(tmp_path))
    page, url = tmp_path / "page.html", f"http://127.0.0.1:{free_port()}"
    assert main(["report", "--prometheus", url, "--into", str(page), "--pdf", str(tmp_path / "page.pdf")]) == 2
    assert not page.exists()


@pytest.mark.long
def test_the_status_page_says_nothing_of_what_is_inside(world: _World) -> None:
    """State and 90 days of each layer; no name of an alert, a target, a route or a server."""
    world.page("--status", str(world.folder / "status.html"))
    text = (world.folder / "status.html").read_text()
    assert "Some parts are degraded." in text
    assert re.findall(r"layer_?-?(\w+)\"", text.split("</header>")[1])[:2] == ["frontend", "frontend"]
    assert text.count("<rect") == 2 * 90
    assert text.count('class="missed"') == pytest.approx(7, abs=1)
    assert text.count('class="kept"') == pytest.approx(28, abs=2)
    assert re.search("Crm[A-Z]|api-|lcp|/api|primary|main\\b(?!>)|p95", text.split("<body>")[1]) is None


def test_without_an_answer_or_without_targets_there_is_no_report(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit code 1 and a sentence, and no file that could be taken for a report."""
    wanted = Wanted("7d", "en", tmp_path / "page.html")
    assert write_report(Prometheus(f"http://user:secret@127.0.0.1:{free_port()}"), ROOT, wanted) == 1
    said = capsys.readouterr().err
    assert "does not answer" in said
    assert "secret" not in said
    assert write_report(_Empty(), ROOT, wanted) == 1
    assert "it has no targets: are the rules of pantrywatch in it?" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


class _Empty(Prometheus):
    """Has nothing."""

    def __init__(self) -> None:
        super().__init__("http://nowhere.invalid")

    def query(self, path: str, parameters: list[tuple[str, str]]) -> Answer:
        return Answer(200, json.dumps({"status": "success", "data": {"result": []}}).encode())


def test_every_panel_that_a_report_is_made_of_is_on_the_boards() -> None:
    """No question is left with a variable of a board in it."""
    panels = Panels(ROOT / "dashboards/generated")
    for name in PERIODS:
        period = period_of(name, 1_800_000_000.0)
        asked = promise_questions(panels, period) | table_questions(panels, 0.0) | state_questions(panels, period)
        assert [question.expr for question in asked.values() if "$" in question.expr] == []
