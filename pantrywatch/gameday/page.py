"""The matrix of faults, alerts and times to notify, as text for a terminal and as docs/gameday.md."""

from __future__ import annotations

from collections.abc import Sequence

from pantrywatch.gameday.day import Pace, Verdict
from pantrywatch.gameday.matrix import EVERYWHERE, MATRIX
from pantrywatch.gameday.stack import Seen

_HEAD = """\
<!-- Written by `./run gameday --write docs/gameday.md`. -->
# Game day

`./run gameday` starts a stack of its own at {speed} times the speed (`pantrywatch/speed.py` says what that divides and
what it cannot), leaves the demo's traffic alone for {quiet:g} minutes, then switches on every fault of
`./run fault list`, one after the other, and reads what reached the inbox. `pantrywatch/gameday/matrix.py` declares what
must come and what may come along; anything else is a failure, and so is an alert that does not clear.

Times run from the fault to the message in the inbox: in seconds of the fast stack, and in evaluations of the rules, of
15 s each at their own pace.

"""


def matrix_table(verdicts: Sequence[Verdict], pace: Pace) -> str:
    """Return the matrix as a table of Markdown, which reads well in a terminal too."""
    rows: list[tuple[str, ...]] = [("fault", "alert", "severity", "message after", "evaluations", "declared as")]
    for verdict in verdicts:
        rows += [_row(verdict, seen, pace) for seen in _ordered(verdict)] or [(verdict.fault, "none", "", "", "", "")]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = [
        "| " + " | ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)) + " |" for row in rows
    ]
    lines.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    return "\n".join(lines)


def page(verdicts: Sequence[Verdict], pace: Pace, quiet_minutes: float) -> str:
    """Return docs/gameday.md."""
    cleared = "\n".join(
        f"| {verdict.fault} | {verdict.cleared_after:.0f} s | {pace.evaluations(verdict.cleared_after):.0f} |"
        for verdict in verdicts
        if verdict.cleared_after is not None
    )
    reasons = "\n".join(
        f"| {row.fault} | {name} | {reason} |" for row in MATRIX for name, reason in row.consequences.items()
    )
    always = "\n".join(f"| any | {name} | {reason} |" for name, reason in EVERYWHERE.items())
    late = "\n".join(f"| {row.fault} | {name} | {why} |" for row in MATRIX for name, why in row.out_of_reach.items())
    return (
        _HEAD.format(speed=pace.speed, quiet=quiet_minutes)
        + matrix_table(verdicts, pace)
        + "\n\n## Until the required alerts were over\n\n| fault | after | evaluations |\n|---|---|---|\n"
        + cleared
        + "\n\n## What may come along, and why\n\n| fault | alert | reason |\n|---|---|---|\n"
        + f"{reasons}\n{always}\n"
        + "\n## Out of reach\n\n| fault | alert | full outage until it fires |\n|---|---|---|\n"
        + f"{late}\n"
    )


def _ordered(verdict: Verdict) -> list[Seen]:
    return [*sorted(verdict.after, key=lambda seen: verdict.after[seen]), *sorted(verdict.missing, key=str)]


def _row(verdict: Verdict, seen: Seen, pace: Pace) -> tuple[str, ...]:
    if seen not in verdict.after:
        return verdict.fault, seen.alert, seen.severity, "never", "", "required: MISSING"
    seconds = verdict.after[seen]
    return (
        verdict.fault, seen.alert, seen.severity, f"{seconds:.0f} s", f"{pace.evaluations(seconds):.0f}",
        _declared(verdict, seen),
    )  # fmt: skip


def _declared(verdict: Verdict, seen: Seen) -> str:
    required = {row.fault: row.seen() for row in MATRIX}.get(verdict.fault, {})
    if seen in verdict.unexpected:
        return "UNEXPECTED"
    if seen in verdict.late:
        return f"required within {required[seen]}: LATE"
    if seen in required:
        return f"required within {required[seen]}"
    return "firing before" if seen in verdict.carried_over else "may come along"
