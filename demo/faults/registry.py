"""All faults."""

from __future__ import annotations

from demo.environment import Environment
from demo.faults import (
    bad_migration,
    cache_cold,
    connections_used_up,
    cpu_burn,
    database_log_lost,
    deadlocks,
    disk_filling,
    forgotten_transaction,
    lock_pile_up,
    login_brute_force,
    replica_gone,
    report_on_disk,
    slow_database,
    slow_plan,
    two_of_everything,
)
from demo.faults.fault import Fault, Tick, nothing, nothing_to_undo
from demo.faults.frozen import frozen, frozen_program
from demo.faults.programs_stopped import stopped


def _by_flag(_environment: Environment) -> Tick:
    """The API and the traffic themselves check the flags of their faults."""
    return nothing


_ALL = (
    Fault(
        "slow-database",
        "every statement of the application takes 150 to 400 ms longer in the server",
        "database: statement time; API: latency",
        slow_database.enter,
        slow_database.undo,
    ),
    stopped(
        "database-stopped",
        "postgres",
        "the PostgreSQL server is stopped",
        "database: down (refused); API: 503",
    ),
    frozen(
        "database-frozen",
        "postgres",
        "postgres/postmaster.pid",
        "all processes of the PostgreSQL server are stopped by SIGSTOP: it accepts and never answers",
        "database: down (timeout); API: 503 after a wait",
    ),
    Fault(
        "lock-pile-up",
        "one session holds ACCESS EXCLUSIVE on interactions, the others queue",
        "database: lock waits, long transaction; API: 503 on some routes",
        lock_pile_up.enter,
        lock_pile_up.undo,
    ),
    Fault(
        "forgotten-transaction",
        "one session holds a lock in a transaction that it leaves open, another waits for it",
        "database: longest wait for a lock, sessions idle in transaction",
        forgotten_transaction.enter,
        forgotten_transaction.undo,
    ),
    Fault(
        "connections-used-up",
        "the application's role opens sessions until the server refuses",
        "database: connections at their limit; exhausted for whoever opens a new one",
        connections_used_up.enter,
        connections_used_up.undo,
    ),
    Fault(
        "deadlocks",
        "two sessions take two locks in opposite order, every two seconds",
        "database: deadlocks, rollbacks",
        deadlocks.enter,
        deadlocks.undo,
    ),
    Fault(
        "report-on-disk",
        "a report spills 67 MiB to disk, again and again",
        "database: temporary files",
        report_on_disk.enter,
        nothing_to_undo,
        every_seconds=0.5,
    ),
    Fault(
        "replica-gone",
        "the slot of a replica that is gone makes the server keep all WAL; max_wal_size is 32MB meanwhile",
        "database: inactive slot retains WAL",
        replica_gone.enter,
        replica_gone.undo,
        every_seconds=1.0,
    ),
    Fault(
        "bad-migration",
        "the table of the opportunities has another name than the application asks for",
        "API: 500 on some routes; database: rollbacks",
        bad_migration.enter,
        bad_migration.undo,
    ),
    Fault(
        "slow-plan",
        "a migration dropped the index that the interactions of an organization are found by",
        "database: mean time of one statement, sequential scans",
        slow_plan.enter,
        slow_plan.undo,
    ),
    Fault(
        "database-log-lost",
        "the folder of PostgreSQL's log has another name than the exporter reads",
        "database log: missing; errors by SQLSTATE: none",
        database_log_lost.enter,
        database_log_lost.undo,
        in_containers="docker compose exec postgres chmod 700 /var/log/postgresql, and with 755 to end it",
    ),
    stopped(
        "cache-stopped",
        "redis",
        "the Redis server is stopped",
        "cache: down; API: slower, database busier",
    ),
    frozen(
        "cache-frozen",
        "redis",
        "redis/redis.pid",
        "the Redis server is stopped by SIGSTOP: it accepts and never answers",
        "cache: down (timeout); API: slower, for it waits",
    ),
    Fault(
        "cache-cold",
        "Redis is emptied every second",
        "cache: hit ratio; database: busier",
        cache_cold.enter,
        nothing_to_undo,
        every_seconds=1.0,
    ),
    stopped(
        "application-stopped",
        "demo-api",
        "the application is stopped",
        "API: down; every check of it fails",
    ),
    frozen_program(
        "application-frozen",
        "demo-api",
        "the application is stopped by SIGSTOP: it accepts and never answers",
        "API: down (timeout); every check of it fails",
    ),
    Fault("api-errors", "one API answer in five is a 500", "API: error rate", _by_flag, nothing_to_undo),
    Fault("slow-api", "every API answer takes 0.8 s longer, in the API", "API: latency", _by_flag, nothing_to_undo),
    Fault(
        "pool-exhausted",
        "the application keeps each database connection it takes",
        "API: pool without an idle connection; 503 after a wait",
        _by_flag,
        nothing_to_undo,
    ),
    Fault(
        "no-status-labels",
        "the metrics of the requests lose the label with the status",
        "API: error rate unknown",
        _by_flag,
        nothing_to_undo,
    ),
    stopped(
        "third-party-down",
        "demo-third-party",
        "the e-mail and geocoding services do not answer",
        "API: errors of calls to third parties; integrations",
    ),
    frozen_program(
        "third-party-frozen",
        "demo-third-party",
        "the e-mail and geocoding services accept and never answer",
        "API: timeouts of calls to third parties; integrations",
    ),
    Fault(
        "login-brute-force",
        "five failing log-ins a second",
        "API: 401 on the log-in route; security",
        login_brute_force.enter,
        nothing_to_undo,
        every_seconds=0.2,
    ),
    Fault(
        "script-errors",
        "a script of the page fails at every click",
        "front end: error rate",
        _by_flag,
        nothing_to_undo,
    ),
    Fault(
        "layout-shift",
        "the page jumps while it loads",
        "front end: layout shift",
        _by_flag,
        nothing_to_undo,
    ),
    Fault(
        "slow-page",
        "the main content of a page load comes six seconds later",
        "front end: largest contentful paint",
        _by_flag,
        nothing_to_undo,
    ),
    Fault(
        "long-task",
        "a script keeps the page busy for a second while it loads",
        "front end: first input delay, blocking time",
        _by_flag,
        nothing_to_undo,
    ),
    Fault(
        "heavy-bundle",
        "a deployment added 400 kB of script to the page",
        "front end: weight of the page",
        _by_flag,
        nothing_to_undo,
    ),
    Fault(
        "page-down",
        "the page is answered with 503, the API works",
        "front end: availability",
        _by_flag,
        nothing_to_undo,
    ),
    Fault(
        "certificate-ending",
        "the CRM's address with TLS has a certificate that is valid for five more days",
        "checks: days until a certificate expires",
        _by_flag,
        nothing_to_undo,
    ),
    Fault(
        "agent-lost",
        "a deployment lost the agent of the pages: no browser reports anything",
        "front end: no beacons",
        _by_flag,
        nothing_to_undo,
    ),
    stopped("exporters-stopped", "exporters", "the exporters are stopped", "monitoring: targets down (refused)"),
    frozen_program(
        "exporters-frozen",
        "exporters",
        "the exporters are stopped by SIGSTOP: they accept and never answer",
        "monitoring: targets down (timeout)",
    ),
    Fault(
        "two-of-everything",
        "a second process is scraped under the name of the application",
        "monitoring: two processes stored as one",
        two_of_everything.enter,
        two_of_everything.undo,
        in_containers="./run fault on two-of-everything beside ./run up: in containers Prometheus has files of its own",
    ),
    Fault(
        "disk-filling",
        "a small file system fills up within six minutes (only for a user who may mount one)",
        "infrastructure: disk space",
        disk_filling.enter,
        disk_filling.undo,
        in_containers="./run fault on disk-filling beside ./run up: a container may not mount",
    ),
    Fault("cpu-burn", "every core is busy at nice 10", "infrastructure: CPU", cpu_burn.enter, nothing_to_undo),
)

FAULTS = {fault.name: fault for fault in _ALL}
