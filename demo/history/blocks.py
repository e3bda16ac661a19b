"""Series as OpenMetrics text, which promtool turns into blocks of Prometheus: one piece of time after another."""

from __future__ import annotations

import shutil
import subprocess
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

# One of the lengths of Prometheus' own blocks, and all that is on the disk as text at a time.
BLOCK_SECONDS = 54 * 3600
# It takes twice as long as the text for it.
_AT_ONCE = 2


class Steps(NamedTuple):
    """Times in unix seconds, as the ends of lines; shared by all series of a group of rules."""

    first: int
    every: int
    lines: list[str]

    def seconds(self) -> range:
        """Return them as numbers."""
        return range(self.first, self.first + len(self.lines) * self.every, self.every)


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
    """Writes blocks into `folder / "blocks"`: promtool works on pieces of time while the next one is written.

    At most three pieces are on the disk as text. Raises FillError; `close` must be called in any case.
    """

    folder: Path
    samples: int = 0
    _number: int = 0
    _running: deque[tuple[subprocess.Popen[str], Path]] = field(default_factory=deque)

    def write(self, series: Iterable[Series]) -> None:
        """Write the series of one piece of time; those of one name come one after the other."""
        self._number += 1
        piece = self.folder / f"piece-{self._number}"
        piece.mkdir()
        page = piece / "samples.txt"
        with page.open("w", encoding="utf-8") as file:
            file.writelines(self._lines(series))
        while len(self._running) >= _AT_ONCE:
            self._collect()
        command = ["promtool", "tsdb", "create-blocks-from", "--max-block-duration", f"{BLOCK_SECONDS // 3600}h"]
        command += ["openmetrics", str(page), str(piece / "blocks")]
        child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        self._running.append((child, piece))

    def finish(self) -> None:
        """Wait for promtool."""
        while self._running:
            self._collect()

    def close(self) -> None:
        """End promtool where it still runs, and remove its text."""
        for child, piece in self._running:
            with child:
                child.kill()
            shutil.rmtree(piece)
        self._running.clear()

    def _collect(self) -> None:
        """Wait for the oldest piece and keep its blocks alone."""
        child, piece = self._running[0]
        _, said = child.communicate()
        if child.returncode:
            raise FillError(" ".join(said.strip().splitlines()[-1:]) or f"promtool ended with {child.returncode}")
        self._running.popleft()
        (self.folder / "blocks").mkdir(exist_ok=True)
        for block in (piece / "blocks").iterdir():
            block.rename(self.folder / "blocks" / block.name)
        shutil.rmtree(piece)

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
