"""Takes a case in which an alert fires, lets its cause go on, and makes scrapes fail meanwhile: nothing may end.

The series are those of the must-fire cases of the rule tests, continued: counters repeat what they did in the last ten
minutes, gauges what they showed in the last two, or go on in a straight line.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal

import yaml

from tools.rule_lint.catalogue import read_catalogue
from tools.rule_lint.rulebook import seconds

FOLDER = Path(__file__).parent
AFTER_MINUTES = 40
_COUNTED = 40
_SHOWN = 8
# The exporter has no type for these.
_COUNTERS = ("node_vmstat_",)
_NAME = re.compile(r"^\s*([a-zA-Z_:][\w:]*)")
_WORD = re.compile(r"(?:(?P<first>[-+\d.e]+?|_|stale)(?P<step>[+-][\d.e]+)?x(?P<times>\d+)|(?P<single>\S+))$")
_CATALOGUE = read_catalogue()

# None: no sample. NaN: the mark that Prometheus leaves where a scrape failed or a series ended.
Value = float | None
STALE = math.nan
Missing = Literal["one scrape", "ten minutes of scrapes", "ten minutes of Prometheus"]
STEPS: dict[Missing, int] = {"one scrape": 15, "ten minutes of scrapes": 600, "ten minutes of Prometheus": 600}


@dataclass(frozen=True, slots=True)
class Fired:
    """A case in which an alert fires at a time, from the tests of the rules."""

    alert: str
    severity: str
    at_seconds: int
    step_seconds: int
    series: tuple[tuple[str, str], ...]
    rules: str


def cases() -> Iterator[Fired]:
    """Yield the first case of each alert and severity."""
    seen = set()
    for file in sorted(FOLDER.glob("*.yml")):
        document = yaml.load(file.read_text(), yaml.CSafeLoader)
        for test in document["tests"]:
            series = tuple((one["series"], str(one["values"])) for one in test["input_series"])
            for case in test["alert_rule_test"]:
                for found in case["exp_alerts"][:1]:
                    fired = case["alertname"], found["exp_labels"]["severity"]
                    if fired not in seen:
                        seen.add(fired)
                        at, step = int(seconds(case["eval_time"])), int(seconds(test["interval"]))
                        yield Fired(*fired, at, step, series, document["rule_files"][0])


def expanded(values: str) -> list[Value]:
    """Return the samples that promtool's notation stands for."""
    found: list[Value] = []
    for word in values.split():
        match = _WORD.match(word)
        assert match, word
        if single := match["single"]:
            found.append(_value(single))
            continue
        first, step = _value(match["first"]), float(match["step"] or 0)
        times = int(match["times"]) + (match["first"] != "_")
        found += [first if first is None else first + number * step for number in range(times)]
    return found


def _value(text: str) -> Value:
    return None if text == "_" else STALE if text == "stale" else float(text)


def written(values: list[Value]) -> str:
    """Return samples in promtool's notation."""
    return " ".join("_" if value is None else "stale" if math.isnan(value) else f"{value!r}" for value in values)


def disturbed(fired: Fired, missing: Missing) -> list[tuple[str, str]]:
    """Return the series of a case whose cause goes on after it fired, while some scrapes are missing."""
    here = fired.at_seconds // fired.step_seconds + 1
    lost = STEPS[missing] // fired.step_seconds or 1
    steps = AFTER_MINUTES * 60 // fired.step_seconds
    series = [(name, _continued(name, expanded(values), here, steps)) for name, values in fired.series]
    named = {name for name, _ in series}
    series += [(up, [1.0] * (here + steps)) for up in sorted(_ups(named)) if up not in named]
    return [(name, written(_without(name, values, here, lost, missing))) for name, values in series]


def _continued(name: str, values: list[Value], here: int, steps: int) -> list[Value]:
    past = (values + [None] * here)[:here]
    match = _NAME.match(name)
    metric = match[1] if match else ""
    kind = _CATALOGUE.get(metric)
    if past[-1] is None or math.isnan(past[-1]):
        return past + [None] * steps
    if metric.startswith(_COUNTERS) or (kind is not None and kind.type in ("counter", "histogram")):
        return past + _counting(past, steps)
    recent = [value for value in past[-_SHOWN:] if value is not None and not math.isnan(value)]
    slope = recent[-1] - recent[-2] if len(recent) > 1 else 0
    if len(recent) > 2 and slope and math.isclose(slope, recent[-2] - recent[-3]):
        return past + [recent[-1] + slope * number for number in range(1, steps + 1)]
    return past + [recent[number % len(recent)] for number in range(steps)]


def _counting(past: list[Value], steps: int) -> list[Value]:
    known = [value for value in past[-_COUNTED:] if value is not None and not math.isnan(value)]
    grown = [max(after - before, 0) for before, after in pairwise(known)] or [0.0]
    grown = grown[-_SHOWN:] if any(grown[-_SHOWN:]) else grown
    total, found = known[-1], list[Value]()
    for number in range(steps):
        total += grown[number % len(grown)]
        found.append(total)
    return found


def _without(name: str, values: list[Value], here: int, lost: int, missing: Missing) -> list[Value]:
    before, after = values[:here], values[here + lost :]
    if missing == "ten minutes of Prometheus":
        return before + [None] * lost + after
    if name.startswith("up{"):
        return before + [0.0] * lost + after
    return before + ([STALE] + [None] * (lost - 1) if before[-1] is not None else [None] * lost) + after


def _ups(names: set[str]) -> set[str]:
    """The series `up` of each target that the names come from."""
    found = (re.search(r"\{(?=.*\bjob=(\"[^\"]*\"))(?=.*\binstance=(\"[^\"]*\"))", name) for name in names)
    return {f"up{{job={match[1]},instance={match[2]}}}" for match in found if match}


def still_firing(fired: Fired) -> dict[str, Any]:
    """Promtool's case: the alert has fired at every evaluation from the case's time on."""
    firing = f'ALERTS{{alertname="{fired.alert}",severity="{fired.severity}",alertstate="firing"}}'
    expr = f"min_over_time((count({firing}) or vector(0))[{AFTER_MINUTES - 5}m:15s]) > bool 0"
    end = fired.at_seconds + (AFTER_MINUTES - 5) * 60
    return {"eval_time": f"{end}s", "expr": expr, "exp_samples": [{"labels": "{}", "value": 1}]}
