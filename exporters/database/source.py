"""From the settings to what the database exporter watches."""

from __future__ import annotations

from exporters.core.scrape import Source
from exporters.settings import Settings


def sources(_settings: Settings, _settings_file: str) -> list[Source]:
    """Return nothing yet."""
    return []
