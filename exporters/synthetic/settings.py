"""The `synthetic` section of settings.yaml."""

from __future__ import annotations

from dataclasses import dataclass

from exporters.synthetic.check import expect
from exporters.synthetic.kinds import AnyCheck

_MAXIMUM_CHECKS = 100  # each has a thread


@dataclass(frozen=True, slots=True)
class SyntheticSettings:
    """The checks to run on their own schedule."""

    checks: tuple[AnyCheck, ...] = ()

    def __post_init__(self) -> None:
        expect(len(self.checks) <= _MAXIMUM_CHECKS, f"at most {_MAXIMUM_CHECKS} checks", len(self.checks))
        names = [check.name for check in self.checks]
        repeated = sorted({name for name in names if names.count(name) > 1})
        expect(not repeated, "a name of its own for each check", ", ".join(repeated))
