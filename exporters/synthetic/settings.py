"""The `synthetic` section of settings.yaml."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from exporters.core.checks.check import expect, expect_unique_names
from exporters.synthetic.kinds import AnyCheck

_MAXIMUM_CHECKS = 100  # each has a thread


@dataclass(frozen=True, slots=True)
class SyntheticSettings:
    """The checks to run on their own schedule."""

    checks: tuple[AnyCheck, ...] = ()

    def __post_init__(self) -> None:
        expect(len(self.checks) <= _MAXIMUM_CHECKS, f"at most {_MAXIMUM_CHECKS} checks", len(self.checks))
        expect_unique_names(self.checks)


Section = SyntheticSettings


def from_environment(_environment: Mapping[str, str]) -> None:
    """Return None: checks need a settings file."""
