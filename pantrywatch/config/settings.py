"""settings.yaml as a whole: what this installation watches."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from exporters.browser.settings import BrowserSettings
from exporters.cache.settings import CacheTarget
from exporters.core.access import WebSettings
from exporters.core.checks.check import CheckSettings
from exporters.core.errors import ConfigError, ConfigProblem
from exporters.core.settings import load, require_unique_names
from exporters.database.settings import DatabaseTarget
from exporters.host.settings import HostSettings
from exporters.synthetic.settings import SyntheticSettings
from pantrywatch.config.components import components
from pantrywatch.config.notifications.cross_checks import notification_problems
from pantrywatch.config.notifications.own_urls import use_https
from pantrywatch.config.notifications.settings import Notifications


@dataclass(frozen=True, slots=True)
class ApplicationEndpoint:
    """An address under which the watched application serves metrics of its own: `host:port` and a path."""

    name: str
    address: str
    path: str = "/metrics"


@dataclass(frozen=True, slots=True)
class PrometheusSettings:
    """How long Prometheus keeps its samples: longer than the 30 days that budgets are counted over."""

    retention_days: int = 40

    def __post_init__(self) -> None:
        """Refuse a retention under which every number over 30 days would be wrong."""
        if self.retention_days <= 30:
            raise ValueError("expected retention_days above 30: the windows of the targets reach back 30 days")


@dataclass(frozen=True, slots=True)
class Settings:
    """One field a section; a section left out means that nothing of its kind is watched.

    `data_sources` names what feeds targets here; left out, it is what the sections that are there can feed.
    """

    environment: str
    data_sources: tuple[str, ...] = ()
    application: tuple[ApplicationEndpoint, ...] = ()
    database: tuple[DatabaseTarget, ...] = ()
    cache: tuple[CacheTarget, ...] = ()
    host: HostSettings | None = None
    synthetic: SyntheticSettings | None = None
    browser: BrowserSettings | None = None
    notifications: Notifications | None = None
    prometheus: PrometheusSettings = PrometheusSettings()
    web: WebSettings | None = None
    marks_file: str | None = None

    def __post_init__(self) -> None:
        """Refuse a data source that does not exist, and one whose section is missing."""
        known = components().data_sources
        unknown = sorted(set(self.data_sources) - known.keys())
        if unknown:
            raise ValueError(f"expected data_sources among {', '.join(known)}, got {', '.join(unknown)}")
        section_of = components().section_of()
        missing = [source for source in self.data_sources if source in section_of and not self._has(section_of[source])]
        if missing:
            raise ValueError(f"expected a section for each of data_sources, missing: {', '.join(missing)}")

    def feeding(self) -> tuple[str, ...]:
        """Return the data sources this installation has."""
        of_sections = (source for source, section in components().section_of().items() if self._has(section))
        return self.data_sources or tuple(of_sections)

    def checks(self) -> list[CheckSettings]:
        """Return the checks of every exporter that has some."""
        sections = (self.synthetic, self.browser)
        return [check for section in sections if section for check in section.checks]

    def _has(self, section: str) -> bool:
        found = getattr(self, section)
        return bool(found.checks if isinstance(found, (SyntheticSettings, BrowserSettings)) else found)


def read_settings(path: Path) -> Settings:
    """Return the settings in the file, ours asked over TLS where `web` wants it. Raises ConfigError with all faults."""
    settings = load(path, Settings)
    faults: list[ConfigProblem] = []
    for section in ("application", "database", "cache"):
        try:
            require_unique_names(getattr(settings, section), section, str(path))
        except ConfigError as error:
            faults += error.problems
    if settings.notifications is not None:
        problems = notification_problems(settings.notifications)
        faults += [ConfigProblem(str(path), f"notifications.{entry}", expected) for entry, expected in problems]
    if faults:
        raise ConfigError(faults)
    notifications = settings.notifications
    if notifications and settings.web and settings.web.tls:
        settings = replace(settings, notifications=use_https(notifications, notifications.ours))
    return settings
