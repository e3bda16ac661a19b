"""Which alert is not told because another says it already. What is compared stands on every alert concerned (linted).

A silenced alert mutes too. So what is muted without a comparison is never a symptom that users feel.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

# Jobs that feed targets under the same name in `requires`.
_FEEDING_JOBS = ("application", "database", "cache", "host", "synthetic")


@dataclass(frozen=True, slots=True)
class Inhibition:
    """While an alert with the matchers `source` fires, those with `muted` and the same labels `equal` are not told."""

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
    """One condition is a worse stage of another."""
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
    """A layer that is down explains all else about it, but not that somebody tries passwords."""
    muted = (f'component="{component}"', f'alertname!="{alert}"', 'type!="security"')
    return Inhibition(f"{alert} mutes the rest of its layer", (f'alertname="{alert}"',), muted, equal)


def _blind(alert: str, exporter: str) -> Inhibition:
    muted = ('component="collector"', f'exporter="{exporter}"')
    return Inhibition(f"{alert} explains what its exporter misses", (f'alertname="{alert}"',), muted, ("instance",))


def _hangs_on(alert: str, *muted: str) -> Inhibition:
    """What cannot work without it, and is no symptom: its targets count the same outage, its checks see the same."""
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


def _unscraped(job: str, components: str) -> Inhibition:
    """What an exporter that is not scraped told last says nothing of now. `…Down` ends by itself then, or is true."""
    source = ('alertname="CrmMonitoringTargetDown"', f'job="{job}"')
    muted = (f'component=~"{components}"', 'alertname!~".+Down"')
    return Inhibition(f"{job} is not scraped", source, muted, ("instance",))


_NOT_SCRAPED = (
    _unscraped("database", "database"),
    _unscraped("cache", "cache"),
    _unscraped("host", "host"),
    _unscraped("synthetic", "check|certificate"),
    Inhibition(
        "an exporter that is not scraped explains what it does not collect",
        ('alertname="CrmMonitoringTargetDown"',),
        ('component=~"collector|scrape"', 'alertname!="CrmMonitoringTargetDown"'),
        ("job", "instance"),
    ),
    *(
        Inhibition(
            f"{job} is not scraped: the targets it feeds have no data",
            ('alertname="CrmMonitoringTargetDown"', f'job="{job}"'),
            ('alertname="CrmTargetNoData"', f'requires=~".*{job}.*"'),
        )
        for job in _FEEDING_JOBS
    ),
)

INHIBITIONS = _WORSE + _DEAD_LAYERS + _NOT_SCRAPED
