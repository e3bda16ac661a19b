"""Which alert is muted because another already reports it. The compared labels are on every alert concerned (linted).

A silenced alert mutes too, so an alert muted without a label comparison is never a symptom that users notice.
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


def _same_alert(name: str, worse: str, lower: str, *equal: str) -> Inhibition:
    """The same alert fires with a higher severity about the same object."""
    source, muted = (f'alertname="{name}"', f'severity="{worse}"'), (f'alertname="{name}"', f'severity="{lower}"')
    return Inhibition(f"{name}: {worse} mutes {lower}", source, muted, equal)


_WORSE = (
    _severe("critical", "high|medium|low"),
    _severe("high", "medium|low"),
    _severe("medium", "low"),
    _same_alert("CrmDatabaseConnectionsNearLimit", "critical", "high", "instance"),
    _same_alert("CrmDatabaseWraparound", "critical", "medium", "instance", "datname"),
    _same_alert("CrmDatabaseSequenceNearEnd", "high", "medium", "instance", "datname"),
    _worse(("CrmApiFailedLoginsBurst",), ("CrmApiFailedLogins",), "job"),
    _worse(("CrmApiSlow",), ("CrmApiRouteSlow",), "job"),
    _worse(("CrmHostMemoryExhausted", "CrmHostMemoryThrashing"), ("CrmHostMemoryLow",), "job", "instance"),
    _worse(("CrmHostDiskNearlyFull",), ("CrmHostDiskFillingUp",), "job", "instance", "mountpoint"),
    _worse(("CrmHostInodesNearlyFull",), ("CrmHostInodesFillingUp",), "job", "instance", "mountpoint"),
    _worse(
        ("CrmSyntheticCertificateExpired",),
        ("CrmSyntheticCertificateSoonExpired", "CrmSyntheticCertificateExpiring"),
        "instance",
        "check",
    ),
    _worse(("CrmSyntheticCertificateSoonExpired",), ("CrmSyntheticCertificateExpiring",), "instance", "check"),
    _worse(("CrmSyntheticCheckFailing",), ("CrmSyntheticCheckFlapping",), "instance", "check"),
)


def _down(alert: str, component: str, *equal: str) -> Inhibition:
    """A layer that is down explains all its other alerts, except attempts to guess passwords."""
    muted = (f'component="{component}"', f'alertname!="{alert}"', 'type!="security"')
    return Inhibition(f"{alert} mutes the rest of its layer", (f'alertname="{alert}"',), muted, equal)


def _blind(alert: str, exporter: str) -> Inhibition:
    muted = ('component="collector"', f'exporter="{exporter}"')
    return Inhibition(f"{alert} explains what its exporter misses", (f'alertname="{alert}"',), muted, ("instance",))


def _hangs_on(alert: str, *muted: str) -> Inhibition:
    """Causes that depend on it. Symptoms stay: targets count the same outage, and checks see it."""
    return Inhibition(f"{alert} explains causes that hang on it", (f'alertname="{alert}"',), muted)


_DEAD_LAYERS = (
    _down("CrmDatabaseDown", "database", "instance"),
    _blind("CrmDatabaseDown", "database"),
    _hangs_on("CrmDatabaseDown", 'target=~"db-.+"'),
    _hangs_on("CrmDatabaseDown", 'alertname="CrmApiPoolExhausted"'),
    _hangs_on("CrmDatabaseDown", 'alertname=~"CrmSyntheticCheck.+"', 'kind="sql"'),
    _down("CrmCacheDown", "cache", "instance"),
    _blind("CrmCacheDown", "cache"),
    _hangs_on("CrmCacheDown", 'target="cache-hit-ratio"'),
    _hangs_on("CrmCacheDown", 'alertname=~"CrmSyntheticCheck.+"', 'kind="redis"'),
    _down("CrmApiDown", "api", "job"),
    Inhibition(
        "CrmApiDown: no instance answers, each by itself is no news",
        ('alertname="CrmApiDown"',),
        ('alertname="CrmMonitoringTargetDown"', 'job="application"'),
        ("job",),
    ),
)


def _unscraped(component: Component) -> Iterator[Inhibition]:
    """Values of an exporter from before its scrapes failed say nothing about the present.

    `…Down` is left out: it then resolves by itself, or is true.
    """
    source = ('alertname="CrmMonitoringTargetDown"', f'job="{component.job}"')
    if component.exporter:
        names = "|".join(component.alert_components)
        target = (f'component=~"{names}"', 'alertname!~".+Down"')
        # Two exporters that raise the same alerts may both call their target `local`.
        equal = ("job", "instance") if _is_shared(component) else ("instance",)
        yield Inhibition(f"{component.job} is not scraped", source, target, equal)
    for data_source in component.data_sources:
        target = ('alertname="CrmTargetNoData"', f'requires=~"(.+, )?{data_source}(, .+)?"')
        yield Inhibition(f"{component.job} is not scraped: the targets it feeds have no data", source, target)


def _is_shared(component: Component) -> bool:
    others = (other for other in components().exporters() if other != component)
    return any(set(component.alert_components) & set(other.alert_components) for other in others)


_NOT_SCRAPED = (
    *(inhibition for component in components().components for inhibition in _unscraped(component)),
    Inhibition(
        "an exporter that is not scraped explains what it does not collect",
        ('alertname="CrmMonitoringTargetDown"',),
        ('component=~"collector|scrape"', 'alertname!="CrmMonitoringTargetDown"'),
        ("job", "instance"),
    ),
)

INHIBITIONS = _WORSE + _DEAD_LAYERS + _NOT_SCRAPED
