"""The words of a promtool test."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

BURNS = 'sum by (target, severity) (ALERTS{alertstate="firing",alertname=~"Crm.+Burn"})'
# What burn-rate alerts need, and they themselves: a part of the rules that takes a fraction of the time.
BURNING = r"slo:events.+|slo:sli_error.+|slo:error_budget.+|Crm.+Burn"
Case = dict[str, Any]
Promtool = Callable[..., None]


def promtool_says(folder: Path, file: str, timeout_seconds: float) -> str:
    """Run a promtool test in its folder and return what it says, nothing if it holds.

    On a busy machine its storage now and then moves samples of many days out of memory before the test has written the
    last of them, and says "out of bounds": that is tried again.
    """
    command = ["promtool", "test", "rules", file]
    for _ in range(4):
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=timeout_seconds, check=False)
        said = done.stdout + done.stderr if done.returncode else ""
        if "out of bounds" not in said:
            break
    return said


def at(time: str, expression: str, samples: Mapping[str, float]) -> Case:
    """The expression has exactly these samples at that time; promtool compares to the last bit, so round."""
    found = [{"labels": labels, "value": value} for labels, value in samples.items()]
    return {"eval_time": time, "expr": expression, "exp_samples": found}


def firing(time: str, expected: dict[str, str]) -> Case:
    """Exactly these burn-rate alerts fire: target → severities by their first letters."""
    names = {"c": "critical", "h": "high", "m": "medium", "l": "low"}
    labels = (f'{{severity="{names[s]}", target="{target}"}}' for target, all_of in expected.items() for s in all_of)
    return at(time, BURNS, dict.fromkeys(labels, 1))
