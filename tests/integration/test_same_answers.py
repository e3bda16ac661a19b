"""One past, and every rule and board query on it: Prometheus, and VictoriaMetrics as a store, answer alike."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from math import isnan
from pathlib import Path

import pytest
import requests
import yaml

from demo.history.fill import fill
from exporters.generated import GENERATED_FILE, read_generated
from pantrywatch.native.state_dir import State
from tests.boards.live import Live
from tests.support.servers import free_port, process, wait_until
from tests.support.suites import Suite
from tools.board_lint.model import read_boards

pytestmark = [pytest.mark.long, pytest.mark.timeout(900)]

ROOT = Path(__file__).parents[2]
_DAYS = 3
_MONTH_TO_DATE = "crm-targets: All targets: F"
_NOW = datetime(2025, 6, 12, 14, 47, tzinfo=UTC).timestamp()  # the same past each time
# In a window of minutes an event more or less counts: VictoriaMetrics begins at the sample before it. Of the answers
# with a row, so many may be off by more than 2 %; over days none.
_MOST_OFF = 0.06
# A check that runs once a minute: at its edge, VictoriaMetrics' minute has a run, and that of Prometheus has none.
_OTHER_ROWS = ["crm-infrastructure: Failed runs (probe): A"]
_DAYS_LONG = re.compile(r"\[\d+d")
_Answer = Mapping[tuple[tuple[str, str], ...], float]


@dataclass(frozen=True, slots=True)
class Engine:
    """A running server with Prometheus' API."""

    url: str
    http: requests.Session

    def ask(self, expr: str, at: float) -> _Answer:
        """Return labels → value; AssertionError with the expression where it is refused."""
        form = {"query": expr, "time": f"{at:.3f}", "nocache": "1"}
        answer = self.http.post(f"{self.url}/api/v1/query", data=form, timeout=60).json()
        assert answer["status"] == "success", f"{answer.get('error')}: {expr}"
        data = answer["data"]
        rows = [{"metric": {}, "value": data["result"]}] if data["resultType"] == "scalar" else data["result"]
        found = {_labels(row["metric"]): float(row["value"][1]) for row in rows}
        return {labels: value for labels, value in found.items() if not isnan(value)}  # as VictoriaMetrics does


def _labels(metric: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    return tuple(sorted((name, value) for name, value in metric.items() if name != "__name__"))


@dataclass(frozen=True, slots=True)
class Past:
    """The made-up past of the demo as blocks and text, a moment in it and its last, and the answers of a reference."""

    blocks: Path
    text: Path
    at: float
    last: float
    answers: Mapping[str, tuple[str, _Answer]]


@pytest.fixture(scope="module")
def past(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Past]:
    """The past, asked of this machine's Prometheus."""
    folder = tmp_path_factory.mktemp("past")
    state = State(folder / "state")
    state.prepare()
    fill(state, _DAYS, 1, lambda: _NOW)
    generated = read_generated(state.file(GENERATED_FILE))
    assert generated is not None
    # Never on the moment of a sample: releases count the edges of a window differently.
    at, last = generated.until_seconds // 1800 * 1800 - 1200.679, generated.until_seconds - 60.679
    blocks, text = state.file("prometheus/data"), folder / "samples.txt"
    _write_text(blocks, text)
    with _prometheus("prometheus", blocks, folder / "reference") as engine:
        answers = {name: (expr, engine.ask(expr, at)) for name, expr in _questions(engine.url)}
    yield Past(blocks, text, at, last, answers)
    shutil.rmtree(folder)


def _questions(url: str) -> Iterator[tuple[str, str]]:
    """Yield name and expression of every rule and of every query of a board, its variables replaced."""
    for file in sorted((ROOT / "alert_rules/generated").glob("*.yml")):
        for group in yaml.load(file.read_text(), yaml.CSafeLoader)["groups"]:
            for number, rule in enumerate(group["rules"]):
                yield f"{group['name']}[{number}]: {rule.get('record') or rule['alert']}", rule["expr"]
    live = Live(url, 3600)
    for board in read_boards():
        for question in live.questions(board):
            yield question.name, question.expr


def _write_text(blocks: Path, text: Path) -> None:
    """Write the samples as VictoriaMetrics imports them: promtool writes the name of a metric as a label."""
    (blocks / "wal").mkdir()  # it asks for one
    command = ["promtool", "tsdb", "dump", str(blocks)]
    with text.open("w") as file, subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as dump:
        assert dump.stdout is not None
        for line in dump.stdout:
            name, labels = line.removeprefix('{__name__="').split('"', 1)
            file.write(f"{name}{{{labels.removeprefix(', ')}")
    assert dump.returncode == 0
    (blocks / "wal").rmdir()


@contextmanager
def _prometheus(program: str, blocks: Path, folder: Path) -> Iterator[Engine]:
    shutil.copytree(blocks, folder / "data")
    (folder / "prometheus.yml").write_text("{}\n")
    address = f"127.0.0.1:{free_port()}"
    command = [
        program, f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/data",
        "--storage.tsdb.retention.time=100d", f"--web.listen-address={address}",
    ]  # fmt: skip
    with _running(command, folder, address, "/-/ready") as engine:
        yield engine


@contextmanager
def _store(program: str, text: Path, folder: Path) -> Iterator[Engine]:
    folder.mkdir()
    address = f"127.0.0.1:{free_port()}"
    command = [program, f"-storageDataPath={folder}/data", "-retentionPeriod=100y", f"-httpListenAddr={address}"]
    with _running([*command, "-search.latencyOffset=0s"], folder, address, "/health") as engine:
        with text.open("rb") as samples:
            requests.post(f"{engine.url}/api/v1/import/prometheus", data=samples, timeout=300).raise_for_status()
        requests.get(f"{engine.url}/internal/force_flush", timeout=60).raise_for_status()
        yield engine


@contextmanager
def _running(command: list[str], folder: Path, address: str, ready: str) -> Iterator[Engine]:
    def answers() -> bool:
        try:
            return requests.get(f"http://{address}{ready}", timeout=5).ok
        except requests.RequestException:
            return False

    with process(command, folder / "server.log"), requests.Session() as http:
        wait_until(answers, 60, f"{command[0]} answers")
        yield Engine(f"http://{address}", http)


def test_the_store_of_debian_12_has_the_same_answers(past: Past, tmp_path: Path) -> None:
    """Every expression is understood, has the same rows, and differs by an event in a short window at most."""
    with _store("victoria-metrics", past.text, tmp_path / "store") as engine:
        _require_the_same(past, engine)


@pytest.mark.parametrize("name", ["prometheus", "victoria-metrics"])
def test_current_releases_have_the_same_answers(past: Past, current_suite: Suite, tmp_path: Path, name: str) -> None:
    """As above, of Debian's testing; the data is what this machine's Prometheus has."""
    if not current_suite.is_current:
        pytest.skip(f"only Debian 12's releases are to be had: {current_suite.describe()}")
    program, folder = str(current_suite.programs / name), tmp_path / "engine"
    is_store = name == "victoria-metrics"
    with _store(program, past.text, folder) if is_store else _prometheus(program, past.blocks, folder) as engine:
        _require_the_same(past, engine)


def _require_the_same(past: Past, engine: Engine) -> None:
    other_rows, off, answered = [], {}, 0
    for name, (expr, expected) in past.answers.items():
        found = engine.ask(expr, past.at)
        answered += bool(expected)
        if found.keys() != expected.keys():
            other_rows.append(name)
        elif (worst := max((_difference(found[one], expected[one]) for one in expected), default=0.0)) > 0.02:
            off[name] = worst
    assert [one for one in other_rows if one not in _OTHER_ROWS] == []
    # VictoriaMetrics ends a subquery at the next half hour, when there is no sample yet.
    assert engine.ask(past.answers[_MONTH_TO_DATE][0], past.last), "the month to date has no row"
    assert [name for name in off if _DAYS_LONG.search(past.answers[name][0])] == []
    assert answered > 400, "the past has too little in it"
    assert len(off) <= _MOST_OFF * answered, off


def _difference(found: float, expected: float) -> float:
    return 0.0 if found == expected else abs(found - expected) / max(abs(expected), 1e-9)
