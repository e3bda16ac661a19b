"""The real rules over made-up events, by a real Prometheus that works through days in a minute.

The events of five minutes are written as blocks, and the share of bad ones in the last scrape of each minute. Each
further record is computed from its own rule by `promtool tsdb create-blocks-from rules`, what it needs first, and each
alert's expression is asked over the whole time. Only waiting (`for`) and going on (`keep_firing_for`) are done here. A
week of all targets takes about a minute, where promtool's own rule tests would take a quarter of an hour.
"""

from __future__ import annotations

import itertools
import math
import random
import re
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests
import yaml

from pantrywatch.config.targets import Target
from pantrywatch.native.state_dir import ROOT
from tests.bench.traffic import Minute
from tests.support.servers import free_port, process, wait_until

STEP_SECONDS = 60
_NOW = "slo:sli_error:ratio_now"
_GIVEN = {"slo:events_total:increase5m", "slo:events_bad:increase5m", _NOW}
_SCRAPES = 4  # a minute
_MANY = 30  # events of a minute, from which on how many fall into a scrape is drawn as from a normal distribution
_NAME = re.compile(r"slo:[a-z_]+:[A-Za-z0-9_]+")
_UNITS = {"s": 1, "m": 60, "h": 3600}
Rule = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Fired:
    """An alert that began to fire, in seconds since the epoch."""

    alert: str
    severity: str
    target: str
    at: float


def fired(
    folder: Path, events: Iterable[tuple[Target, Iterator[Minute]]], start: int, minutes: int, names: str = ".+"
) -> list[Fired]:
    """Return when alerts of severity medium and above fire over these events; `names`: a pattern of those asked."""
    _write_events(folder, events, start)
    end = start + minutes * STEP_SECONDS
    alerts = [alert for alert in _rules("alert") if _is_asked(alert, names)]
    for level in _levels(alerts):
        with _prometheus(folder) as url:
            _record(folder, url, level, start, end)
    with _prometheus(folder) as url:
        return [found for alert in alerts for found in _firing(url, alert, start, end)]


def _is_asked(alert: Rule, names: str) -> bool:
    is_of_events = alert["alert"] == "CrmTargetMissedNow" or alert["alert"].endswith("Burn")
    return is_of_events and alert["labels"]["severity"] != "low" and re.fullmatch(names, alert["alert"]) is not None


def _rules(kind: str) -> list[Rule]:
    """The rules of the targets, each with the interval of its group; every target is measured."""
    found = []
    for file in ("targets", "installation"):
        document = yaml.load((ROOT / f"alert_rules/generated/{file}.yml").read_text(), yaml.CSafeLoader)
        for group in document["groups"]:
            constant = {"expr": "vector(1)"} if group["name"] == "slo.measured" else {}
            # What is recorded each two minutes changes slowly; each minute it is the same, and never too old.
            every = "5m" if group["name"] == "slo.sampled" else "1m"
            found += [{**rule, **constant, "every": every} for rule in group["rules"] if kind in rule]
    return found


def _levels(alerts: list[Rule]) -> Iterator[list[Rule]]:
    """Yield what the alerts need: first the rules that need events alone, then those that need what these record."""
    rules = {name: list(some) for name, some in itertools.groupby(
        sorted(_rules("record"), key=lambda rule: str(rule["record"])), key=lambda rule: str(rule["record"])
    )}  # fmt: skip
    needed: set[str] = set()
    wanted = {name for alert in alerts for name in _NAME.findall(alert["expr"])}
    while wanted := (wanted & rules.keys()) - needed - _GIVEN:
        needed |= wanted
        wanted = {name for one in wanted for rule in rules[one] for name in _NAME.findall(rule["expr"])}
    while needed:
        ready = {name for name in needed if not _needs(rules[name]) & needed - {name}}
        yield [rule for name in sorted(ready) for rule in rules[name]]
        needed -= ready


def _needs(rules: list[Rule]) -> set[str]:
    return {name for rule in rules for name in _NAME.findall(rule["expr"])}


def _write_events(folder: Path, events: Iterable[tuple[Target, Iterator[Minute]]], start: int) -> None:
    counted = [(target, list(minutes)) for target, minutes in events]
    page = folder / "events.txt"
    with page.open("w") as file:
        for what in ("total", "bad"):
            file.write(f"# TYPE slo:events_{what}:increase5m gauge\n")
            for target, minutes in counted:
                file.writelines(_lines(what, target, minutes, start))
        file.write(f"# TYPE {_NOW} gauge\n")
        for target, minutes in counted:
            file.writelines(_lines_now(target, minutes, start))
        file.write("# EOF\n")
    _promtool("openmetrics", str(page), "data", cwd=folder)
    page.unlink()


def _lines(what: str, target: Target, minutes: list[Minute], start: int) -> Iterator[str]:
    """Yield the events of five minutes at the end of each minute."""
    labels = _labels(target)
    values = [minute.total if what == "total" else minute.bad for minute in minutes]
    window = 0
    for index, value in enumerate(values):
        window += value - (values[index - 5] if index >= 5 else 0)
        yield f"slo:events_{what}:increase5m{labels} {window} {start + index * STEP_SECONDS}\n"


def _lines_now(target: Target, minutes: list[Minute], start: int) -> Iterator[str]:
    """Yield the share of bad events in the last scrape of each minute; none for a scrape without events."""
    chance = random.Random(target.id)
    for index, minute in enumerate(minutes):
        bad, good = (_in_a_scrape(chance, count) for count in (minute.bad, minute.total - minute.bad))
        if bad + good:
            yield f"{_NOW}{_labels(target)} {bad / (bad + good)} {start + index * STEP_SECONDS}\n"


def _in_a_scrape(chance: random.Random, count: int) -> int:
    """Return how many of a minute's events fall between its last two scrapes."""
    if count > _MANY:
        drawn = round(chance.gauss(count / _SCRAPES, math.sqrt(count * (_SCRAPES - 1)) / _SCRAPES))
        return min(count, max(0, drawn))
    return sum(chance.randrange(_SCRAPES) == 0 for _ in range(count))


def _labels(target: Target) -> str:
    id_ = target.id
    return f'{{target="{id_}",layer="{target.layer}",sloth_id="crm-{id_}",sloth_service="crm",sloth_slo="{id_}"}}'


def _record(folder: Path, url: str, rules: list[Rule], start: int, end: int) -> None:
    groups = [
        {
            "name": f"every {every}",
            "interval": every,
            "rules": [{key: rule[key] for key in rule if key != "every"} for rule in rules if rule["every"] == every],
        }
        for every in ("1m", "5m")
    ]
    (folder / "rules.yml").write_text(yaml.safe_dump({"groups": groups}))
    _promtool("rules", f"--url={url}", f"--start={start}", f"--end={end}", "--output-dir=data", "rules.yml", cwd=folder)


def _promtool(*arguments: str, cwd: Path) -> None:
    command = ["promtool", "tsdb", "create-blocks-from", "--max-block-duration=500h", *arguments]
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]


class _prometheus:  # noqa: N801 - used as a function
    """A Prometheus over the blocks there are by now; gives back its address."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._url = ""

    def __enter__(self) -> str:
        port = free_port()
        self._url = f"http://127.0.0.1:{port}"
        (self._folder / "prometheus.yml").write_text("{}")
        self._process = process(
            [
                "prometheus", f"--config.file={self._folder}/prometheus.yml",
                f"--storage.tsdb.path={self._folder}/data", "--storage.tsdb.retention.time=400d",
                f"--web.listen-address=127.0.0.1:{port}",
                # Blocks hold no mark of a series that ended: one minute, and it has.
                "--query.lookback-delta=65s",
            ],
            self._folder / "prometheus.log",
        )  # fmt: skip
        self._process.__enter__()
        wait_until(lambda: _is_ready(self._url), 60, "Prometheus over the blocks")
        return self._url

    def __exit__(self, *error: object) -> None:
        self._process.__exit__(None, None, None)


def _is_ready(url: str) -> bool:
    try:
        return requests.get(f"{url}/-/ready", timeout=5).ok
    except requests.ConnectionError:
        return False


def _firing(url: str, alert: Rule, start: int, end: int) -> Iterator[Fired]:
    """Yield when the alert began to fire: its condition held for `for`; gaps within `keep_firing_for` are none."""
    waits, goes_on = (_seconds(alert.get(key, "0s")) for key in ("for", "keep_firing_for"))
    answer = requests.post(
        f"{url}/api/v1/query_range",
        data={"query": alert["expr"], "start": start, "end": end, "step": STEP_SECONDS},
        timeout=300,
    )
    answer.raise_for_status()
    for series in answer.json()["data"]["result"]:
        for at in _begins([float(time) for time, _ in series["values"]], waits, goes_on):
            yield Fired(alert["alert"], alert["labels"]["severity"], _target(series["metric"]), at)


def _begins(times: list[float], waits: float, goes_on: float) -> Iterator[float]:
    since, last, is_firing = 0.0, 0.0, False
    for time in times:
        if time - last > STEP_SECONDS:
            since = time
            is_firing = is_firing and time - last <= goes_on + STEP_SECONDS
        if not is_firing and time - since >= waits:
            is_firing = True
            yield time
        last = time


def _seconds(text: str) -> float:
    return sum(float(number) * _UNITS[unit] for number, unit in re.findall(r"(\d+)([smh])", text))


def _target(labels: Mapping[str, str]) -> str:
    return labels["target"]
