"""The words of a promtool test."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

BURNS = 'sum by (target, severity) (ALERTS{alertstate="firing",alertname=~"Crm.+Burn"})'
# What burn-rate alerts need, and they themselves: a part of the rules that takes a fraction of the time.
BURNING = r"slo:events.+|slo:sli_error.+|slo:error_budget.+|Crm.+Burn"
Case = dict[str, Any]
Promtool = Callable[..., None]


def at(time: str, expression: str, samples: Mapping[str, float]) -> Case:
    """The expression has exactly these samples at that time; promtool compares to the last bit, so round."""
    found = [{"labels": labels, "value": value} for labels, value in samples.items()]
    return {"eval_time": time, "expr": expression, "exp_samples": found}


def firing(time: str, expected: dict[str, str]) -> Case:
    """Exactly these burn-rate alerts fire: target → severities by their first letters."""
    names = {"c": "critical", "h": "high", "m": "medium", "l": "low"}
    labels = (f'{{severity="{names[s]}", target="{target}"}}' for target, all_of in expected.items() for s in all_of)
    return at(time, BURNS, dict.fromkeys(labels, 1))
