"""Which alert is muted because another already reports it. The compared labels are on every alert concerned (linted).

A silenced alert mutes too. So what is muted without a label comparison is muted by CrmMonitoringCauseRecent: it fires
only while no other server could be the cause (alert_rules/causes.jsonnet), and goes on for as long as windows remember.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pantrywatch.config.components import Component, components


@dataclass(frozen=True, slots=True)
class Inhibition:
    """While an alert with the matchers `source` fires, those with `muted` and the same labels `equal` are muted."""

    reason: str
    source: tuple[str, ...]
    muted: tuple[str, ...]
    equal: tuple[str, ...] = ()

    def rule(self) -> dict[str, Any]:
        """Return it in Alertmanager's form."""
        rule: dict[str, Any] = {"source_matchers": list(self.source), "target_matchers": list(self.muted)}
        return rule | ({"equal": list(self.equal)} if self.equal else {})


def _named(*names: str) -> str:
    return f'alertname="{names[0]}"' if len(names) == 1 else f'alertname=~"{"|".join(names)}"'


def _severe(worse: str, lower: str) -> Inhibition:
    return Inhibition(
        f"{worse} mutes lower for the same target",
        (f'severity="{worse}"', 'target!=""'),
        (f'severity=~"{lower}"', 'target!=""'),
        ("target",),
    )


def _worse(names: tuple[str, ...], lower: tuple[str, ...], *equal: str) -> Inhibition:
    """One condition is a more severe stage of another."""
    return Inhibition(f"{', '.join(names)}: the same, worse", (_named(*names),), (_named(*lower),), equal)


def _forecast(soon: str, resource: str, now: tuple[str, ...], *equal: str) -> Inhibition:
    """A resource that is nearly full needs no forecast; another one of the server, or another disk, does."""
    muted = (_named(soon), f'resource="{resource}"')
    return Inhibition(f"{', '.join(now)}: the same, now", (_named(*now),), muted, ("instance", *equal))


def _same_alert(name: str, worse: str, lower: str, *equal: str) -> Inhibition:
    """The same alert fires with a higher severity about the same object."""
    source, muted = (f'alertname="{name}"', f'severity="{worse}"'), (f'alertname="{name}"', f'severity="{lower}"')
    return Inhibition(f"{name}: {worse} mutes {lower}", source, muted, equal)


_WORSE = (
    _severe("critical", "high|medium|low"),
    _severe("high", "medium|low"),
    _severe("medium", "low"),
    *(
        Inhibition(
            f"higher than {lower}: its window remembers the same events",
            ('alertname="CrmMonitoringTargetBurned"', f'mutes="{lower}"'),
            ('alertname=~".+Burn"', f'severity="{lower}"'),
            ("target",),
        )
        for lower in ("high", "medium", "low")
    ),
    _same_alert("CrmDatabaseConnectionsNearLimit", "critical", "high", "instance"),
    _same_alert("CrmDatabaseWraparound", "critical", "medium", "instance", "datname"),
    _same_alert("CrmDatabaseSequenceNearEnd", "high", "medium", "instance", "datname"),
    _worse(("CrmDatabasePoolWithoutServer",), ("CrmDatabasePoolWait",), "instance", "database"),
    _worse(("CrmApiFailedLoginsBurst",), ("CrmApiFailedLogins",), "job"),
    _worse(("CrmApiNearCapacity",), ("CrmApiCapacityReachedSoon", "CrmApiPromiseBrokenSoon"), "job"),
    _worse(("CrmApiSlow",), ("CrmApiRouteSlow",), "job"),
    _worse(("CrmHostMemoryExhausted", "CrmHostMemoryThrashing"), ("CrmHostMemoryLow",), "job", "instance"),
    _worse(("CrmHostDiskNearlyFull",), ("CrmHostDiskFillingUp",), "job", "instance", "mountpoint"),
    _worse(("CrmHostInodesNearlyFull",), ("CrmHostInodesFillingUp",), "job", "instance", "mountpoint"),
    _forecast("CrmHostFullSoon", "disk", ("CrmHostDiskNearlyFull", "CrmHostDiskFillingUp"), "mountpoint"),
    _forecast("CrmHostFullSoon", "inodes", ("CrmHostInodesNearlyFull", "CrmHostInodesFillingUp"), "mountpoint"),
    _forecast("CrmHostFullSoon", "memory", ("CrmHostMemoryExhausted", "CrmHostMemoryThrashing", "CrmHostMemoryLow")),
    _forecast("CrmDatabaseFullSoon", "connections", ("CrmDatabaseConnectionsNearLimit",)),
    _forecast("CrmDatabaseFullSoon", "sequence", ("CrmDatabaseSequenceNearEnd",), "datname"),
    _forecast("CrmCacheFullSoon", "cache memory", ("CrmCacheMemoryNearLimit",)),
    _forecast("CrmCacheFullSoon", "cache clients", ("CrmCacheClientsNearLimit",)),
    _worse(
        ("CrmSyntheticCertificateExpired",),
        ("CrmSyntheticCertificateSoonExpired", "CrmSyntheticCertificateExpiring"),
        "instance",
        "check",
    ),
    _worse(("CrmSyntheticCertificateSoonExpired",), ("CrmSyntheticCertificateExpiring",), "instance", "check"),
    _worse(("CrmSyntheticDomainSoonExpired",), ("CrmSyntheticDomainExpiring",), "instance", "check"),
    _worse(
        ("CrmDatabaseConnectionsNearLimit", "CrmDatabaseIdleInTransaction", "CrmDatabaseLockQueue"),
        ("CrmDatabaseUnusualConnections",),
        "instance",
    ),
    _worse(("CrmCacheClientsNearLimit",), ("CrmCacheUnusualClients",), "instance"),
    _worse(("CrmTargetNoTraffic",), ("CrmTargetUnusualTraffic",), "target"),
    Inhibition(
        "a burn rate of the target: the same, worse",
        ('alertname=~".+Burn"',),
        (_named("CrmTargetUnusualErrors"),),
        ("target",),
    ),
    Inhibition(
        "a target that burned: its hour remembers the same events",
        ('alertname="CrmMonitoringTargetBurned"', 'mutes="low"'),
        (_named("CrmTargetUnusualErrors"),),
        ("target",),
    ),
    # Prometheus does not answer the scheduler, or its folder cannot be written: the other tasks need both.
    _worse(("CrmMonitoringLongMemoryBehind",), ("CrmMonitoringTaskFailing",), "job", "instance"),
    _worse(("CrmSyntheticCheckFailing",), ("CrmSyntheticCheckFlapping",), "instance", "check"),
    _worse(("CrmSyntheticCheckFailing",), ("CrmNetworkLoss", "CrmNetworkSlow"), "job", "instance", "check"),
    _worse(("CrmNetworkLoss",), ("CrmNetworkSlow",), "job", "instance", "check"),
)


def _cause(name: str, mutes: str) -> tuple[str, ...]:
    return ('alertname="CrmMonitoringCauseRecent"', f'cause="{name}"', f'mutes="{mutes}"')


_BURST = Inhibition(
    "the hour of CrmApiFailedLogins counts what the burst told of",
    _cause("log-ins", "high"),
    (_named("CrmApiFailedLogins"),),
    ("job",),
)


def _server(cause: str, alert: str, exporter: str) -> Iterator[Inhibition]:
    """A server that is down, or was just now, explains all its other alerts, except attempts to guess passwords."""
    explained = {
        "the rest of its layer": (f'component="{exporter}"', f'alertname!="{alert}"', 'type!="security"'),
        "what its exporter misses": ('component="collector"', f'exporter="{exporter}"'),
        "that its exporter waits for it": (_named("CrmMonitoringScrapeSlow"), f'job="{exporter}"'),
    }
    for what, muted in explained.items():
        yield Inhibition(f"{alert} explains {what}", (f'alertname="{alert}"',), muted, ("instance",))
        yield Inhibition(f"{alert} explained {what}", _cause(cause, "server"), muted, ("instance",))


def _causes(cause: str, *muted: tuple[str, ...]) -> Iterator[Inhibition]:
    for matchers in muted:
        yield Inhibition(f"{cause}: causes that hang on it", _cause(cause, "recent"), matchers)


def _burns(cause: str, *targets: str) -> Iterator[Inhibition]:
    """The targets that an outage breaks: each severity for as long as its short window remembers."""
    for severity, memory in (("critical", "recent"), ("high", "high"), ("medium", "medium"), ("low", "low")):
        muted = ('alertname=~".+Burn"', f'severity="{severity}"', *targets)
        yield Inhibition(f"{cause}: {severity} burn rates it explains", _cause(cause, memory), muted)


def _other_target_alerts(cause: str, *targets: str) -> Inhibition:
    """Alerts about targets with short windows."""
    of_data = "CrmTarget(NoData|NoTraffic|RatioImpossible|BudgetExhausted)"
    muted = (f'alertname!~".+Burn|{of_data}"', 'component=""', *targets)
    return Inhibition(f"{cause}: short windows of the targets it explains", _cause(cause, "recent"), muted)


# Instead of these CrmApiUsersAffected is told, once. The same text is in causes.jsonnet.
_FELT = ('target!=""', 'target!~"db-.+|cache-hit-ratio|integration-error-rate"')
_OF_THE_DATABASE = ('target!=""', 'target!~"cache-hit-ratio|integration-error-rate"')
# What is missing in the cache stays missing while the database does not answer.
_OF_THE_DATABASE_NOW = ('target!=""', 'target!="integration-error-rate"')
_SUDDEN = ('alertname="CrmApiErrorsSudden"',)
_SLOW = ('alertname=~"CrmApiSlow|CrmApiPoolExhausted"',)
_CHECKS = 'alertname=~"CrmSyntheticCheck.+"'
_PAGE = 'target="frontend-availability"'
_NO_PAGE = (_named("CrmFrontendDown", "CrmFrontendNoBeacons"),)

_DEAD_LAYERS = (
    *_server("database", "CrmDatabaseDown", "database"),
    *_causes("database", _SUDDEN, _SLOW, (_CHECKS, 'kind="sql"'), (_CHECKS, *_FELT), _NO_PAGE),
    *_causes("database", ('alertname="CrmTargetNoData"', 'target=~"db-.+"')),
    *_causes("database", (_named("CrmMonitoringTaskFailing"), 'task="advice"')),
    *_burns("database", *_OF_THE_DATABASE),
    _other_target_alerts("database", *_OF_THE_DATABASE_NOW),
    *(
        Inhibition(
            f"{cause}: its window and its wait are a quarter of an hour each",
            _cause(cause, "high"),
            (_named("CrmApiRouteSlow"),),
        )
        for cause in ("database", "pooler", "locks")
    ),
    *_causes("database", (_named("CrmDatabasePoolWithoutServer", "CrmDatabasePoolWait"),)),
    # Not the targets of the database: those who reach it directly go on.
    *_server("pooler", "CrmDatabasePoolerDown", "database"),
    *_causes("pooler", _SUDDEN, _SLOW, (_CHECKS, *_FELT), _NO_PAGE),
    *_burns("pooler", *_FELT),
    _other_target_alerts("pooler", *_FELT),
    # Statements that wait, and those that gave up; users' own errors are told.
    *_causes("locks", _SLOW),
    *_burns("locks", 'target="db-error-rate"'),
    _other_target_alerts("locks", 'target="db-error-rate"'),
    *_server("cache", "CrmCacheDown", "cache"),
    *_causes("cache", (_CHECKS, 'kind="redis"')),
    *_burns("cache", 'target="cache-hit-ratio"'),
    _other_target_alerts("cache", 'target="cache-hit-ratio"'),
    Inhibition(
        "CrmApiDown explains the rest of its layer",
        ('alertname="CrmApiDown"',),
        ('component="api"', 'alertname!~"CrmApiDown|CrmApiUsersAffected"', 'type!="security"'),
        ("job",),
    ),
    *_causes("application", _SUDDEN, _SLOW, (_CHECKS, *_FELT), _NO_PAGE),
    *_burns("application", *_FELT),
    _other_target_alerts("application", *_FELT),
    # Not the other targets that users feel: who has the page open goes on.
    *_causes("frontend", (_CHECKS, _PAGE), (_CHECKS, 'kind="browser"'), (_named("CrmFrontendNoBeacons"),)),
    *_burns("frontend", _PAGE),
    _other_target_alerts("frontend", _PAGE),
    Inhibition(
        "CrmApiDown: no instance answers, each by itself is no news",
        ('alertname="CrmApiDown"',),
        ('alertname="CrmMonitoringTargetDown"', 'job="application"'),
        ("job",),
    ),
)


def _on_the_way() -> Iterator[Inhibition]:
    """A part that is down, or was just now, explains what checks see of the network on the way to it."""
    for name, dependency in components().dependencies.items():
        if dependency.cause:
            muted = ('component="network"', f'dependency="{name}"')
            yield from _causes(dependency.cause, muted)
            yield Inhibition(
                f"{dependency.cause}: its windows are up to an hour", _cause(dependency.cause, "high"), muted
            )


def _unusual_hours() -> Iterator[Inhibition]:
    """An hour that an outage was part of is unusual: for that hour, and the half that the alert waits."""
    for cause in ("database", "pooler", "locks", "cache", "frontend", "application", "scrape"):
        yield Inhibition(f"{cause}: the hour of an outage is unusual", _cause(cause, "medium"), ('type="unusual"',))


def _unscraped(component: Component) -> Iterator[Inhibition]:
    """Values of an exporter from before its scrapes failed say nothing about the present.

    `…Down` is left out: it then resolves by itself, or is true.
    """
    source = ('alertname="CrmMonitoringTargetDown"', f'job="{component.job}"')
    if component.exporter and component.alert_components:
        names = "|".join(component.alert_components)
        target = (f'component=~"{names}"', 'alertname!~".+Down"')
        # Two exporters that raise the same alerts may both call their target `local`.
        equal = ("job", "instance") if _is_shared(component) else ("instance",)
        yield Inhibition(f"{component.job} is not scraped", source, target, equal)
    for data_source in component.data_sources:
        target = ('alertname="CrmTargetNoData"', f'requires=~"(.+, )?{data_source}(, .+)?"')
        unscraped = (*_cause("scrape", "recent"), f'job="{component.job}"')
        yield Inhibition(f"{component.job} is not scraped at all: the targets it feeds have no data", unscraped, target)


def _is_shared(component: Component) -> bool:
    others = (other for other in components().exporters() if other != component)
    return any(set(component.alert_components) & set(other.alert_components) for other in others)


_NOT_SCRAPED = (
    *(inhibition for component in components().components for inhibition in _unscraped(component)),
    Inhibition(
        "no browser reports: the field targets have no events",
        (_named("CrmFrontendNoBeacons"),),
        (_named("CrmTargetNoTraffic"), 'requires="frontend"'),
        ("layer",),
    ),
    Inhibition(
        "an exporter that is not scraped explains what it does not collect",
        ('alertname="CrmMonitoringTargetDown"',),
        ('component=~"collector|scrape"', 'alertname!="CrmMonitoringTargetDown"'),
        ("job", "instance"),
    ),
    *(
        Inhibition(
            "a log folder that is gone: the query that lists it",
            (_named("CrmDatabaseLogMissing"),),
            (_named(name), f'{label}="server_log_written"'),
            ("instance",),
        )
        for name, label in (("CrmMonitoringCollectorFailing", "collector"), ("CrmMonitoringQueryStale", "query"))
    ),
)


def _flapping() -> Iterator[Inhibition]:
    """An outage that keeps coming back is one problem. The same list is in causes.jsonnet."""
    outages = {"CrmDatabaseDown": "instance", "CrmDatabasePoolerDown": "instance", "CrmCacheDown": "instance"}
    for name, label in {**outages, "CrmApiDown": "job", "CrmFrontendDown": "job"}.items():
        source = (_named("CrmMonitoringOutageFlapping"), f'outage="{name}"')
        yield Inhibition(f"{name} keeps coming back: its single outages", source, (_named(name),), (label,))


INHIBITIONS = (*_WORSE, _BURST, *_DEAD_LAYERS, *_on_the_way(), *_unusual_hours(), *_NOT_SCRAPED, *_flapping())
