"""`pantrywatch gate --since MARK|TIME`."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from exporters.core.errors import ConfigError, ConfigProblem
from exporters.core.files import write_atomically
from exporters.core.problem_text import short_key, suggestion
from pantrywatch.analysis.gate.answers import ask_now
from pantrywatch.analysis.gate.calm import calm_window
from pantrywatch.analysis.gate.change import BLOCK_SECONDS
from pantrywatch.analysis.gate.deployment import Promise, judge
from pantrywatch.analysis.gate.judgement import matters
from pantrywatch.analysis.gate.outcome import Outcome, PromiseOutcome, concluded
from pantrywatch.analysis.gate.questions import question
from pantrywatch.analysis.gate.reading import LATE_SECONDS, SETTLE_SECONDS, Window, has_events, read_promises, window_at
from pantrywatch.analysis.gate.reports import annotations_of, json_of, junit_of
from pantrywatch.analysis.gate.text import text_of
from pantrywatch.config.targets import Targets, read_targets
from pantrywatch.scheduler.questions import clock_of
from pantrywatch.web.prometheus import NoAnswerError, Prometheus

_LONGEST_WAIT_MINUTES = 60.0
_LOOK_SECONDS = 15.0
# A mark is exported at once, and known to Prometheus after a scrape or two.
_MARK_SECONDS = 90.0


@dataclass(frozen=True, slots=True)
class Gate:
    """What to judge: since a mark or a time, so many minutes after it at most; promises that must be decided."""

    since: str
    wait_minutes: float
    required: Sequence[str]


@dataclass(frozen=True, slots=True)
class Outputs:
    """What to print besides the table, or in place of it, and where to write a report."""

    as_json: bool
    github: bool
    junit: Path | None


def run_gate(
    prometheus: Prometheus, shared: Path, gate: Gate, outputs: Outputs, sleep: Callable[[float], None] = time.sleep
) -> int:
    """Print the verdict on a deployment; returns 0 if nothing is worse, 1 if something is, 3 for too little data.

    Raises ConfigError for an unknown mark or promise, and naming the server if it does not answer.
    """
    targets = read_targets(shared / "targets.yaml")
    _require_known(gate, targets)
    try:
        outcome = _waited_for(prometheus, targets, gate, sleep)
    except NoAnswerError as error:
        raise ConfigError([ConfigProblem(prometheus.shown_url, "Prometheus", str(error))]) from error
    if outputs.junit:
        write_atomically(outputs.junit, junit_of(outcome))
    for line in annotations_of(outcome) if outputs.github else ():
        print(line)
    print(json_of(outcome) if outputs.as_json else text_of(outcome).rstrip("\n"))
    return outcome.exit_code


def _require_known(gate: Gate, targets: Targets) -> None:
    known = [target.id for target in targets.targets if target.kind != "capacity"]
    problems = [
        ConfigProblem(
            "command line", f"--require {id_}", f"expected the id of a target with events{suggestion(id_, known)}"
        )
        for id_ in gate.required
        if id_ not in known
    ]
    if not 0 <= gate.wait_minutes <= _LONGEST_WAIT_MINUTES:
        expected = f"expected 0 to {_LONGEST_WAIT_MINUTES:g} minutes: later hours are not like the one before"
        problems.append(ConfigProblem("command line", f"--wait {gate.wait_minutes:g}", expected))
    if problems:
        raise ConfigError(problems)


def _waited_for(prometheus: Prometheus, targets: Targets, gate: Gate, sleep: Callable[[float], None]) -> Outcome:
    version, since = _deployment(prometheus, gate, sleep)
    judged_blocks = -1
    while True:
        now, marks = clock_of(prometheus), ask_now(prometheus, question("marks"), "version")
        others = [at for at in marks.values() if at != since]
        # What is deployed next ends it: from then on something else is measured.
        until = min([now, *(at + LATE_SECONDS for at in others if at > since)])
        window = window_at(since, until, others)
        is_last = until < now or now - since >= gate.wait_minutes * 60 + SETTLE_SECONDS + LATE_SECONDS
        if window.blocks > judged_blocks or is_last:
            judged_blocks = window.blocks
            window = calm_window(prometheus, window, others)
            outcome = _judged(read_promises(prometheus, targets, window), targets, gate, version, window)
            if is_last or _is_decided(outcome):
                return outcome
            _print_progress(outcome, gate)
        sleep(_LOOK_SECONDS)


def _deployment(prometheus: Prometheus, gate: Gate, sleep: Callable[[float], None]) -> tuple[str | None, float]:
    """Return version and time of a mark, or the time that is named. A mark that was only just made is waited for."""
    left = min(_MARK_SECONDS, gate.wait_minutes * 60)
    while True:
        marks = ask_now(prometheus, question("marks"), "version")
        if gate.since in marks:
            return gate.since, marks[gate.since]
        if (since := _time(gate.since)) is not None:
            return None, since
        if left <= 0:
            raise _no_such_mark(gate.since, marks)
        sleep(_LOOK_SECONDS)
        left -= _LOOK_SECONDS


def _time(text: str) -> float | None:
    """Return Unix seconds; a time without zone is in this machine's time zone. None for any other text."""
    if text.isascii() and text.isdigit():
        return float(text)
    try:
        return datetime.fromisoformat(text).timestamp()
    except (ValueError, OverflowError):
        return None


def _no_such_mark(text: str, marks: Mapping[str, float]) -> ConfigError:
    newest_first = sorted(marks, key=lambda version: -marks[version])
    known = f"one of {', '.join(newest_first)}" if marks else "of `pantrywatch mark`; Prometheus knows none"
    expected = f"expected a time such as 2026-11-24T18:30:00+01:00, or a mark, {known}{suggestion(text, marks)}"
    return ConfigError([ConfigProblem("command line", f"--since {short_key(text)}", expected)])


def _judged(promises: Sequence[Promise], targets: Targets, gate: Gate, version: str | None, window: Window) -> Outcome:
    with_events = [promise for promise in promises if has_events(promise)]
    found = [
        PromiseOutcome(one.id, target.title, target.unit or "", one.verdict, one.minutes, one.findings)
        for one in judge(with_events)
        for target in (targets.by_id(one.id),)
    ]
    unmeasured = [promise.id for promise in promises if promise not in with_events]
    verdict, exit_code, undecided = concluded(found, gate.required)
    minutes = window.blocks * BLOCK_SECONDS // 60
    has_week = any(promise.week_ago for promise in with_events)
    left_out = window.left_out_minutes
    return Outcome(version, window.since, minutes, has_week, verdict, exit_code, found, unmeasured, undecided, left_out)


def _is_decided(outcome: Outcome) -> bool:
    """Return whether more time would change nothing: everything that time can decide is, or something is far worse.

    How much was counted decides, and not what it looks like: looking each minute until something is worse would find
    something. Only a worsening beyond all doubt ends it at once.
    """
    measures = [finding for promise in outcome.promises for finding in promise.findings]
    is_far_worse = any(
        finding.verdict == "worse" and finding.interval and finding.interval.low > matters(finding.measure)
        for finding in measures
    )
    open_ = [one for one in measures if one.interval is None or (one.minutes or 0) > outcome.minutes]
    return is_far_worse or (bool(measures) and not open_)


def _print_progress(outcome: Outcome, gate: Gate) -> None:
    waiting = [f"{one.id} ({one.minutes} minutes)" for one in outcome.promises if (one.minutes or 0) > outcome.minutes]
    names = f": waiting for {', '.join(waiting)}" if waiting else ""
    print(f"gate: {outcome.minutes} of at most {gate.wait_minutes:g} minutes{names}", file=sys.stderr, flush=True)
