"""`pantrywatch target try FILE`: targets that differ from those promised, over 30 days of a running Prometheus."""

from __future__ import annotations

import json
import math
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from exporters.core.errors import ConfigError, ConfigProblem
from exporters.core.strict_yaml import read_yaml
from pantrywatch.build.trial import STEP_SECONDS, STEPS, Events, Trial, tried
from pantrywatch.config.targets import Target, Targets, read_targets
from pantrywatch.generate.rules import render_jsonnet
from pantrywatch.web.prometheus import NoAnswerError, Prometheus

_STEPS_A_QUESTION = 288  # a day: raw samples of many series are read for it


def try_targets(file: Path, shared: Path, prometheus: Prometheus) -> int:
    """Print what each new or changed target of the file would have done; returns 0, or 1 if one was not measured.

    Raises ConfigError for problems of the file, and if nothing in it differs.
    """
    targets, promised = read_targets(file), read_targets(shared / "targets.yaml").targets
    changed = [target for target in targets.targets if target not in promised and target.kind != "capacity"]
    if not changed:
        expected = "expected a target with events that differs from those promised: change a copy of targets.yaml"
        raise ConfigError([ConfigProblem(str(file), "targets", expected)])
    entries = {entry["id"]: entry for entry in read_yaml(file)["targets"]}
    trials = [(target, _trial(target, targets, entries[target.id], shared, prometheus)) for target in changed]
    for target, trial in trials:
        sys.stdout.write("\n".join(_lines(target, trial)) + "\n")
    return int(any(trial.measured_days == 0 for _, trial in trials))


def _trial(target: Target, targets: Targets, entry: Any, shared: Path, prometheus: Prometheus) -> Trial:
    counts = render_jsonnet(shared / "alert_rules/lib/tried.libsonnet", {"entry": json.dumps(entry)})
    end = int(time.time()) // STEP_SECONDS * STEP_SECONDS
    first = end - (STEPS - 1) * STEP_SECONDS
    total, bad = (_asked(counts[name], first, end, prometheus) for name in ("total", "bad"))
    times = range(first, end + 1, STEP_SECONDS)
    return tried(target, targets, Events([total.get(at) for at in times], [bad.get(at) for at in times]))


def _asked(expression: str, first: int, end: int, prometheus: Prometheus) -> dict[int, float]:
    """Return time → value. Raises ConfigError naming the server if it does not answer."""
    found: dict[int, float] = {}
    for begin in range(first, end + 1, _STEPS_A_QUESTION * STEP_SECONDS):
        last = min(end, begin + (_STEPS_A_QUESTION - 1) * STEP_SECONDS)
        parameters = {"query": expression, "start": str(begin), "end": str(last), "step": str(STEP_SECONDS)}
        found |= dict(_samples(prometheus, list(parameters.items())))
    return found


def _samples(prometheus: Prometheus, parameters: list[tuple[str, str]]) -> Iterator[tuple[int, float]]:
    try:
        for series in prometheus.data("query_range", parameters)["result"][:1]:
            for at, text in series["values"]:
                if math.isfinite(value := float(text)):
                    yield int(at), value
    except NoAnswerError as error:
        raise ConfigError([ConfigProblem(prometheus.shown_url, "Prometheus", str(error))]) from error
    except (LookupError, TypeError, ValueError) as error:
        expected = "expected an answer of its API, got another one"
        raise ConfigError([ConfigProblem(prometheus.shown_url, "Prometheus", expected)]) from error


def _lines(target: Target, trial: Trial) -> Iterator[str]:
    """Yield the result in words."""
    yield f"{target.id}: {target.statement}"
    if trial.good_share is None:
        yield "  measured      nothing in 30 days: does the application export what `sli` names?"
        return
    yield f"  measured      {trial.measured_days:.1f} of 30 days, {trial.events:.0f} {target.events}"
    yield f"  good          {trial.good_share:.3%} (objective {target.objective:.3%})"
    yield f"  budget spent  {trial.spent:.0%} of 30 days at this traffic"
    for fired in trial.fired:
        minutes = fired.steps * STEP_SECONDS // 60
        times = "once" if fired.times == 1 else f"{fired.times} times"
        yield f"  {fired.severity:<12}  {f'{times}, {minutes} minutes in all' if fired.times else 'not once'}"
    if trial.measured_days < 1:
        yield "  Less than a day was measured: too early to say."
