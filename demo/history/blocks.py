"""Series as OpenMetrics text, which promtool turns into blocks of Prometheus: one piece of time after another."""

from __future__ import annotations

import subprocess
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

# One of the lengths of Prometheus' own blocks, and all that is on the disk as text at a time.
BLOCK_SECONDS = 54 * 3600


class Steps(NamedTuple):
    """Times in unix seconds, as the ends of lines; shared by all series of a group of rules."""

    first: int
    every: int
    lines: list[str]


class Series(NamedTuple):
    """One series in one piece of time: a value or None (no sample) for each step."""

    name: str
    labels: str
    steps: Steps
    values: Iterable[float | None]


class FillError(Exception):
    """promtool did not do it; the message is its last line."""


def steps(start: float, end: float, every: int, offset: int) -> Steps:
    """The times from `start` on, before `end`, that are `offset` after a multiple of `every`."""
    first = -(-(int(start) - offset) // every) * every + offset
    return Steps(first, every, [f" {second}\n" for second in range(first, int(end), every)])


def pieces(start: int, end: int) -> Iterator[tuple[int, int]]:
    """The time in pieces of a block, which begin at multiples of its length."""
    for first in range(start // BLOCK_SECONDS * BLOCK_SECONDS, end, BLOCK_SECONDS):
        yield max(first, start), min(first + BLOCK_SECONDS, end)


@dataclass(slots=True)
class BlockWriter:
    """Writes blocks into `folder`, one piece of time while promtool works on the one before.

    At most two pieces are on the disk as text. Raises FillError; `close` must be called in any case.
    """

    folder: Path
    samples: int = 0
    _number: int = 0
    _running: list[tuple[subprocess.Popen[str], Path]] = field(default_factory=list)

    def write(self, series: Iterable[Series]) -> None:
        """Write the series of one piece of time; those of one name come one after the other."""
        self._number += 1
        page = self.folder / f"piece-{self._number}.txt"
        with page.open("w", encoding="utf-8") as file:
            file.writelines(self._lines(series))
        self.finish()
        command = ["promtool", "tsdb", "create-blocks-from", "--max-block-duration", f"{BLOCK_SECONDS // 3600}h"]
        command += ["openmetrics", str(page), str(self.folder / "blocks")]
        child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        self._running.append((child, page))

    def finish(self) -> None:
        """Wait for promtool and remove its text."""
        while self._running:
            child, page = self._running.pop()
            _, said = child.communicate()
            page.unlink()
            if child.returncode:
                raise FillError(" ".join(said.strip().splitlines()[-1:]) or f"promtool ended with {child.returncode}")

    def close(self) -> None:
        """End promtool if it still runs, and remove its text."""
        for child, page in self._running:
            child.kill()
            child.communicate()
            page.unlink(missing_ok=True)
        self._running.clear()

    def _lines(self, series: Iterable[Series]) -> Iterator[str]:
        """OpenMetrics; the type does not matter to blocks, and with `unknown` each name may be used as it is."""
        last = ""
        for name, labels, times, values in series:
            if name != last:
                yield f"# TYPE {name} unknown\n"
                last = name
            start = f"{name}{{{labels}}} "
            lines = [
                f"{start}{value:.9g}{time}"
                for value, time in zip(values, times.lines, strict=True)
                if value is not None
            ]
            self.samples += len(lines)
            yield "".join(lines)
        yield "# EOF\n"
