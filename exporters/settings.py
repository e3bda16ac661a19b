"""settings.yaml as a whole: what this installation watches."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from exporters.cache.settings import CacheTarget
from exporters.core.errors import ConfigError, Fault
from exporters.core.settings import load
from exporters.core.targets import PARTS
from exporters.core.web import WebSettings
from exporters.database.settings import DatabaseTarget
from exporters.host.settings import HostSettings
from exporters.notifications.ours import over_tls
from exporters.notifications.problems import notification_problems
from exporters.notifications.section import Notifications
from exporters.synthetic.kinds import AnyCheck
from exporters.synthetic.settings import SyntheticSettings


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


# Part → the section that describes it; `browser` asks for a check of that kind, the other parts for nothing.
_SECTIONS = {
    "application": "application",
    "statements": "application",
    "database": "database",
    "cache": "cache",
    "host": "host",
    "synthetic": "synthetic",
}


@dataclass(frozen=True, slots=True)
class Settings:
    """One field a section; a section left out means that nothing of its kind is watched.

    `parts` names what feeds targets here; left out, it is the sections that are there.
    """

    environment: str
    parts: tuple[str, ...] = ()
    application: tuple[ApplicationEndpoint, ...] = ()
    database: tuple[DatabaseTarget, ...] = ()
    cache: tuple[CacheTarget, ...] = ()
    host: HostSettings | None = None
    synthetic: SyntheticSettings | None = None
    notifications: Notifications | None = None
    prometheus: PrometheusSettings = PrometheusSettings()
    web: WebSettings | None = None
    marks_file: str | None = None

    def __post_init__(self) -> None:
        """Refuse a part that does not exist, and one whose section is missing."""
        unknown = sorted(set(self.parts) - set(PARTS))
        if unknown:
            raise ValueError(f"expected parts among {', '.join(PARTS)}, got {', '.join(unknown)}")
        missing = [part for part in self.parts if part in _SECTIONS and not getattr(self, _SECTIONS[part])]
        if missing:
            raise ValueError(f"expected a section for each part, missing: {', '.join(missing)}")
        if "browser" in self.parts and not self.checks(browser=True):
            raise ValueError("expected a check of the kind browser for the part browser")

    def parts_on(self) -> tuple[str, ...]:
        """Return the parts this installation has."""
        sections = tuple(part for part, section in _SECTIONS.items() if getattr(self, section))
        return self.parts or (*sections, *(("browser",) if self.checks(browser=True) else ()))

    def checks(self, *, browser: bool) -> list[AnyCheck]:
        """Return the checks that need a browser, or the others."""
        every = self.synthetic.checks if self.synthetic else ()
        return [check for check in every if (check.kind == "browser") == browser]


def read_settings(path: Path) -> Settings:
    """Return the settings in the file, ours asked over TLS where `web` wants it. Raises ConfigError with all faults."""
    settings = load(path, Settings)
    faults = [
        Fault(str(path), section, f"expected unique names, {name} stands twice")
        for section, entries in (
            ("application", settings.application),
            ("database", settings.database),
            ("cache", settings.cache),
        )
        for name in _repeated([entry.name for entry in entries])
    ]
    if settings.notifications is not None:
        problems = notification_problems(settings.notifications)
        faults += [Fault(str(path), f"notifications.{entry}", expected) for entry, expected in problems]
    if faults:
        raise ConfigError(faults)
    section = settings.notifications
    if section and settings.web and settings.web.tls:
        settings = replace(settings, notifications=over_tls(section, section.ours))
    return settings


def settings_from_environment(environment: Mapping[str, str] = os.environ) -> Settings:
    """Return the settings of a lone sidecar: one server named `default`, its address in a variable or a file.

    PANTRYWATCH_DATABASE_DSN[_FILE], PANTRYWATCH_CACHE_URL[_FILE]; the host exporter needs nothing.
    """
    get = environment.get
    dsn, dsn_file = get("PANTRYWATCH_DATABASE_DSN"), get("PANTRYWATCH_DATABASE_DSN_FILE")
    url, url_file = get("PANTRYWATCH_CACHE_URL"), get("PANTRYWATCH_CACHE_URL_FILE")
    return Settings(
        environment=get("PANTRYWATCH_ENVIRONMENT", "default"),
        database=(DatabaseTarget("default", dsn, dsn_file),) if dsn or dsn_file else (),
        cache=(CacheTarget("default", url, url_file),) if url or url_file else (),
        host=HostSettings(),
    )


def _repeated(names: list[str]) -> list[str]:
    return sorted({name for name in names if names.count(name) > 1})
