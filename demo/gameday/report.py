"""The matrix of faults, alerts and times to notify, as text for a terminal and as docs/gameday.md."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from datetime import UTC, datetime

from demo.gameday.expectations import AT_THE_START, ON_A_BUSY_MACHINE
from demo.gameday.matrix import MATRIX, NO_FAULT, NOT_PLAYED
from demo.gameday.run import WARM_UP_EVALUATIONS, Pace, Verdict
from demo.gameday.stack import FiredAlert
from pantrywatch.native.state_dir import ROOT

_HEAD = """\
<!-- Written by `./run gameday --write docs/gameday.md`. -->
# Game day

Played on {date} at commit {commit}: what is listed here, and nothing else.

`./run gameday` plays every fault of `./run fault list` and reads the messages in the inbox. Each fault has a stack of
its own, at {speed} times the normal speed (`pantrywatch/native/time_scale.py` lists what is scaled and what is not). It
first runs {warm:g} s without any fault{quiet}.

Alerts of severity low wait for the morning's digest: they are read from Alertmanager, and judged as all others.

`demo/gameday/matrix.py` declares the required alerts, the tolerated side effects, and the number of rule
evaluations within which an alert must fire. Anything else fails the day, including before a fault and in the quiet
minutes; so does a required alert without a resolved notification. A stack started by root has a higher priority than
other work; where more tasks than processors want to run all the same, what is true of such a machine is tolerated.

Times run from the fault to the message in the inbox: in seconds of the fast stack, and in rule evaluations, 15 s each
at normal speed. Scrapes (3 s) and message delivery are not sped up, so at normal speed an alert takes fewer evaluations
than here.

"""


def matrix_table(verdicts: Sequence[Verdict], pace: Pace) -> str:
    """Return the matrix as a Markdown table, which is readable in a terminal too."""
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
    """Return docs/gameday.md, with this day's date and the commit of this checkout."""
    played = {verdict.fault for verdict in verdicts}
    over = "\n".join(
        f"| {verdict.fault} | {seen.alert} | {seconds:.0f} s | {pace.evaluations(seconds):.0f} |"
        for verdict in verdicts
        for seen, seconds in sorted(verdict.resolved_after.items(), key=lambda item: item[1])
    )
    reasons = "\n".join(
        f"| {row.fault} | {seen.alert} | {seen.severity} | {reason} |"
        for row in MATRIX
        if row.fault in played
        for seen, reason in row.tolerated().items()
    )
    always = "\n".join(
        f"| any, {when} | {seen.alert} | {seen.severity} | {reason} |"
        for when, tolerated in (("on a busy machine", ON_A_BUSY_MACHINE), ("before it", AT_THE_START))
        for seen, reason in tolerated.items()
    )
    not_played = "\n".join(f"| {name} | {reason} |" for name, reason in (NOT_PLAYED | NO_FAULT).items())
    return (
        _HEAD.format(
            date=datetime.now(UTC).strftime("%Y-%m-%d"),
            commit=_commit(),
            speed=pace.speed,
            warm=pace.seconds(WARM_UP_EVALUATIONS),
            quiet=f"; another stack runs without faults for {quiet_minutes:g} minutes" if quiet_minutes else "",
        )
        + matrix_table(verdicts, pace)
        + "\n\n## Time to the resolved notification\n\n"
        + "| fault | alert | after | evaluations |\n|---|---|---|---|\n"
        + over
        + "\n\n## Tolerated side effects\n\n| fault | alert | severity | reason |\n|---|---|---|---|\n"
        + f"{reasons}\n{always}\n"
        + f"\n## Not played\n\n| fault | reason |\n|---|---|\n{not_played}\n"
    )


def _commit() -> str:
    done = subprocess.run(
        ["git", "describe", "--always", "--dirty=, with changes"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    return done.stdout.strip() or "unknown"


def _ordered(verdict: Verdict) -> list[FiredAlert]:
    return [*sorted(verdict.after, key=lambda seen: verdict.after[seen]), *sorted(verdict.missing, key=str)]


def _row(verdict: Verdict, seen: FiredAlert, pace: Pace) -> tuple[str, ...]:
    if seen not in verdict.after:
        return verdict.fault, seen.alert, seen.severity, "never", "", "required: MISSING"
    seconds = verdict.after[seen]
    return (
        verdict.fault, seen.alert, seen.severity, f"{seconds:.0f} s", f"{pace.evaluations(seconds):.0f}",
        _declared(verdict, seen),
    )  # fmt: skip


def _declared(verdict: Verdict, seen: FiredAlert) -> str:
    required = {row.fault: row.seen() for row in MATRIX}.get(verdict.fault, {})
    if seen in verdict.unexpected:
        return "UNEXPECTED"
    if seen in verdict.late:
        return f"required within {required[seen]}: LATE"
    if seen in required:
        return f"required within {required[seen]}"
    return "tolerated"
