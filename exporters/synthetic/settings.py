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
        self._expect_turns()

    def _expect_turns(self) -> None:
        """Refuse browser checks that cannot all have their turn: one browser runs at a time."""
        browser = [check for check in self.checks if check.kind == "browser"]
        longest = sum(check.timeout_seconds for check in browser)
        shortest = min((check.interval_seconds for check in browser), default=longest)
        expect(
            longest <= shortest,
            f"browser checks whose timeout_seconds add up to no more than the shortest interval_seconds, {shortest:g}",
            longest,
        )
