"""A day of statements' past for a stack that is up: each of them went on as it does now.

An alert that compares a statement with its own past needs a day of it, an hour and a half of a fast stack. Statements
are known by ids that the server gives them, so their past cannot be made up before it runs.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from itertools import repeat

from demo.gameday.stack import GameDayError, Stack
from demo.history.blocks import BlockWriter, FillError, Series, Steps, steps

_CALLS = "database:statement_calls:increase5m"
_RECORDED = ("database:statement_seconds:increase5m", _CALLS)
_INTERVAL_SECONDS = 300  # of the group that records them
_DAY_OF_THEM = 288
_LOOK_SECONDS = 2.0
_FOUND_SECONDS = 150.0  # Prometheus looks for blocks once a minute


def remember(stack: Stack, speed: int) -> None:
    """Give Prometheus a day of what the statements of the last minutes took. Raises GameDayError."""
    every = max(1, round(_INTERVAL_SECONDS / speed))
    folder = stack.state / "prometheus"
    past = folder / "data.past"
    past.mkdir()
    times = steps(time.time() - 1.2 * _DAY_OF_THEM * every, time.time() - 2 * every, every, 0)
    writer = BlockWriter(past)
    try:
        writer.write(_series(stack, times))
        writer.finish()
    except FillError as error:
        raise GameDayError(f"the past of the statements: {error}") from error
    finally:
        writer.close()
    for block in (past / "blocks").iterdir():
        block.rename(folder / "data" / block.name)
    known = f"count_over_time({_CALLS}[{1.5 * _DAY_OF_THEM * every:.0f}s]) >= {_DAY_OF_THEM}"
    deadline = time.monotonic() + _FOUND_SECONDS
    while not stack.query(known):
        if time.monotonic() > deadline:
            raise GameDayError(f"Prometheus has not found the past of the statements within {_FOUND_SECONDS:.0f} s")
        stack.pause(_LOOK_SECONDS)


def _series(stack: Stack, times: Steps) -> Iterator[Series]:
    for name in _RECORDED:
        for labels, mean in stack.query(f"avg_over_time({name}[5m])"):
            text = ",".join(f"{label}={json.dumps(value)}" for label, value in labels.items())
            yield Series(name, text, times, repeat(mean, len(times.lines)))
