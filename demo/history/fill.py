"""`python -m demo.history.fill`: fills the empty Prometheus of a demo with a made-up past, once."""

from __future__ import annotations

import argparse
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from demo.history import promises
from demo.history.activity import DAY
from demo.history.alerts import Alerts
from demo.history.blocks import BlockWriter, FillError, Series, pieces
from demo.history.business import Business
from demo.history.fills_up import FillsUp
from demo.history.gauge_hours import GaugeHours
from demo.history.machine import Machine, gauges
from demo.history.raw import Raw
from demo.history.recorded import Recorded, RecordingRules
from demo.history.usage import usage
from exporters.core.errors import ConfigError, ConfigProblem
from exporters.core.exit_codes import run_command
from exporters.core.files import write_atomically
from exporters.generated import GENERATED_FILE, GeneratedHistory, read_generated, write_generated
from pantrywatch.config.shared_files import shared_files
from pantrywatch.native.state_dir import State

_RAW_SECONDS = 6 * 3600
_CALM_SECONDS = 1 * DAY
# Made up in advance: the fill ends where the clock is when its last piece is written.
_AHEAD_SECONDS = 1800
_SEED = 1


def main() -> int:
    """Fill; returns the exit code: 0, 1 if promtool failed, 2 after naming what is wrong."""
    parser = argparse.ArgumentParser(prog="python -m demo.history.fill", description=__doc__)
    parser.add_argument("--state", type=Path, required=True, metavar="DIR")
    parser.add_argument("--days", type=int, required=True, metavar="N")
    parser.add_argument("--seed", type=int, default=_SEED, metavar="N")
    options = parser.parse_args()

    def action() -> int:
        try:
            print(fill(State(options.state), options.days, options.seed, time.time))
        except FillError as error:
            print(f"error: promtool could not write the generated history: {error}", file=sys.stderr)
            return 1
        return 0

    return run_command(action)


def fill(state: State, days: int, seed: int, clock: Callable[[], float]) -> str:
    """Fill Prometheus' data where there is none; returns what was done, in a sentence.

    Raises ConfigError for data that was not generated, and FillError. A fill that was interrupted leaves nothing in the
    data, and its own folder is removed by the next.
    """
    data, part = state.file("prometheus/data"), state.file("prometheus/data.generating")
    shutil.rmtree(part, ignore_errors=True)
    data.mkdir(parents=True, exist_ok=True)
    known, filled = _known(state), any(data.iterdir())
    if known and filled:
        return f"history: {known.days} days were generated before, until {_utc(known.until_seconds)}; used again"
    if filled:
        expected = "expected no history yet: delete it with `./run reset`, or start without --history"
        raise ConfigError([ConfigProblem(str(data), "--history", expected)])
    began = clock()
    part.mkdir(parents=True)
    try:
        made, marks = _write(part, days, seed, clock)
        write_generated(state.file(GENERATED_FILE), made)
        _mark(state, marks)
        (part / "blocks").rename(data)  # all of it or nothing: an empty folder is replaced
    finally:
        shutil.rmtree(part, ignore_errors=True)
    took = clock() - began
    return f"history: {days} days generated in {took:.0f} s, {made.samples:,} samples, until {_utc(made.until_seconds)}"


def _write(part: Path, days: int, seed: int, clock: Callable[[], float]) -> tuple[GeneratedHistory, str]:
    """Write the blocks; returns what they are, and the deployments in them as marks."""
    now = int(clock())
    start = (now - days * DAY) // 300 * 300
    past = promises.past(seed, start, (now + _AHEAD_SECONDS - start) // 60, now - _CALM_SECONDS)
    sources = _Sources(past, now, seed)
    writer = BlockWriter(part)
    until = start
    try:
        for first, last in pieces(start, past.end):
            if int(clock()) <= first:
                break
            until = min(last, int(clock()))
            writer.write(sources.series(first, until))
        writer.finish()
    finally:
        writer.close()
    marks = "".join(f"{deployment.time} {deployment.version}\n" for deployment in past.deployments)
    return GeneratedHistory(until, days, seed, writer.samples), marks


def _mark(state: State, marks: str) -> None:
    """The deployments of the past, where nobody has marked one: as a script of the CRM's would have."""
    file = state.file("deployments.txt")
    if not file.exists():
        write_atomically(file, marks)


class _Sources:
    """All that is written."""

    def __init__(self, past: promises.Past, now: int, seed: int) -> None:
        shared = shared_files()
        self._past = past
        self._alerts = Alerts(past, shared / "alert_rules/generated")
        self._recorded = Recorded(past, RecordingRules(shared / "alert_rules/generated"))
        self._raw = Raw(past, now - _RAW_SECONDS, shared / "targets.yaml")
        self._machine = Machine(seed, gauges(), now)
        self._fills_up = FillsUp(past.end)
        self._gauge_hours = GaugeHours(past.end)
        self._business = Business(seed, now)

    def series(self, start: int, end: int) -> Iterator[Series]:
        yield from self._recorded.series(start, end)
        yield from usage(self._past, start, end)
        yield from self._alerts.series(start, end)
        yield from self._raw.series(start, end)
        gauges_of_piece = list(self._machine.series(start, end))
        yield from gauges_of_piece
        yield from self._fills_up.series(gauges_of_piece, start, end)
        yield from self._gauge_hours.series(gauges_of_piece, start, end)
        yield from self._business.series(start, end)


def _known(state: State) -> GeneratedHistory | None:
    """What was finished before. Raises ConfigError for a file that is damaged."""
    file = state.file(GENERATED_FILE)
    try:
        return read_generated(file)
    except ValueError as error:
        expected = "expected what an earlier --history wrote: delete the data with `./run reset`"
        raise ConfigError([ConfigProblem(str(file), "generated history", expected)]) from error


def _utc(seconds: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(seconds))


if __name__ == "__main__":
    sys.exit(main())
