"""settings.yaml as a whole: what this installation watches."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import partial
from pathlib import Path
from typing import Annotated, Any, ClassVar

from exporters.access_log.settings import AccessLogSettings
from exporters.browser.settings import BrowserSettings
from exporters.cache.settings import Section as CacheSection
from exporters.core.access import WebSettings
from exporters.core.checks.check import CheckSettings
from exporters.core.decoder import OfFields, Problems, RecordCheck
from exporters.core.field_checks import at_most_entries, unique, unique_names
from exporters.core.problem_text import expected_one_of
from exporters.core.settings import load
from exporters.database.settings import Section as DatabaseSection
from exporters.database_log.settings import Section as DatabaseLogSection
from exporters.host.settings import HostSettings
from exporters.rum.settings import RumSettings
from exporters.synthetic.settings import SyntheticSettings
from pantrywatch.config.advise import AdviseSettings
from pantrywatch.config.application import Access, Application
from pantrywatch.config.capacity import CapacitySettings
from pantrywatch.config.components import components
from pantrywatch.config.exclusions import MOST_EXCLUSIONS, Exclusion
from pantrywatch.config.kubernetes import KubernetesSettings
from pantrywatch.config.notifications.own_urls import use_https
from pantrywatch.config.notifications.settings import Notifications
from pantrywatch.config.report import ReportSettings
from pantrywatch.config.scale import Scale

FEEDING_SECTIONS = ("application", "database", "cache", "host", "synthetic", "browser", "rum", "access_log", "capacity")


def _expect_retention(days: int) -> None:
    if not 30 < days <= 3650:
        raise ValueError(
            f"expected days above 30 and up to 3650: the windows of the targets reach back 30 days, got {days}"
        )


@dataclass(frozen=True, slots=True)
class PrometheusSettings:
    """What Prometheus keeps."""

    retention_days: Annotated[
        int, "Days to keep samples for; more than the 30 that error budgets are counted over.", _expect_retention
    ] = 40


def _expect_data_source(source: str) -> None:
    known = components().data_sources
    if source not in known:
        raise ValueError(expected_one_of(known, source))


def _expect_day(text: str) -> None:
    try:
        is_day = date.fromisoformat(text).isoformat() == text
    except ValueError:
        is_day = False
    if not is_day:
        raise ValueError(f"expected a day such as 2026-12-25, got {text}")


def _section_is_there(source: str, names: Sequence[str], data_sources: tuple[str, ...], *sections: Any) -> Problems:
    """Yield a data source of which every section is missing or empty."""
    if source in data_sources and not any(map(_is_used, sections)):
        expected = f"expected a section {' or '.join(names)} with something to watch for {source}, got none"
        yield f"data_sources[{data_sources.index(source)}]", expected


def _is_used(section: Any) -> bool:
    inner = getattr(section, "checks", getattr(section, "endpoints", getattr(section, "feeds", None) is not False))
    return bool(inner if section else section)


def _log_of_a_server(database_log: DatabaseLogSection, database: DatabaseSection) -> Problems:
    """Yield a log whose server is not watched: its errors would count for nothing."""
    servers = [getattr(server, "name", None) for server in database]
    for index, log in enumerate(database_log):
        name = getattr(log, "name", None)
        if name is not None and name not in servers:
            yield f"database_log[{index}].name", expected_one_of([one for one in servers if one], name)


def _server_to_change(advise: AdviseSettings | None, database: DatabaseSection) -> Problems:
    """Yield a server that is not read: no advice on it could be followed."""
    servers = [one.name for one in database if hasattr(one, "name") and not one.pgbouncer]
    for index, target in enumerate(getattr(advise, "apply", ())):
        name = getattr(target, "server", None)
        if name is not None and name not in servers:
            yield f"advise.apply[{index}].server", expected_one_of(servers, name)


def _readers_of_the_report(report: ReportSettings | None, notifications: Notifications | None) -> Problems:
    """Yield each contact that cannot get the report: unknown, or without an email address."""
    contacts = {
        getattr(one, "name", None): getattr(one, "email", None) for one in getattr(notifications, "contacts", ())
    }
    for index, name in enumerate(getattr(report, "to", ())):
        if name not in contacts:
            yield f"report.to[{index}]", expected_one_of([one for one in contacts if one], name)
        elif not contacts[name]:
            yield f"report.to[{index}]", f"expected a contact with an email address, {name} has none"


@dataclass(frozen=True, slots=True)
class Settings:
    """One key for each section; a section left out means that nothing of its kind is watched."""

    environment: Annotated[str, "The name of this installation, such as `production`; a label of every metric."]
    data_sources: Annotated[
        tuple[Annotated[str, _expect_data_source], ...],
        f"What feeds targets here, of {', '.join(components().data_sources)}; left out: what the sections can feed.",
        unique,
    ] = ()  # fmt: skip
    application: Annotated[Application | None, "The watched application, by its own metrics."] = None
    database: Annotated[DatabaseSection, "PostgreSQL servers."] = ()
    cache: Annotated[CacheSection, "Redis or Valkey servers."] = ()
    host: Annotated[HostSettings | None, "This machine."] = None
    synthetic: Annotated[SyntheticSettings | None, "Checks from outside."] = None
    browser: Annotated[BrowserSettings | None, "Pages opened in a real browser."] = None
    rum: Annotated[RumSettings | None, "Beacons of users' browsers."] = None
    access_log: Annotated[AccessLogSettings | None, "Access logs: requests of an application without metrics."] = None
    database_log: Annotated[DatabaseLogSection, "The logs of PostgreSQL servers: errors by class of SQLSTATE."] = ()
    capacity: Annotated[CapacitySettings | None, "What `./run capacity` may load, and with which requests."] = None
    exclude: Annotated[
        tuple[Exclusion, ...],
        f"Planned maintenance, at most {MOST_EXCLUSIONS} windows, that does not count in error budgets; its times are "
        "in the time zone of `notifications.office_hours`, without that section in UTC.",
        at_most_entries(MOST_EXCLUSIONS, "windows"), unique_names,
    ] = ()  # fmt: skip
    notifications: Annotated[Notifications | None, "Who is notified of what, how, and when."] = None
    report: Annotated[ReportSettings | None, "The report that the scheduler sends by mail."] = None
    advise: Annotated[AdviseSettings | None, "What `advise` may change; left out: nothing."] = None
    prometheus: Annotated[PrometheusSettings, "What Prometheus keeps."] = PrometheusSettings()
    scale: Annotated[Scale | None, "Beyond one Prometheus: a pair, a store."] = None
    holidays: Annotated[
        tuple[Annotated[str, _expect_day], ...],
        "Days (UTC) such as `2026-12-25` that are like no other of their weekday: baselines leave them out.",
        unique,
    ] = ()  # fmt: skip
    kubernetes: Annotated[KubernetesSettings | None, "Where the objects of `./run build kubernetes` belong."] = None
    web: Annotated[WebSettings | None, "TLS and a login in front of everything that pantrywatch serves."] = None
    marks_file: Annotated[str | None, "The file of deployments, as written by `./run mark VERSION`."] = None

    CHECKS: ClassVar[tuple[RecordCheck, ...]] = (
        _log_of_a_server,
        _server_to_change,
        _readers_of_the_report,
        *(
            OfFields(("data_sources", *sections), partial(_section_is_there, source, sections))
            for source, sections in components().sections_of().items()
            if sections
        ),
    )

    def feeding(self) -> tuple[str, ...]:
        """Return the data sources this installation has."""
        of_sections = (source for source, names in components().sections_of().items() if any(map(self._has, names)))
        return self.data_sources or tuple(of_sections)

    def source_of_requests(self) -> str:
        """Return in words what feeds the targets of requests; empty where there are no access logs."""
        if self.access_log is None:
            return ""
        has_endpoints = self.application is not None and bool(self.application.endpoints)
        if not self.counts_from_logs():
            return "requests are counted from the application's own metrics; access_log feeds no target (`feeds`)"
        own = "; those in the application's own metrics are left out" if has_endpoints else ""
        untimed = self.access_log.untimed()
        late = f"; no time is known of {', '.join(untimed)}: " if untimed else ""
        if late:
            late += "they count for no target" if self.access_log.is_timed() else "api-latency is not measured"
        return f"requests are counted from access_log{own}{late}"

    def counts_from_logs(self) -> bool:
        """Return whether requests are counted from access logs; if not, it is from the application's own metrics."""
        if self.access_log is None or self.access_log.feeds is not None:
            return self.access_log is not None and bool(self.access_log.feeds)
        return self.application is None or not self.application.endpoints

    def accesses(self) -> list[tuple[str, Access]]:
        """Return entry → how to log in there, of each system outside that Prometheus asks or writes to."""
        application = [("application.access", self.application.access)] if self.application else []
        return [*application, *(self.scale.accesses() if self.scale else ())]

    def checks(self) -> list[CheckSettings]:
        """Return the checks of every exporter that has some."""
        sections = (self.synthetic, self.browser)
        return [check for section in sections if section for check in section.checks]

    def _has(self, section: str) -> bool:
        return _is_used(getattr(self, section))


def read_settings(path: Path, environment: Mapping[str, str] | None = None) -> Settings:
    """Return the settings in the file; URLs of our own services use TLS where `web` does.

    `environment`: its variables; None: those of this process. Raises ConfigError with every problem of the file.
    """
    settings = load(path, Settings, environment)
    if settings.notifications is None:
        return settings
    notifications = settings.notifications.filled()
    if settings.web and settings.web.tls:
        notifications = use_https(notifications, notifications.own_addresses)
    return replace(settings, notifications=notifications)
