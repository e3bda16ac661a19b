"""The observations of each check's last run, as metrics.

Each family has the labels `check`, `kind` and `target` (the documented target that a check feeds, may be empty), the
same everywhere so that they join easily. Metrics of only some kinds are given as a table by their exporter.
"""

from __future__ import annotations

from collections.abc import Iterable

from exporters.core.checks.check import CheckSettings, Gauges
from exporters.core.checks.probe_run import Result
from exporters.core.errors import ErrorClass
from exporters.core.exposition import Family

LABELS = ("check", "kind", "target")

# Of every kind: name → own labels, help.
_GAUGES: Gauges = {
    "probe_success": ((), "Whether the last run of the check passed (1) or not (0)."),
    "probe_duration_seconds": ((), "Time the last run took."),
    "pantrywatch_check_phase_seconds": (("phase",), "Time of each phase of the last run, for checks of every kind."),
    "pantrywatch_check_error": (
        ("class",),
        "1 for the class of error the last run failed with; no sample if it passed.",
    ),
}


def check_labels(settings: CheckSettings) -> tuple[str, str, str]:
    """Return the values of LABELS."""
    return settings.name, settings.kind, settings.target


def last_runs(results: Iterable[tuple[tuple[str, str, str], Result]], gauges: Gauges) -> list[Family]:
    """Return the observations of the last runs; a value not observed has no sample. `gauges`: those of the kinds."""
    known = {**_GAUGES, **gauges}
    found: dict[str, Family] = {}
    for labels, result in results:
        for (name, own), value in _samples(result).items():
            if name not in found:
                own_names, text = known[name]
                found[name] = Family(name, "gauge", text, (*LABELS, *own_names))
            found[name].add(value, *labels, *own)
    return [found[name] for name in known if name in found]


def _samples(result: Result) -> dict[tuple[str, tuple[str, ...]], float]:
    samples: dict[tuple[str, tuple[str, ...]], float] = {
        ("probe_duration_seconds", ()): result.seconds,
    }
    if result.error_class is not ErrorClass.INTERNAL:
        samples["probe_success", ()] = int(result.error_class is None)
    if result.error_class:
        samples["pantrywatch_check_error", (result.error_class.value,)] = 1
    for phase, seconds in result.phases.items():
        samples["pantrywatch_check_phase_seconds", (phase,)] = seconds
    return samples | dict(result.gauges)
