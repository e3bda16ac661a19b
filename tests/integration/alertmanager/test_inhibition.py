"""What another alert says already is kept back: one storm a row, what fires in it and what is still told."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.alertmanagers import Alertmanager, alert, alertmanager, identity, settings_for
from tests.support.servers import free_port, wait_until


@pytest.fixture(scope="module")
def lone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Alertmanager]:
    """An Alertmanager whose receivers do not matter: what inhibition keeps back is asked over its API."""
    with alertmanager(tmp_path_factory.mktemp("lone") / "am", settings_for(free_port(), free_port())) as server:
        yield server


def _of(component: str, name: str, severity: str, **labels: str) -> dict[str, Any]:
    return alert(name, severity, component=component, **labels)


def _recent(cause: str, *mutes: str, **labels: str) -> list[dict[str, Any]]:
    """What Prometheus sends while a cause fires, and for as long as windows remember."""
    return [
        _of("prometheus", "CrmMonitoringCauseRecent", "none", cause=cause, mutes=one, **labels)
        for one in mutes or ("recent", "high", "medium", "low")
    ]


_DATABASE_DOWN = _of("database", "CrmDatabaseDown", "critical", instance="primary")
_CACHE_DOWN = _of("cache", "CrmCacheDown", "high", instance="main")
# What fires → (kept back, told all the same). Labels are those our rules give.
_STORMS: dict[str, tuple[list[dict[str, Any]], list[dict[str, Any]], list[dict[str, Any]]]] = {
    "higher mutes lower for the same target": (
        [alert("CrmApiLatencyBurn", "high", target="api-latency")],
        [
            alert("CrmApiLatencyBurn", "medium", target="api-latency"),
            alert("CrmTargetBudgetExhausted", "low", target="api-latency"),
            _of("check", "CrmSyntheticCheckFailing", "medium", target="api-latency", instance="local", check="a"),
        ],
        [
            alert("CrmApiErrorRateBurn", "medium", target="api-error-rate"),
            alert("CrmSystemAvailabilityBurn", "critical", target="system-availability"),
            _of("api", "CrmApiRouteSlow", "medium", job="application"),
        ],
    ),
    "the database is down": (
        [
            _DATABASE_DOWN,
            *_recent("database"),
            # Told instead of the symptoms.
            _of("api", "CrmApiUsersAffected", "critical", escalates="no"),
        ],
        [
            _of("database", "CrmDatabaseLockWait", "high", instance="primary"),
            alert("CrmDbAvailabilityBurn", "critical", target="db-availability"),
            _of("api", "CrmApiErrorsSudden", "critical", job="application"),
            alert("CrmApiAvailabilityBurn", "critical", target="api-availability"),
            alert("CrmSystemAvailabilityBurn", "high", target="system-availability"),
            alert("CrmTargetMissedNow", "medium", target="api-latency"),
            alert("CrmTargetMissedNow", "medium", target="cache-hit-ratio"),
            _of("frontend", "CrmFrontendNoBeacons", "medium"),
            _of("api", "CrmApiPoolExhausted", "high", job="application", instance="crm-api"),
            _of("check", "CrmSyntheticCheckFailing", "medium", kind="sql", check="select", instance="local"),
            _of("check", "CrmSyntheticCheckFailing", "medium", kind="journey", target="system-availability"),
            alert("CrmTargetNoData", "high", target="db-error-rate", requires="database"),
            _of("collector", "CrmMonitoringCollectorFailing", "medium", exporter="database", instance="primary"),
            _of("database", "CrmDatabasePoolWithoutServer", "high", instance="pooler", database="crm"),
            _of("scrape", "CrmMonitoringScrapeSlow", "medium", job="database", instance="primary"),
            _of("network", "CrmNetworkLoss", "medium", job="synthetic", check="select", dependency="database"),
            _of("scheduler", "CrmMonitoringTaskFailing", "low", instance="scheduler", task="advice"),
        ],
        [
            _of("scheduler", "CrmMonitoringTaskFailing", "low", instance="scheduler", task="report"),
            _of("database", "CrmDatabaseLockWait", "high", instance="replica"),
            _of("scrape", "CrmMonitoringScrapeSlow", "medium", job="database", instance="replica"),
            _of("scrape", "CrmMonitoringScrapeSlow", "medium", job="cache", instance="primary"),
            _of("network", "CrmNetworkLoss", "medium", job="synthetic", check="mail", dependency="third-party"),
            _of("network", "CrmNetworkSlow", "medium", job="synthetic", check="ping", dependency="cache"),
            _of("database", "CrmDatabasePoolerDown", "critical", instance="pooler"),
            alert("CrmIntegrationErrorRateBurn", "critical", target="integration-error-rate"),
            alert("CrmCacheHitRatioBurn", "high", target="cache-hit-ratio"),
            alert("CrmTargetNoData", "high", target="api-latency", requires="application"),
            _of("check", "CrmSyntheticCheckFailing", "medium", kind="http", check="page", instance="local"),
            _of("api", "CrmApiFailedLoginsBurst", "critical", job="application", type="security"),
        ],
    ),
    "the pooler is down": (
        [
            _of("database", "CrmDatabasePoolerDown", "critical", instance="pooler"),
            *_recent("pooler"),
            _of("api", "CrmApiUsersAffected", "critical", escalates="no"),
        ],
        [
            _of("database", "CrmDatabasePoolWait", "high", instance="pooler", database="crm"),
            _of("collector", "CrmMonitoringCollectorFailing", "medium", exporter="database", instance="pooler"),
            _of("api", "CrmApiErrorsSudden", "critical", job="application"),
            alert("CrmApiAvailabilityBurn", "critical", target="api-availability"),
            alert("CrmTargetMissedNow", "medium", target="api-latency"),
            _of("api", "CrmApiPoolExhausted", "high", job="application", instance="crm-api"),
            _of("frontend", "CrmFrontendDown", "critical", job="synthetic"),
        ],
        [
            _of("database", "CrmDatabaseLockWait", "high", instance="primary"),
            alert("CrmDbAvailabilityBurn", "critical", target="db-availability"),
            _of("check", "CrmSyntheticCheckFailing", "medium", kind="sql", check="select", instance="local"),
        ],
    ),
    "a pool has no connection to the server": (
        [_of("database", "CrmDatabasePoolWithoutServer", "high", instance="pooler", database="crm")],
        [_of("database", "CrmDatabasePoolWait", "high", instance="pooler", database="crm")],
        [_of("database", "CrmDatabasePoolWait", "high", instance="pooler", database="reports")],
    ),
    "the scheduler cannot ask Prometheus": (
        [_of("scheduler", "CrmMonitoringLongMemoryBehind", "medium", job="scheduler", instance="a", task="daily")],
        [_of("scheduler", "CrmMonitoringTaskFailing", "low", job="scheduler", instance="a", task="report")],
        [
            _of("scheduler", "CrmMonitoringTaskFailing", "low", job="scheduler", instance="b", task="report"),
            _of("scheduler", "CrmMonitoringLongMemoryDamaged", "low", job="scheduler", instance="a"),
        ],
    ),
    "passwords were guessed at just now": (
        _recent("log-ins", "high", job="application"),
        [_of("api", "CrmApiFailedLogins", "high", job="application", type="security")],
        [
            _of("api", "CrmApiFailedLoginsBurst", "critical", job="application", type="security"),
            _of("api", "CrmApiFailedLogins", "high", job="application-2", type="security"),
        ],
    ),
    "sessions queued for a lock just now": (
        _recent("locks"),
        [
            _of("api", "CrmApiSlow", "high", job="application"),
            _of("api", "CrmApiRouteSlow", "medium", job="application", http_route="/a"),
            alert("CrmDbErrorRateBurn", "critical", target="db-error-rate"),
            alert("CrmTargetMissedNow", "medium", target="db-error-rate"),
        ],
        [
            alert("CrmApiErrorRateBurn", "critical", target="api-error-rate"),
            alert("CrmDbAvailabilityBurn", "critical", target="db-availability"),
            _of("api", "CrmApiErrorsSudden", "critical", job="application"),
        ],
    ),
    "the database was down half an hour ago": (
        _recent("database", "high", "medium", "low"),
        [
            alert("CrmDbAvailabilityBurn", "high", target="db-availability"),
            alert("CrmApiErrorRateBurn", "medium", target="api-error-rate"),
            alert("CrmSystemAvailabilityBurn", "low", target="system-availability"),
            _of("api", "CrmApiRouteSlow", "medium", job="application"),
        ],
        [
            # What begins now is told.
            alert("CrmApiErrorRateBurn", "critical", target="api-availability"),
            _of("api", "CrmApiErrorsSudden", "critical", job="application"),
            _of("database", "CrmDatabaseLockWait", "high", instance="primary"),
        ],
    ),
    "one of two databases is down, perhaps silenced": (
        [
            _of("database", "CrmDatabaseDown", "critical", instance="analytics"),
            *_recent("database", "server", instance="analytics"),
        ],
        [_of("database", "CrmDatabaseLockWait", "high", instance="analytics")],
        [
            alert("CrmDbAvailabilityBurn", "critical", target="db-availability"),
            _of("check", "CrmSyntheticCheckFailing", "medium", kind="sql", check="select", instance="local"),
            _of("api", "CrmApiErrorsSudden", "critical", job="application"),
            _of("database", "CrmDatabaseLockWait", "high", instance="primary"),
        ],
    ),
    "a server that was down just now": (
        _recent("database", "server", instance="primary") + _recent("cache", "server", instance="main"),
        [
            _of("database", "CrmDatabaseLockWait", "high", instance="primary"),
            _of("collector", "CrmMonitoringCollectorFailing", "medium", exporter="database", instance="primary"),
            _of("cache", "CrmCacheEvictions", "medium", instance="main"),
        ],
        [_of("cache", "CrmCacheEvictions", "medium", instance="sessions")],
    ),
    "a higher severity has just ended": (
        [
            _of("prometheus", "CrmMonitoringTargetBurned", "none", mutes=mutes, target="api-error-rate")
            for mutes in ("high", "medium", "low")
        ],
        [alert("CrmApiErrorRateBurn", severity, target="api-error-rate") for severity in ("high", "medium", "low")],
        [
            alert("CrmApiAvailabilityBurn", "high", target="api-availability"),
            alert("CrmApiErrorRateBurn", "critical", target="api-throughput"),
        ],
    ),
    "a check that fails each time": (
        [_of("check", "CrmSyntheticCheckFailing", "medium", job="synthetic", instance="local", check="mail")],
        [
            _of("network", name, "medium", job="synthetic", instance="local", check="mail", dependency="third-party")
            for name in ("CrmNetworkLoss", "CrmNetworkSlow")
        ],
        [
            _of(
                "network",
                "CrmNetworkLoss",
                "medium",
                job="synthetic",
                instance="local",
                check="sms",
                dependency="other",
            )
        ],
    ),
    "the cache is down": (
        [_CACHE_DOWN, *_recent("cache")],
        [
            _of("cache", "CrmCacheEvictions", "medium", instance="main"),
            alert("CrmCacheHitRatioBurn", "high", target="cache-hit-ratio"),
        ],
        [
            _of("cache", "CrmCacheEvictions", "medium", instance="sessions"),
            alert("CrmApiLatencyBurn", "critical", target="api-latency"),
        ],
    ),
    "the application is down": (
        [_of("api", "CrmApiDown", "critical", job="application"), *_recent("application")],
        [
            alert("CrmApiAvailabilityBurn", "critical", target="api-availability"),
            alert("CrmFrontendAvailabilityBurn", "critical", target="frontend-availability"),
            _of("scrape", "CrmMonitoringTargetDown", "high", job="application", instance="crm-api"),
            _of("api", "CrmApiRouteSlow", "medium", job="application"),
            _of("check", "CrmSyntheticCheckFailing", "medium", kind="http", target="frontend-availability"),
        ],
        [
            _of("scrape", "CrmMonitoringTargetDown", "high", job="host", instance="local"),
            _of("api", "CrmApiFailedLogins", "high", job="application", type="security"),
            _of("api", "CrmApiUsersAffected", "critical", escalates="no"),
            alert("CrmDbAvailabilityBurn", "critical", target="db-availability"),
        ],
    ),
    "no browser reports": (
        [_of("beacons", "CrmFrontendNoBeacons", "medium", job="rum", instance="local", layer="frontend")],
        [alert("CrmTargetNoTraffic", "low", target="lcp", requires="frontend", layer="frontend")],
        [
            alert("CrmTargetNoTraffic", "low", target="tti", requires="browser", layer="frontend"),
            alert("CrmTargetNoData", "high", target="lcp", requires="frontend", layer="frontend"),
        ],
    ),
    "an exporter is not scraped": (
        [
            _of("scrape", "CrmMonitoringTargetDown", "high", job="database", instance="primary"),
            *_recent("scrape", "recent", job="database"),
        ],
        [
            alert("CrmTargetNoData", "high", target="db-error-rate", requires="database"),
            _of("database", "CrmDatabaseDeadlocks", "medium", job="database", instance="primary"),
            _of("collector", "CrmMonitoringQueryStale", "medium", job="database", instance="primary"),
        ],
        [
            alert("CrmTargetNoData", "high", target="cache-hit-ratio", requires="cache"),
            _of("database", "CrmDatabaseDeadlocks", "medium", job="database", instance="replica"),
            _of("database", "CrmDatabaseDown", "critical", instance="primary"),
        ],
    ),
    "the exporter of the browser is not scraped": (
        [
            _of("scrape", "CrmMonitoringTargetDown", "high", job="browser", instance="local"),
            *_recent("scrape", "recent", job="browser"),
        ],
        [
            alert("CrmTargetNoData", "high", target="tti", requires="browser"),
            alert("CrmTargetNoData", "high", target="page-load-3g", requires="synthetic, browser"),
            _of("check", "CrmSyntheticCheckFailing", "medium", job="browser", instance="local", check="page"),
        ],
        [
            alert("CrmTargetNoData", "high", target="db-availability", requires="synthetic"),
            _of("check", "CrmSyntheticCheckFailing", "medium", job="synthetic", instance="local", check="api"),
            _of("certificate", "CrmSyntheticCertificateExpiring", "low", job="synthetic", instance="local", check="a"),
        ],
    ),
    "the exporter of the checks is not scraped": (
        [
            _of("scrape", "CrmMonitoringTargetDown", "high", job="synthetic", instance="local"),
            *_recent("scrape", "recent", job="synthetic"),
        ],
        [
            alert("CrmTargetNoData", "high", target="db-availability", requires="synthetic"),
            _of("check", "CrmSyntheticCheckFailing", "medium", job="synthetic", instance="local", check="api"),
        ],
        [
            alert("CrmTargetNoData", "high", target="tti", requires="browser"),
            _of("check", "CrmSyntheticCheckFailing", "medium", job="browser", instance="local", check="page"),
        ],
    ),
    "the application is not scraped": (
        [
            _of("scrape", "CrmMonitoringTargetDown", "high", job="application", instance="crm-api"),
            *_recent("scrape", "recent", job="application"),
        ],
        [
            alert("CrmTargetNoData", "high", target="api-latency", requires="application"),
            alert("CrmTargetNoData", "high", target="db-query-latency", requires="statements"),
        ],
        [alert("CrmTargetNoData", "high", target="cache-hit-ratio", requires="cache")],
    ),
    "one of two exporters of databases is not scraped": (
        [_of("scrape", "CrmMonitoringTargetDown", "high", job="database", instance="analytics")],
        [_of("database", "CrmDatabaseDeadlocks", "medium", job="database", instance="analytics")],
        [alert("CrmTargetNoData", "high", target="db-error-rate", requires="database")],
    ),
    "a condition gets worse": (
        [
            _of("api", "CrmApiFailedLoginsBurst", "critical", job="application", type="security"),
            _of("host", "CrmHostDiskNearlyFull", "high", job="host", instance="local", mountpoint="/"),
        ],
        [
            _of("api", "CrmApiFailedLogins", "high", job="application", type="security"),
            _of("host", "CrmHostDiskFillingUp", "medium", job="host", instance="local", mountpoint="/"),
            _of("host", "CrmHostFullSoon", "medium", instance="local", resource="disk", mountpoint="/"),
        ],
        [
            _of("host", "CrmHostMemoryLow", "medium", job="host", instance="local"),
            _of("host", "CrmHostFullSoon", "medium", instance="local", resource="disk", mountpoint="/data"),
            _of("host", "CrmHostFullSoon", "medium", instance="local", resource="inodes", mountpoint="/"),
        ],
    ),
    "what is full now was forecast": (
        [
            _of("database", "CrmDatabaseSequenceNearEnd", "medium", instance="primary", datname="crm"),
            _of("cache", "CrmCacheClientsNearLimit", "medium", instance="main"),
        ],
        [
            _of("database", "CrmDatabaseFullSoon", "medium", instance="primary", resource="sequence", datname="crm"),
            _of("cache", "CrmCacheFullSoon", "medium", instance="main", resource="cache clients"),
        ],
        [
            _of("database", "CrmDatabaseFullSoon", "medium", instance="primary", resource="sequence", datname="old"),
            _of("database", "CrmDatabaseFullSoon", "medium", instance="primary", resource="connections"),
            _of("cache", "CrmCacheFullSoon", "medium", instance="main", resource="cache memory"),
        ],
    ),
    "hours are unusual because of something worse": (
        [
            _of("database", "CrmDatabaseIdleInTransaction", "medium", instance="primary"),
            alert("CrmTargetMissedNow", "medium", target="lcp"),
            alert("CrmApiLatencyBurn", "low", target="api-latency"),
        ],
        [
            _of("database", "CrmDatabaseUnusualConnections", "low", instance="primary", type="unusual"),
            alert("CrmTargetUnusualTraffic", "low", target="lcp", type="unusual"),
            alert("CrmTargetUnusualErrors", "low", target="api-latency", type="unusual"),
        ],
        [
            _of("cache", "CrmCacheUnusualClients", "low", instance="sessions", type="unusual"),
            alert("CrmTargetUnusualTraffic", "low", target="search-response", type="unusual"),
        ],
    ),
    "hours are unusual because of an outage": (
        _recent("cache", "medium"),
        [
            _of("database", "CrmDatabaseUnusualConnections", "low", instance="primary", type="unusual"),
            alert("CrmTargetUnusualTraffic", "low", target="lcp", type="unusual"),
        ],
        [alert("CrmTargetNoTraffic", "low", target="ttfb", requires="frontend", layer="frontend")],
    ),
}


@pytest.mark.parametrize("storm", _STORMS)
def test_what_another_alert_says_already_is_kept_back(lone: Alertmanager, storm: str) -> None:
    """Exactly the alerts that the cause explains are inhibited; symptoms of users and other objects are not."""
    causes, kept_back, told = _STORMS[storm]
    lone.send(*causes, *kept_back, *told)

    expected = {identity(a): False for a in [*causes, *told]} | {identity(a): True for a in kept_back}
    try:
        wait_until(lambda: lone.suppressed() == expected, 30, "kept back are these, and no others")
    except AssertionError:
        assert lone.suppressed() == expected  # says which differ
        raise
    finally:
        lone.resolve(*causes, *kept_back, *told)
        wait_until(lambda: lone.suppressed() == {}, 30, "all is over")
