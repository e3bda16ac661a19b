"""The matrix of faults. In each part the slow ones come first: they take longest."""

from __future__ import annotations

from demo.gameday.expectations import Expectation

_BURN = "the fault uses up the month's allowance of this target as well"
_CHECK = "a check of the journey or of the server hits the fault too"
_ERRORS = "the API responds with 5xx if it cannot reach its servers"
_SLOW = "routes take longer than a second"
_NO_CONNECTION = "background queries without a connection fail until their next run"
_NO_FOLDER = "the query that lists the folder runs once a minute, which is not scaled, and so fails for longer"
_GONE = "the group of processes is gone with the server"
_BACKLOG = "what is frozen accepts nothing: once its queue is full, packets of new connections are dropped"
_MISSED = "the fault breaks a promise for long enough that its literal reading is missed as well"

# One alert over all targets: whatever is missed long enough is told by it.
_NOW = ("CrmTargetMissedNow", "medium")

# Side effects of a database that is down for long enough.
_LOST = {
    ("CrmSyntheticCheckFailing", "medium"): "a check that feeds no target is not known to hang on the database",
}


_DATABASE = (
    Expectation(
        "slow-database",
        # 72 % of an hour must be slow, which takes 44 minutes.
        {("CrmDbQueryLatencyBurn", "critical"): 320, _NOW: 60},
        {("CrmApiLatencyBurn", "critical"): _BURN, ("CrmApiRouteSlow", "medium"): _SLOW},
        resolved_within=300.0,
    ),
    Expectation(
        "database-stopped",
        {("CrmDatabaseDown", "critical"): 45, ("CrmApiUsersAffected", "critical"): 80},
        _LOST | {("CrmHostProcessGroupGone", "medium"): _GONE},
        held=36.0,  # nine minutes
        conversations=2,
    ),
    Expectation(
        "database-frozen",
        {("CrmDatabaseDown", "critical"): 50, ("CrmApiUsersAffected", "critical"): 80},
        _LOST,
        held=120.0,  # half an hour: it escalates to everybody
        conversations=2,
    ),
    Expectation(
        "bad-migration",
        {("CrmApiErrorRateBurn", "critical"): 160},
        {_NOW: _MISSED, ("CrmApiErrorsSudden", "critical"): _ERRORS, ("CrmDbErrorRateBurn", "critical"): _BURN},
        held=120.0,
    ),
)

_CONNECTIONS = (
    Expectation(
        "replica-gone",
        {("CrmDatabaseReplicationSlotRetainsWal", "high"): 90},
        {
            (
                "CrmDatabaseCheckpointsRequested",
                "low",
            ): "the fault lowers max_wal_size to 32 MB"
        },
    ),
    Expectation(
        "database-log-lost",
        {("CrmDatabaseLogMissing", "medium"): 60},
        {
            ("CrmTargetNoData", "high"): "after a quarter of an hour without the log db-error-rate has no data",
            ("CrmMonitoringCollectorFailing", "medium"): _NO_FOLDER,
        },
    ),
    Expectation(
        "connections-used-up",
        {("CrmDatabaseConnectionsNearLimit", "critical"): 40},
        _LOST
        | {
            ("CrmApiUsersAffected", "critical"): _ERRORS,
            ("CrmMonitoringCollectorFailing", "medium"): _NO_CONNECTION,
        },
    ),
    Expectation(
        "lock-pile-up",
        # One scrape with a short queue within the two minutes starts the wait again.
        {("CrmDatabaseLockQueue", "high"): 120},
        {
            _NOW: _MISSED,
            ("CrmApiErrorsSudden", "critical"): _ERRORS,
            ("CrmApiErrorRateBurn", "critical"): _ERRORS,
            ("CrmDbErrorRateBurn", "critical"): _BURN,
            ("CrmSystemAvailabilityBurn", "critical"): _CHECK,
            ("CrmSyntheticCheckFailing", "medium"): _CHECK,
        },
        held=60.0,  # a quarter of an hour: what it breaks has begun by then
    ),
    Expectation(
        "forgotten-transaction",
        # The limits are 30 s and five minutes, which are not scaled.
        {("CrmDatabaseLockWait", "high"): 80, ("CrmDatabaseIdleInTransaction", "medium"): 400},
    ),
)

_QUERIES = (
    Expectation(
        "deadlocks",
        # The victims' transactions are errors, and use up the month's allowance within the hour.
        {("CrmDatabaseDeadlocks", "medium"): 60, ("CrmDbErrorRateBurn", "critical"): 240},
        {_NOW: _MISSED},
    ),
    Expectation(
        "report-on-disk",
        # Low: in the digest of the next morning. Half an hour, and the quarter that the rate is taken over.
        {("CrmDatabaseTemporaryFiles", "low"): 260},
        {("CrmHostCpuSaturated", "medium"): "the report keeps a processor busy"},
        resolved_within=260.0,
    ),
    Expectation(
        "slow-plan",
        # The mean of an hour has to have become five times that of the day before, for a quarter of an hour.
        {("CrmDatabaseStatementSlower", "low"): 320},
        resolved_within=400.0,
        remembers=True,
    ),
)

_API = (
    Expectation(
        "slow-api",
        # As for the database.
        {("CrmApiLatencyBurn", "critical"): 320, _NOW: 60},
        {("CrmApiRouteSlow", "medium"): _SLOW},
        resolved_within=300.0,
    ),
    Expectation(
        "api-errors",
        {("CrmApiErrorsSudden", "critical"): 60, ("CrmApiErrorRateBurn", "critical"): 120},
        {
            _NOW: _MISSED,
            ("CrmSyntheticCheckFailing", "medium"): _CHECK,
            ("CrmSystemAvailabilityBurn", "critical"): _CHECK,
        },
    ),
    Expectation(
        "pool-exhausted",
        {("CrmApiPoolExhausted", "high"): 100},
        {
            _NOW: _MISSED,
            ("CrmApiErrorsSudden", "critical"): _ERRORS,
            ("CrmApiErrorRateBurn", "critical"): _ERRORS,
            ("CrmApiLatencyBurn", "critical"): _BURN,
            ("CrmApiAvailabilityBurn", "critical"): _CHECK,
            ("CrmSystemAvailabilityBurn", "critical"): _CHECK,
            ("CrmSyntheticCheckFailing", "medium"): _CHECK,
            ("CrmApiSlow", "high"): _SLOW,
            ("CrmApiRouteSlow", "medium"): _SLOW,
        },
        held=120.0,  # half an hour: what it breaks has begun by then
    ),
    # The last good events are remembered for five minutes, and a quarter of an hour is the alert's own wait.
    Expectation("no-status-labels", {("CrmTargetNoData", "high"): 180}, {_NOW: _MISSED}),
    # Fifty in an hour are reached before a hundred in five minutes: which wait is over first is up to the machine.
    Expectation(
        "login-brute-force",
        {("CrmApiFailedLoginsBurst", "critical"): 60},
        {("CrmApiFailedLogins", "high"): "the milder limit is passed first, and told if the worse one is late"},
    ),
)

_OUTAGES = (
    Expectation(
        "third-party-down",
        {("CrmApiThirdPartyFailing", "high"): 80, ("CrmIntegrationErrorRateBurn", "critical"): 100},
        {_NOW: _MISSED, ("CrmSyntheticCheckFailing", "medium"): _CHECK},
    ),
    Expectation(
        "application-stopped",
        {("CrmApiDown", "critical"): 40, ("CrmApiUsersAffected", "critical"): 80},
        {("CrmSyntheticCheckFailing", "medium"): _CHECK, ("CrmHostProcessGroupGone", "medium"): _GONE},
        held=36.0,
        conversations=2,
    ),
    Expectation(
        "application-frozen",
        {("CrmApiDown", "critical"): 60, ("CrmApiUsersAffected", "critical"): 120},
        {("CrmSyntheticCheckFailing", "medium"): _CHECK},
        held=36.0,
        conversations=2,
    ),
    Expectation(
        "third-party-frozen",
        {("CrmApiThirdPartyFailing", "high"): 100},
        {
            _NOW: _MISSED,
            ("CrmIntegrationErrorRateBurn", "critical"): _BURN,
            ("CrmSyntheticCheckFailing", "medium"): _CHECK,
            ("CrmNetworkLoss", "medium"): _BACKLOG,
            ("CrmApiRouteSlow", "medium"): _SLOW,
        },
    ),
)

# Of their page loads a quarter may be bad: no tier of theirs that counts hours can fire.
_FRONTEND = (
    Expectation("script-errors", {("CrmFrontendErrorRateBurn", "critical"): 240, _NOW: 60}),
    Expectation("layout-shift", {_NOW: 60}),
    Expectation("slow-page", {_NOW: 60}),
    Expectation("long-task", {_NOW: 60}),
    Expectation(
        "page-down",
        {("CrmFrontendDown", "critical"): 60},
        {
            ("CrmFrontendAvailabilityBurn", "critical"): _BURN,
            _NOW: _MISSED,
            ("CrmSyntheticCheckFailing", "medium"): _CHECK,
            ("CrmFrontendNoBeacons", "medium"): "without a page nothing is reported",
        },
    ),
    # Days are not scaled; the alert's own wait is a quarter of an hour.
    Expectation("certificate-ending", {("CrmSyntheticCertificateSoonExpired", "high"): 100}),
    # A quarter of an hour without a beacon, and its own wait.
    Expectation("agent-lost", {("CrmFrontendNoBeacons", "medium"): 200}, resolved_within=200.0),
)

_OTHERS = (
    Expectation("cache-cold", {("CrmCacheMostlyMissing", "medium"): 160}, {_NOW: _MISSED}),
    Expectation(
        "cache-stopped",
        {("CrmCacheDown", "high"): 60},
        {
            ("CrmSyntheticCheckFailing", "medium"): _CHECK,
            ("CrmHostProcessGroupGone", "medium"): _GONE,
            ("CrmMonitoringCollectorFailing", "medium"): _NO_CONNECTION,
        },
    ),
    Expectation(
        "cache-frozen",
        {("CrmCacheDown", "high"): 50},
        {
            ("CrmSyntheticCheckFailing", "medium"): _CHECK,
            ("CrmMonitoringCollectorFailing", "medium"): _NO_CONNECTION,
            ("CrmApiLatencyBurn", "critical"): _BURN,
            ("CrmApiRouteSlow", "medium"): _SLOW,
        },
    ),
    Expectation("exporters-stopped", {("CrmMonitoringTargetDown", "high"): 60}, held=36.0),
    Expectation("exporters-frozen", {("CrmMonitoringTargetDown", "high"): 60}, held=36.0),
    # A start time is known to be no restart's once it was seen five minutes ago; the alert's own wait is as long again.
    Expectation("two-of-everything", {("CrmMonitoringSourcesMixed", "medium"): 100}),
)

# One after the other: what they do all stacks of the machine see.
_MACHINE = (
    # An hour of filling up, and then the worse of the two.
    Expectation(
        "disk-filling",
        {("CrmHostDiskFillingUp", "medium"): 300, ("CrmHostDiskNearlyFull", "high"): 420},
        alone=True,
        mounts=True,
    ),
    # Resolved only when the machine has no other work either.
    Expectation("cpu-burn", {("CrmHostCpuSaturated", "medium"): 160}, resolved_within=400.0, alone=True),
)

# What `./run test soak` plays at a time: the day whole takes too long for it.
PARTS = {
    "database": _DATABASE, "connections": _CONNECTIONS, "queries": _QUERIES, "api": _API, "outages": _OUTAGES,
    "frontend": _FRONTEND, "others": _OTHERS, "machine": _MACHINE,
}  # fmt: skip

# The part whose stacks share the machine with one where nothing happens.
QUIET_PART = "queries"

MATRIX = tuple(row for part in PARTS.values() for row in part)

# What no row can have, and why: the fault is there to be looked at.
NOT_PLAYED = {
    "heavy-bundle": "seen by checks in a browser, which the fast stack has none of",
}

# What the demo has no fault for, and why: their alerts are shown by promtool alone.
NO_FAULT = {
    "pool-waiting": (
        "the demo has no PgBouncer; its application's own pool is played by pool-exhausted, a client that waits "
        "for a second in a real PgBouncer by tests/integration/database/test_pgbouncer_console.py"
    ),
}
