"""An explanation for a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from pantrywatch.analysis.explain.evidence import Unit
from pantrywatch.analysis.explain.explanation import Explanation, Found, Instance, Row, Target
from pantrywatch.analysis.explain.forecasts import Forecast

_MINUTE, _HOUR, _DAY = 60, 3600, 86400
_TEN_YEARS = 3650 * _DAY
_MOST = 10


def text_of(explanation: Explanation) -> str:
    """Return it as lines, the most important first."""
    return "\n".join(_lines(explanation)) + "\n"


def _lines(told: Explanation) -> Iterator[str]:
    yield f"{told.alert}: {_state(told)}"
    for instance in told.instances:
        yield from _instance(instance, told.at)
    for target in told.targets:
        yield from _target(target)
    yield from _others(told)
    yield from _deployment(told)
    for found in told.evidence:
        yield from _found(found)
    yield from _forecasts(told.forecasts)
    yield from ("", "First step", f"  {told.first_step}", f"  then: {told.runbook}")
    if told.unanswered:
        yield from ("", "Not known", *(f"  {reason}" for reason in told.unanswered))


def _state(told: Explanation) -> str:
    if told.state == "unknown":
        return f"not known whether it fires; {_last_seen(told)}"
    if told.state != "inactive":
        return told.state
    return f"does not fire; {_last_seen(told)}"


def _last_seen(told: Explanation) -> str:
    if told.last_fired is None:
        return "not seen firing in the last 7 days"
    return f"last seen firing {_ago(told.at - told.last_fired)}"


def _instance(instance: Instance, at: float) -> Iterator[str]:
    since = datetime.fromisoformat(instance.since)
    shown = ", ".join(
        f"{key}={value}" for key, value in instance.labels.items() if key not in ("layer", "team", "type")
    )
    yield from ("", f"{instance.state} since {_time(since.timestamp())}, {_ago(at - since.timestamp())} ({shown})")
    yield from (f"  {text}" for text in (instance.summary, instance.description) if text)
    if instance.impact:
        yield f"  Impact: {instance.impact}"
    if instance.explained_by:
        yield f"  Explained by {', '.join(instance.explained_by)}: nobody is notified of this one"
    if instance.explains:
        yield f"  Explains {', '.join(instance.explains)}"


def _target(target: Target) -> Iterator[str]:
    yield from ("", f"Target {target.id}")
    shares = (("promised", target.objective), ("last 5 minutes", target.good_5m), ("last hour", target.good_1h))
    yield "  " + ", ".join(f"{text} {_share(value)}" for text, value in shares)
    left = "  budget of 30 days left: " + _share(target.budget_remaining)
    seconds = target.seconds_to_exhaustion
    yield left + (f", used up in {_duration(seconds)} at this pace" if seconds is not None and seconds > 0 else "")


def _others(told: Explanation) -> Iterator[str]:
    yield from ("", "Also firing")
    for other in told.others:
        reasons = f" (explained by {', '.join(other.explained_by)})" if other.explained_by else ""
        yield f"  {other.severity:8} {other.alert}: {other.summary}{reasons}"
    if not told.others:
        yield "  nothing"


def _deployment(told: Explanation) -> Iterator[str]:
    yield from ("", "Last deployment")
    if told.deployment is None or told.deployed_at is None:
        yield "  none is marked (`pantrywatch mark VERSION`)"
        return
    yield f"  {told.deployment}, {_time(told.deployed_at)}, {_ago(told.at - told.deployed_at)}"


def _found(found: Found) -> Iterator[str]:
    yield from ("", f"{found.title}: now, and in this hour a week ago")
    for row in found.rows:
        before = "no data" if row.week_ago is None else _number(row.week_ago, found.unit)
        yield f"  {_number(row.now, found.unit):>10}  {before:>10}  {_labels(row)}"


def _forecasts(found: Sequence[Forecast]) -> Iterator[str]:
    if not found:
        return
    yield from ("", "Forecast")
    for one in found:
        if one.earliest_seconds is not None and one.latest_seconds is not None:
            used = "not known" if one.used is None else f"{100 * one.used:.3g} %"
            yield f"  {_resource(one)}: {used} in use, full in {_span(one.earliest_seconds, one.latest_seconds)}"
    for state in ("not growing", "comes and goes", "just jumped", "too early"):
        of_state = [_resource(one) for one in found if one.state == state]
        if of_state:
            yield f"  {state}: {', '.join(of_state[:_MOST])}{', …' if len(of_state) > _MOST else ''}"


def _span(earliest: float, latest: float) -> str:
    """Return the interval of a forecast, which ends at ten years."""
    first = f"{earliest / _DAY:.0f}"
    return f"{first} to {latest / _DAY:.0f} days" if latest < _TEN_YEARS else f"{first} days or much later"


def _resource(one: Forecast) -> str:
    name = one.labels.get("name")
    return f"{one.labels.get('resource', '')}{f' {name}' if name else ''} of {one.labels.get('instance', '')}"


def _labels(row: Row) -> str:
    return " ".join(value for _, value in sorted(row.labels.items()) if value)


def _share(value: float | None) -> str:
    return "not known" if value is None else f"{100 * value:.4g} %"


def _number(value: float, unit: Unit) -> str:
    if unit == "ratio":
        return f"{100 * value:.3g} %"
    if unit == "seconds":
        return f"{value:.3g} s" if value >= 1 else f"{1000 * value:.3g} ms"
    if unit == "per_second":
        return f"{60 * value:.3g}/min"
    return f"{value:,.3g}" if unit == "none" else f"{value / 2**20:,.3g} MiB"


def _ago(seconds: float) -> str:
    return "just now" if seconds < _MINUTE else f"{_duration(seconds)} ago"


def _duration(seconds: float) -> str:
    for size, word in ((_DAY, "day"), (_HOUR, "hour"), (_MINUTE, "minute")):
        if seconds >= size:
            count = int(seconds // size)
            return f"{count} {word}{'' if count == 1 else 's'}"
    return "less than a minute"


def _time(seconds: float) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M} UTC"
