"""What the generator says was recorded is what Prometheus computes from the raw series that it says were scraped."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import requests
import yaml

from demo.history.blocks import BlockWriter, Series
from demo.history.promises import Past, past
from demo.history.raw import Raw
from demo.history.recorded import Recorded, RecordingRules
from tests.support.servers import free_port, process, wait_until

pytestmark = pytest.mark.long

ROOT = Path(__file__).parents[3]
START = 1_795_824_000
HOURS = 26
END = START + HOURS * 3600
SINCE = END - 7200 - 600
# The counters of the database's server are left out, see demo/history/raw.py.
NOT_RAW = {"db-error-rate"}
Found = dict[tuple[str, str], dict[int, float]]


@pytest.fixture(scope="module")
def made() -> Past:
    return past(3, START, HOURS * 60, END - 3600)


@pytest.fixture(scope="module")
def recorded(made: Past) -> Found:
    """Record and target → time → value, of the last two hours."""
    found: Found = {}
    for series in Recorded(made, RecordingRules(ROOT / "alert_rules/generated")).series(END - 7200, END):
        target = re.search(r'target="([^"]+)"', series.labels)
        times = (series.steps.first + number * series.steps.every for number in range(len(series.steps.lines)))
        values = {time: value for time, value in zip(times, series.values, strict=True) if value is not None}
        found[series.name, target[1] if target else ""] = values
    return found


@pytest.fixture(scope="module")
def prometheus(made: Past, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A Prometheus with raw series of two hours and the recorded events of a day, without any rule."""
    folder = tmp_path_factory.mktemp("history")
    events = Recorded(made, RecordingRules(ROOT / "alert_rules/generated"))

    def series() -> Iterator[Series]:
        yield from Raw(made, SINCE, ROOT / "targets.yaml").series(START, END)
        yield from (one for one in events.series(START, END) if one.name.startswith("slo:events_"))
        yield from (one for one in events.series(END - 7200, END) if one.name == "slo:error_budget:ratio")

    writer = BlockWriter(folder)
    try:
        writer.write(series())
        writer.finish()
    finally:
        writer.close()
    (folder / "prometheus.yml").write_text("{}\n")
    address = f"127.0.0.1:{free_port()}"
    command = ["prometheus", f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/blocks"]
    command += ["--storage.tsdb.retention.time=4000d", f"--web.listen-address={address}"]
    with process(command, folder / "prometheus.log"):
        wait_until(lambda: _ready(address), 60, "Prometheus on generated blocks")
        yield f"http://{address}"


def _ready(address: str) -> bool:
    try:
        return requests.get(f"http://{address}/-/ready", timeout=5).ok
    except requests.ConnectionError:
        return False


@cache
def _rules() -> list[dict[str, Any]]:
    document = yaml.load((ROOT / "alert_rules/generated/targets.yml").read_text(), yaml.CSafeLoader)
    return [rule for group in document["groups"] for rule in group["rules"] if "record" in rule]


def _inlined(expr: str) -> str:
    """The expression with the sums over windows, which are not generated, in place of their names."""
    sums = {
        rule["record"]: rule["expr"] for rule in _rules() if re.search(r":sum|:events30d|:period_burn", rule["record"])
    }
    while known := [name for name in sums if re.search(rf"(?<![\w:]){name}(?![\w:])", expr)]:
        for name in known:
            expr = re.sub(rf"(?<![\w:]){name}(?![\w:])", lambda _, name=name: f"({sums[name]})", expr)
    return expr


def _ask(url: str, expr: str, times: list[int]) -> dict[str, dict[int, float]]:
    """Target → time → value of the expression, one a step of the times."""
    parameters: dict[str, str | int] = {"query": expr, "start": times[0], "end": times[-1], "step": times[1] - times[0]}
    answer = requests.post(f"{url}/api/v1/query_range", data=parameters, timeout=60).json()
    assert answer["status"] == "success", answer
    return {
        result["metric"].get("target", ""): {int(time): float(value) for time, value in result["values"]}
        for result in answer["data"]["result"]
    }


def _same(computed: dict[int, float], said: dict[int, float], what: str) -> None:
    assert computed.keys() == said.keys(), what
    assert [computed[time] for time in said] == pytest.approx(list(said.values()), rel=0.001, abs=1e-9), what


def test_recorded_events_are_those_of_the_raw_series(prometheus: str, recorded: Found) -> None:
    """Every target's events, bad ones and all, for two hours: within 0.1 % of what its rule computes from raw."""
    compared = 0
    for rule in _rules():
        target = rule.get("labels", {}).get("target", "")
        said = recorded.get((rule["record"], target))
        if not rule["record"].endswith(":increase5m") or said is None or target in NOT_RAW:
            continue
        computed = _ask(prometheus, rule["expr"], list(said))[""]
        _same(computed, said, f"{rule['record']} of {target}")
        compared += 1
    assert compared == 2 * 20
    assert max(recorded["slo:events_bad:increase5m", "api-latency"].values()) > 0


@pytest.mark.parametrize(
    "record",
    [f"slo:sli_error:ratio_rate{window}" for window in ("5m", "1h", "6h", "1d", "3d", "30d")]
    + ["slo:period_error_budget_remaining:ratio", "slo:history:days", "slo:events_bad:sampled5m"],
)
def test_recorded_windows_are_those_of_the_recorded_events(prometheus: str, recorded: Found, record: str) -> None:
    """Each longer window, and what is left of the budget, is what its rule computes from the recorded events."""
    said = {target: values for (name, target), values in recorded.items() if name == record}
    (expr,) = (rule["expr"] for rule in _rules() if rule["record"] == record)
    computed = _ask(prometheus, _inlined(expr), list(next(iter(said.values()))))
    assert computed.keys() == said.keys()
    for target, values in said.items():
        _same(computed[target], values, f"{record} of {target}")
