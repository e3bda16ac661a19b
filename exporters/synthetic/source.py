"""Checks over the network, each on its own schedule."""

from __future__ import annotations

from exporters.core.checks.check import Entry, PreparedCheck, prepared
from exporters.core.checks.source import CheckMetrics, CheckSource
from exporters.core.scrape import Source
from exporters.synthetic.dependency import ConnectingCheck
from exporters.synthetic.kinds import KINDS, AnyCheck
from exporters.synthetic.kinds.journey import JourneyCheck
from exporters.synthetic.metrics import GAUGES, HISTOGRAM_LABELS, HISTOGRAMS, STEP_SECONDS
from exporters.synthetic.settings import SyntheticSettings


def sources(section: SyntheticSettings, settings_file: str) -> list[Source]:
    """Return one source for all checks, or none if there are no checks. Raises ConfigError with every problem."""
    checks = prepared(section.checks, "synthetic", settings_file, _prepare)
    return (
        [CheckSource("synthetic", checks, CheckMetrics(GAUGES, HISTOGRAMS, HISTOGRAM_LABELS, section.vantage))]
        if checks
        else []
    )


def _prepare(check: AnyCheck, entry: Entry) -> PreparedCheck:
    steps = check.all_steps() if isinstance(check, JourneyCheck) else ()
    histograms = tuple((STEP_SECONDS, (one.name,)) for one in steps)
    dependency = check.connects_to() if isinstance(check, ConnectingCheck) else ""
    return PreparedCheck(check, KINDS[check.kind](check, entry), histograms, dependency)
