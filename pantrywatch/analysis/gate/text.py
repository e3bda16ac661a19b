"""The outcome of the gate for a terminal."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from pantrywatch.analysis.gate.judgement import SHARE, Finding
from pantrywatch.analysis.gate.outcome import Outcome, PromiseOutcome


def text_of(outcome: Outcome) -> str:
    """Return it as a table, with the verdict last."""
    return "\n".join(_lines(outcome)) + "\n"


def _lines(outcome: Outcome) -> Iterator[str]:
    last_week = " and with the same hours last week" if outcome.last_week else ""
    yield f"{deployment_of(outcome)}: {outcome.minutes} minutes, compared with those before{last_week}"
    if outcome.left_out_minutes:
        yield f"Left out of the time before: {outcome.left_out_minutes} minutes of other versions and of incidents"
    if outcome.promises:
        width = max(len(one.id) for one in outcome.promises)
        yield ""
        yield f"{'promise':<{width}}  {'verdict':<15}  {'measure':<7}  {'before':>8}  {'after':>8}  change"
        yield from (_row(one, width) for one in outcome.promises)
    if outcome.unmeasured:
        yield from ("", f"Without events: {', '.join(outcome.unmeasured)}")
    yield from ("", conclusion_of(outcome))


def deployment_of(outcome: Outcome) -> str:
    """Return which deployment it is about."""
    since = f"{datetime.fromtimestamp(outcome.since, UTC):%Y-%m-%d %H:%M} UTC"
    return f"{outcome.version}, deployed {since}" if outcome.version else f"Since {since}"


def conclusion_of(outcome: Outcome) -> str:
    """Return the verdict in one sentence."""
    if outcome.verdict == "worse":
        return f"Worse: {', '.join(outcome.of('worse'))}"
    if outcome.undecided:
        return f"Too little data on what is required: {', '.join(outcome.undecided)}"
    if outcome.verdict == "too little data":
        return "Too little data: no promise can be judged yet"
    better = outcome.of("better")
    return f"Nothing is worse{'; better: ' + ', '.join(better) if better else ''}"


def _row(promise: PromiseOutcome, width: int) -> str:
    telling = promise.telling
    measure = "share" if telling.measure == SHARE else telling.measure
    values = f"{value_of(promise, telling.before):>8}  {value_of(promise, telling.after):>8}"
    reason = f"; {needed_by(promise)}" if promise.verdict == "too little data" else ""
    return f"{promise.id:<{width}}  {promise.verdict:<15}  {measure:<7}  {values}  {change_of(telling)}{reason}"


def value_of(promise: PromiseOutcome, value: float | None) -> str:
    """Return a quantile or a share with its unit."""
    if value is None:
        return "-"
    if promise.telling.measure == SHARE:
        return f"{100 * value:.3g} %"
    if promise.unit != "s":
        return f"{value:.3g}"
    return f"{value:.3g} s" if value >= 1 else f"{1000 * value:.3g} ms"


def change_of(finding: Finding) -> str:
    """Return the ratio and its bounds."""
    if finding.interval is None:
        return "not known"
    if not finding.before:
        return "nothing bad before"
    low, ratio, high = (
        f"{number:.2f}" if number < 100 else "> 100"
        for number in (finding.interval.low, finding.interval.ratio, finding.interval.high)
    )
    return f"x {ratio} ({low} to {high})"


def needed_by(promise: PromiseOutcome) -> str:
    """Return how long it would take to judge it."""
    if promise.telling.interval is None:
        return "too few events"
    if promise.minutes is None:
        return "no time is enough"
    return f"{promise.minutes} minutes are needed"
