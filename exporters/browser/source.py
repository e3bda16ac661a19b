"""Pages opened in a real browser, one at a time, if Chromium is installed."""

from __future__ import annotations

import logging

from exporters.browser.check import prepare
from exporters.browser.metrics import GAUGES, HISTOGRAM_LABELS, HISTOGRAMS
from exporters.browser.settings import BrowserSettings, find_chromium
from exporters.core.checks.check import prepared
from exporters.core.checks.source import CheckMetrics, CheckSource
from exporters.core.scrape import Source

logger = logging.getLogger(__name__)


def sources(section: BrowserSettings, settings_file: str) -> list[Source]:
    """Return one source for all pages; none without pages or without a browser. Raises ConfigError."""
    checks = prepared(section.checks, "browser", settings_file, prepare)
    if not checks:
        return []
    if find_chromium() is None:
        logger.warning("checks=%d browser checks are skipped: there is no chromium on the PATH", len(checks))
        return []
    return [CheckSource("browser", checks, CheckMetrics(GAUGES, HISTOGRAMS, HISTOGRAM_LABELS), one_at_a_time=True)]
