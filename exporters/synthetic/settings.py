"""The `synthetic` section of settings.yaml."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

from exporters.core.checks.check import Vantage
from exporters.core.field_checks import at_most_entries, unique_names
from exporters.synthetic.kinds import AnyCheck

_MAXIMUM_CHECKS = 1000


@dataclass(frozen=True, slots=True)
class SyntheticSettings:
    """The checks to run, each on its own schedule.

    A check that hangs delays no other. Up to 500 run at once, enough for a thousand that all hang for 5 s of every 10.
    With more, those that are due wait for the next to end, which is counted where it costs a turn:
    `pantrywatch_check_skipped_total{reason="late"}`.
    """

    checks: Annotated[
        tuple[AnyCheck, ...],
        f"At most {_MAXIMUM_CHECKS:,} checks.",
        at_most_entries(_MAXIMUM_CHECKS, "checks"),
        unique_names,
    ] = ()
    vantage: Vantage = ""


Section = SyntheticSettings


def from_environment(_environment: Mapping[str, str]) -> None:
    """Return None: checks need a settings file."""
