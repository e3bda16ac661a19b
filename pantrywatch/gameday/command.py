"""`pantrywatch gameday`: plays the day, prints its progress and the matrix, and fails with what was not as declared."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from exporters.core.errors import ConfigError, Fault
from pantrywatch.addresses import Addresses
from pantrywatch.gameday.day import Pace, Verdict, play, quiet
from pantrywatch.gameday.matrix import MATRIX, Expectation
from pantrywatch.gameday.page import matrix_table, page
from pantrywatch.gameday.stack import GameDayError, Stack, running
from pantrywatch.report import complain, say

# The first minutes after a start are no quiet ones: caches are cold, and windows hold nothing to divide by.
_WARM_UP_SECONDS = 45.0


@dataclass(frozen=True, slots=True)
class Plan:
    """What to play: no fault named means all of them."""

    addresses: Addresses
    speed: int
    quiet_minutes: float
    faults: Sequence[str] = ()
    write: Path | None = None

    def rows(self) -> list[Expectation]:
        """Return the rows of the matrix to play. Raises ConfigError for a fault that has none."""
        known = [row.fault for row in MATRIX]
        if unknown := [name for name in self.faults if name not in known]:
            raise ConfigError([Fault("command line", ", ".join(unknown), f"expected faults of: {', '.join(known)}")])
        return [row for row in MATRIX if not self.faults or row.fault in self.faults]


def gameday(state: Path, plan: Plan) -> int:
    """Play the day; returns 0 where all was as declared, 1 otherwise. The stack's state is kept where it was not."""
    rows, pace, begin = plan.rows(), Pace(plan.speed), time.monotonic()
    shutil.rmtree(state, ignore_errors=True)
    say(f"starting a stack of its own in {state}, at {plan.speed} times the speed")
    verdicts: list[Verdict] = []
    try:
        with running(state, plan.addresses, plan.speed) as stack:
            _require_all(stack)
            for verdict in _verdicts(stack, plan, rows, pace):
                verdicts.append(verdict)
                say(_line(verdict))
    except GameDayError as error:
        complain(str(error).splitlines())
        return 1
    say(f"\n{matrix_table(verdicts, pace)}\n\nall of it took {(time.monotonic() - begin) / 60:.1f} min")
    return _end(state, plan, pace, verdicts)


def _verdicts(stack: Stack, plan: Plan, rows: Sequence[Expectation], pace: Pace) -> Iterator[Verdict]:
    say("the stack is up; warming up")
    time.sleep(_WARM_UP_SECONDS)
    if plan.quiet_minutes:
        say(f"{plan.quiet_minutes:g} quiet minutes: nothing may be delivered")
        yield quiet(stack, plan.quiet_minutes)
    remembered: set[str] = set()
    for number, row in enumerate(rows, 1):
        say(f"fault {number} of {len(rows)}: {row.fault}")
        verdict = play(stack, row, pace, remembered)
        came = {seen.alert for seen in (*verdict.after, *stack.firing(pending=True))}
        # What it may bring may come after its end: the windows are longer than some faults.
        remembered |= {name for name in came | row.declared() if name.endswith("Burn")}
        yield verdict


def _require_all(stack: Stack) -> None:
    """Every fault of the demo has its row, and no row is without its fault."""
    names = set(stack.fault("names").split())
    if odd := names ^ {row.fault for row in MATRIX}:
        raise GameDayError(f"not both in the demo and in the matrix: {', '.join(sorted(odd))}")


def _line(verdict: Verdict) -> str:
    found = ", ".join(f"{seen} +{seconds:.0f} s" for seen, seconds in verdict.after.items()) or "nothing"
    end = "" if verdict.cleared_after is None else f"; over {verdict.cleared_after:.0f} s after its end"
    return "\n".join([f"  {verdict.fault}: {found}{end}", *(f"  ! {line}" for line in verdict.faults())])


def _end(state: Path, plan: Plan, pace: Pace, verdicts: Sequence[Verdict]) -> int:
    if plan.write:
        plan.write.write_text(page(verdicts, pace, plan.quiet_minutes), encoding="utf-8")
    if findings := [line for verdict in verdicts for line in verdict.faults()]:
        complain([f"{len(findings)} findings; the stack's state is kept in {state}", *findings])
        return 1
    shutil.rmtree(state, ignore_errors=True)
    say("all as declared")
    return 0
