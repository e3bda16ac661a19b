"""Scrapers that never stop: two Prometheus servers with timeouts of their own, asking for every page."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

from tests.soak.world import PATHS, UP
from tests.support.exporter import Exporter

TIMEOUTS_SECONDS = (10.0, 3.0)
_PAUSE_SECONDS = 0.3


@dataclass(frozen=True, slots=True)
class Answer:
    """One scrape: when it began (monotonic), what came, and what was wrong with how it came (None: nothing)."""

    began: float
    seconds: float
    memory_bytes: int
    up: float | None = None
    classes: dict[str, str] = field(default_factory=dict)
    wrong: str | None = None


@dataclass(slots=True)
class Scraper:
    """Asks for one server's page again and again with one timeout."""

    exporter: Exporter
    side: str
    timeout_seconds: float
    answers: list[Answer] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        """Scrape until `over` is set."""
        while not self.over.wait(_PAUSE_SECONDS):
            self.answers.append(self._answer())

    def since(self, began: float) -> list[Answer]:
        """Return the answers to scrapes that began after this moment."""
        return [answer for answer in self.answers[-50:] if answer.began >= began]

    def _answer(self) -> Answer:
        began = time.monotonic()
        try:
            page = self.exporter.scrape(PATHS[self.side], self.timeout_seconds)
        except (AssertionError, OSError, ValueError) as error:  # late, not at all, or not a page
            return Answer(
                began, time.monotonic() - began, self._memory_bytes(), wrong=f"{type(error).__name__}: {error}"
            )
        return Answer(began, page.seconds, self._memory_bytes(), page.value(UP[self.side]), page.error_classes())

    def _memory_bytes(self) -> int:
        return int(self.exporter.process.memory_info().rss)


@contextlib.contextmanager
def scrapers(exporter: Exporter) -> Iterator[list[Scraper]]:
    """Scrape each page with each timeout until the block ends."""
    made = [Scraper(exporter, side, timeout) for side in PATHS for timeout in TIMEOUTS_SECONDS]
    threads = [threading.Thread(target=scraper.run, daemon=True) for scraper in made]
    for thread in threads:
        thread.start()
    try:
        yield made
    finally:
        for scraper in made:
            scraper.over.set()
        for thread in threads:
            thread.join(max(TIMEOUTS_SECONDS) + 10)
