"""What the generator says was recorded is what Prometheus computes from the raw series that it says were scraped."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import requests
import yaml

from demo.history.baselines import Baselines, Signal
from demo.history.blocks import BlockWriter, Series
from demo.history.fills_up import FillsUp
from demo.history.gauge_hours import GaugeHours
from demo.history.machine import Gauge, Machine
from demo.history.promises import Past, past
from demo.history.raw import Raw
from demo.history.recorded import Recorded, RecordingRules
from demo.history.usage import usage
from tests.support.servers import free_port, process, wait_until

pytestmark = pytest.mark.long

ROOT = Path(__file__).parents[3]
START = 1_795_824_000
HOURS = 26
END = START + HOURS * 3600
SINCE = END - 7200 - 600
# The counters of the database's server are left out, see demo/history/raw.py.
NOT_RAW = {"db-error-rate"}
_REQUESTS = "slo:events_total:sum1h"
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
        yield from _fills_up()

    with _running(folder, series()) as url:
        yield url


@contextmanager
def _running(folder: Path, series: Iterable[Series]) -> Iterator[str]:
    """The address of a Prometheus that has the series, and no rule."""
    writer = BlockWriter(folder)
    try:
        writer.write(series)
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


def _fills_up() -> Iterator[Series]:
    """What is in use of a made-up machine, typically and at most."""
    memory = 'job="cache",instance="main"'
    gauges = [Gauge("redis_memory_max_bytes", memory, 100, 0), Gauge("redis_memory_used_bytes", memory, 20, 100)]
    yield from FillsUp(END).series(Machine(3, gauges, END).series(START, END), START, END)


def _ready(address: str) -> bool:
    try:
        return requests.get(f"http://{address}/-/ready", timeout=5).ok
    except requests.ConnectionError:
        return False


@cache
def _rules() -> list[dict[str, Any]]:
    files = (ROOT / f"alert_rules/generated/{name}.yml" for name in ("targets", "baselines", "forecasts", "business"))
    groups = [group for file in files for group in yaml.load(file.read_text(), yaml.CSafeLoader)["groups"]]
    return [rule for group in groups for rule in group["rules"] if "record" in rule]


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


def test_recorded_requests_are_those_of_the_raw_series(prometheus: str) -> None:
    """Every bucket of all instances, each minute for an hour, is what its rule computes from raw."""
    name = "job_route:http_server_request_duration_seconds_bucket:increase1m"
    groups = yaml.load((ROOT / "alert_rules/generated/api.yml").read_text(), yaml.CSafeLoader)["groups"]
    (expr,) = (rule["expr"] for group in groups for rule in group["rules"] if rule.get("record") == name)
    times = list(range(END - 7200 + 10, END - 3600, 60))
    said = _ask(prometheus, f'label_replace({name}{{instance="all"}}, "target", "$1", "le", "(.+)")', times)
    computed = _ask(prometheus, f'label_replace({expr}, "target", "$1", "le", "(.+)")', times)
    assert len(said) > 5
    assert said.keys() == computed.keys()
    for edge, values in said.items():
        _same(computed[edge], values, edge)
    assert sum(said["+Inf"].values()) > 0


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
    + ["slo:period_error_budget_remaining:ratio", "slo:history:days", "slo:events_bad:sampled5m", _REQUESTS],
)
def test_recorded_windows_are_those_of_the_recorded_events(prometheus: str, recorded: Found, record: str) -> None:
    """Each longer window, and what is left of the budget, is what its rule computes from the recorded events."""
    said = {target: values for (name, target), values in recorded.items() if name == record}
    (expr,) = (rule["expr"] for rule in _rules() if rule["record"] == record)
    computed = _ask(prometheus, _inlined(expr), list(next(iter(said.values()))))
    assert said.keys() == ({"api-error-rate"} if record == _REQUESTS else computed.keys())
    for target, values in said.items():
        _same(computed[target], values, f"{record} of {target}")


def _said(series: Series) -> dict[int, float]:
    times = (series.steps.first + number * series.steps.every for number in range(len(series.steps.lines)))
    return {time: value for time, value in zip(times, series.values, strict=True) if value is not None}


@pytest.mark.parametrize("record", ["crm:resource_typical:ratio1d", "crm:resource_highest:ratio1d"])
def test_recorded_days_are_those_of_what_was_recorded_in_use(prometheus: str, record: str) -> None:
    """Of a day, the typical value and the highest are what their rules compute from what is in use."""
    (series,) = (one for one in _fills_up() if one.name == record)
    said = {time: value for time, value in _said(series).items() if time > END - 1800}
    (expr,) = (rule["expr"] for rule in _rules() if rule["record"] == record)
    _same(_ask(prometheus, expr, list(said))[""], said, record)


@pytest.mark.parametrize("signal", ["traffic", "bad events"])
def test_recorded_hours_are_those_of_the_recorded_events(prometheus: str, made: Past, signal: str) -> None:
    """The traffic and the bad events of each hour are what their rules compute from the recorded events."""
    events = Recorded(made, RecordingRules(ROOT / "alert_rules/generated"))
    labels = f'signal="{signal}"'
    listed = [one for one in events.series(END - 3600, END) if one.name == "crm:signal:hour" and labels in one.labels]
    (rule,) = (rule for rule in _rules() if rule["record"] == "crm:signal:hour" and rule["labels"]["signal"] == signal)
    computed = _ask(prometheus, _inlined(rule["expr"]), list(_said(listed[0])))
    assert len(listed) == 21
    for series in listed:
        (target,) = re.findall(r',target="([^"]+)"', series.labels)
        _same(computed[target], _said(series), f"{signal} of {target}")


def test_recorded_usage_is_that_of_the_raw_series(prometheus: str, made: Past) -> None:
    """The completed requests of an hour, and the share of late ones, are what their rules compute from raw series."""
    listed = [one for one in usage(made, END - 1800, END) if one.labels == 'action="Accounts opened"']
    assert len(listed) == 2
    for series in listed:
        (expr,) = (rule["expr"] for rule in _rules() if rule["record"] == series.name)
        said = _said(series)
        computed = _ask(prometheus, expr, list(said))[""]
        assert [computed[time] for time in said] == pytest.approx(list(said.values()), rel=0.002, abs=1e-4), series.name


def test_recorded_hours_of_gauges_are_their_means(tmp_path: Path) -> None:
    """The mean of an hour of a gauge is what its rule computes from it; there are less than five weeks of them."""
    labels = 'job="cache",instance="main"'
    gauges = [Gauge("redis_connected_clients", labels, 12, 100)]
    hours, machine = GaugeHours(END), Machine(3, gauges, END)
    made = list(machine.series(END - 8 * 3600, END))
    (said,) = (_said(one) for one in hours.series(made, END - 8 * 3600, END) if one.name == "crm:signal:hour")
    (rule,) = (rule for rule in _rules() if rule.get("labels", {}).get("signal") == "cache clients")
    with _running(tmp_path, made) as url:
        _same(_ask(url, rule["expr"], list(said))[""], said, "cache clients")
    earlier = GaugeHours(END + 34 * 86400).series(made, END - 8 * 3600, END)
    assert [one for one in earlier if _said(one)] == []


def test_what_was_normal_is_what_its_rules_compute(tmp_path: Path) -> None:
    """Median of the weeks, ratio, today, chance, deviation and band, of a count and a gauge, from what was recorded."""
    start, end = START - 90 * 86400, START - 48 * 86400
    by_step = {step: 500 + 300 * (step * 7919 % 97) / 97 for step in range(start // 300, end // 300)}
    count, gauge = ({"target": kind, "kind": kind} for kind in ("count", "gauge"))
    made = Baselines([Signal(count, by_step, by_step), Signal(gauge, by_step, None)], end)

    def written() -> Iterator[Series]:
        for labels, series in made.series(start, end):
            yield series._replace(labels=f'target="{labels["target"]}",kind="{labels["kind"]}"')

    compared = set()
    with _running(tmp_path, written()) as url:
        for series in written():
            (kind,) = re.findall('kind="(.+)"', series.labels)
            rules = [rule for rule in _rules() if rule["record"] == series.name and "labels" not in rule]
            for rule in rules:
                said = {time: value for time, value in _said(series).items() if time > end - 7200}
                if said:
                    _same(_ask(url, rule["expr"], list(said))[kind], said, series.name)
                    compared.add((kind, series.name))
    assert len(compared) == 10 + 9
