"""Pages opened in a real browser, one at a time, if Chromium is installed."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from functools import partial

from exporters.browser.check import prepare
from exporters.browser.last_failure import Keeper
from exporters.browser.metrics import GAUGES, HISTOGRAM_LABELS, HISTOGRAMS
from exporters.browser.settings import BrowserSettings, find_chromium
from exporters.core.checks.check import PreparedCheck, prepared
from exporters.core.checks.source import CheckMetrics, CheckSource
from exporters.core.scrape import Run, Source

logger = logging.getLogger(__name__)


def sources(section: BrowserSettings, settings_file: str) -> list[Source]:
    """Return one source for all pages; none without pages or without a browser. Raises ConfigError."""
    keeper = Keeper(section.last_failures, settings_file, section.checks) if section.last_failures else None
    checks = prepared(section.checks, "browser", settings_file, partial(prepare, keeper=keeper))
    if not checks:
        return []
    if find_chromium() is None:
        logger.warning("checks=%d browser checks are skipped: there is no chromium on the PATH", len(checks))
        return []
    return [BrowserSource(checks, keeper, section.vantage)]


class BrowserSource(CheckSource):
    """The pages, and the documents that are kept of their last failures."""

    def __init__(self, checks: Sequence[PreparedCheck], keeper: Keeper | None, vantage: str = "") -> None:
        metrics = CheckMetrics(GAUGES, HISTOGRAMS, HISTOGRAM_LABELS, vantage)
        super().__init__("browser", checks, metrics, one_at_a_time=True)
        self._keeper = keeper

    def start(self) -> None:
        """Start the schedules; what is kept of checks that are no longer there is removed."""
        if self._keeper:
            self._keeper.sweep()
        super().start()

    def collect(self, run: Run) -> None:
        """Yield the observations, and when each page failed last."""
        super().collect(run)
        if self._keeper and run.only is None:
            self.add(run, self._keeper.families())

    def paths(self) -> Sequence[str]:
        """Return the paths of the documents that there are."""
        return self._keeper.paths() if self._keeper else ()

    def document(self, path: str) -> bytes | None:
        """Return the document at a path, None if there is none."""
        return self._keeper.document(path) if self._keeper else None
