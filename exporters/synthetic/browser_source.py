"""The checks in a browser as an exporter of their own, one at a time, where there is a Chromium."""

from __future__ import annotations

import logging

from exporters.core.scrape import Source
from exporters.settings import Settings
from exporters.synthetic.chromium.process import find_chromium
from exporters.synthetic.source import SyntheticSource, prepare

logger = logging.getLogger(__name__)


def sources(settings: Settings, settings_file: str) -> list[Source]:
    """Return one source for all of them, none where there are none or no browser. Raises ConfigError."""
    checks = prepare(settings, settings_file, settings.checks(browser=True))
    if not checks:
        return []
    if find_chromium() is None:
        logger.warning("checks=%d browser checks are left out: there is no chromium on the PATH", len(checks))
        return []
    return [SyntheticSource(checks, "browser", one_at_a_time=True)]
