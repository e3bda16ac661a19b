"""When what an alert is about will be full, from the recorded forecasts (alert_rules/forecasts.jsonnet)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from pantrywatch.analysis.explain.questions import Labels

# In the words of CRM capacity.
State = Literal["not growing", "filling up", "too early", "just jumped", "comes and goes"]
# Values of crm:resource_forecast:state.
_STATES: dict[float, State] = {0: "not growing", 1: "filling up", 2: "too early", 3: "just jumped", 4: "comes and goes"}
_SERIES = {
    "state": "crm:resource_forecast:state",
    "used": "crm:resource_used:ratio",
    "earliest": "crm:resource_full_earliest:seconds",
    "latest": "crm:resource_full_latest:seconds",
}


@dataclass(frozen=True, slots=True)
class Forecast:
    """A resource: the share in use, 0 to 1, and where it fills up, the seconds until it is full (80% interval)."""

    labels: dict[str, str]
    state: State
    used: float | None
    earliest_seconds: float | None
    latest_seconds: float | None


def questions(components: Iterable[str]) -> dict[str, str]:
    """Return what to ask about the resources of some components: name of the question → PromQL."""
    named = "|".join(sorted(components))
    return {
        f"forecast, {part}": f'max by (resource, instance, name) ({series}{{component=~"{named}"}})'
        for part, series in _SERIES.items()
        if named
    }


def forecasts(answer: Callable[[str], Mapping[Labels, float]]) -> list[Forecast]:
    """Return what is known from the answers to those questions by their names; what is full first comes first."""
    states, used, earliest, latest = (answer(f"forecast, {part}") for part in _SERIES)
    found = [
        Forecast(dict(labels), _STATES[state], used.get(labels), earliest.get(labels), latest.get(labels))
        for labels, state in sorted(states.items())
        if state in _STATES
    ]
    return sorted(found, key=lambda one: float("inf") if one.earliest_seconds is None else one.earliest_seconds)
