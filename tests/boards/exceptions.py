"""Queries that return nothing on a healthy demo, each with its reason; the panel says it too, as its text for no data.

Named as `board: panel: query`; a panel without a query's letter means all of its queries.
"""

from __future__ import annotations

from tests.boards.live import Question

# Empty on every healthy demo: one that returns data is no exception any more.
ALWAYS = {
    "crm-capacity: Proven throughput (lab)": "needs a capacity run",
    "crm-capacity: Servers needed at peak: B": "needs a capacity run",
    "crm-capacity: Servers needed now and in 15 minutes, and running: A": "needs a capacity run",
    "crm-capacity: Servers needed now and in 15 minutes, and running: B": "needs five weeks of history",
    "crm-capacity: API promise broken in": "needs a capacity run, and five weeks of history",
    "crm-capacity: Time until full: B": "needs four weeks of history",
    "crm-capacity: Time until full: C": "needs four weeks of history",
    "crm-capacity: Time until full: D": "needs two days of history",
    "crm-overview: Time until full: B": "needs four weeks of history",
    "crm-overview: Time until full: C": "needs four weeks of history",
    "crm-overview: Time until full: D": "needs two days of history",
    "crm-capacity: Disk space left, now and in 7 days: B": "the demo has not run for half a day",
    "crm-capacity: Disk space left, now and in 7 days: C": "the demo has not run for three hours",
    "crm-capacity: Database size, now and in 30 days: B": "the demo has not run for half a day",
    "crm-capacity: Database size, now and in 30 days: C": "the demo has not run for half a week",
    "crm-capacity: Growth by table: D": "needs four weeks of history",
    "crm-capacity: Growth by table: E": "needs four weeks of history",
    "crm-capacity: Growth by table: F": "needs four weeks of history",
    "crm-targets: Good events by period: D": "the demo has not run for a week",
    "crm-api: Routes, slowest first (traffic): F": "the demo has not run for a week",
    "crm-business: Activity, slowest first (traffic): B": "the demo has not run for a day",
    "crm-business: Activity, slowest first (traffic): C": "the demo has not run for a week",
    "crm-api: Connection pool: B": "the demo's CRM does not export the limit of its pool",
    "crm-api: Connection pool: C": "the demo's CRM does not export who waits for its pool",
    "crm-business: All activity vs. last week: B": "the demo has not run for a week",
    "crm-business: Usage in slow hours": "the demo has not run for a week",
    **dict.fromkeys(
        (
            f"{panel}: {query}"
            for panel in (
                "crm-api: Requests vs. usual (traffic)",
                "crm-business: Interactions vs. usual (field)",
                "crm-cache: Clients vs. usual",
                "crm-database: Connections vs. usual",
            )
            for query in "BCD"
        ),
        "needs five weeks of history",
    ),
    "crm-synthetic: Pages opened in a browser (lab): B": "no check of the demo has offline_reload",
    "crm-synthetic: Pages opened in a browser (lab): D": "no check of the demo has unused_code",
    "crm-synthetic: Pages opened in a browser (lab): E": "no check of the demo has unused_code",
    "crm-cache: Replica lag (seen by primary)": "the demo's cache has no replica",
    **dict.fromkeys(
        (
            "crm-database: PgBouncer up",
            "crm-database: Connections to the server",
            "crm-database: Longest wait for a connection",
            "crm-database: Waiting clients",
            "crm-database: Pool use",
            "crm-database: Wait per transaction",
            "crm-database: Clients vs. limit",
        ),
        "the demo has no PgBouncer",
    ),
    "crm-database: Waits by event (pg_wait_sampling)": "the demo's PostgreSQL does not have the extension",
    "crm-database: WAL left to replay (seen by primary)": "the demo's database has no replica",
    "crm-database: WAL retained by slots": "the demo's database has no replication slot",
    "crm-database: Limits that stop writes: C": "no sequence of the demo has given out a number",
    "crm-database: Statement latency (estimate): C": "the demo has no pg_stat_monitor",
    "crm-overview: Query time, p95 (traffic or estimate): C": "the demo has no pg_stat_monitor",
    "crm-synthetic: Domains, next to expire first": "the demo has no domain, and asks nobody on the internet",
    "crm-frontend: Certificate expires in": "no check of the target frontend-availability uses TLS in the demo",
}

# Empty unless something happened, or by the machine it runs on.
SOMETIMES = {
    "crm-database: Findings": "needs a finding",
    "crm-database: Data read and written": "needs PostgreSQL 16",
    "crm-targets: All targets: F": "needs half an hour of this month",
    "crm-overview: Deployments a week": "needs a marked deployment",
    "crm-overview: Change-failure share": "needs a marked deployment",
    "crm-overview: Time to restore": "needs an incident that has ended",
    "crm-monitoring: Firing alerts": "needs an alert",
    "crm-monitoring: Collectors: C": "needs a collector that fails",
    "crm-monitoring: Notifications by channel": "needs an alert",
    "crm-overview: Firing alerts": "needs an alert",
    "crm-overview: Query time, p95 (traffic or estimate): B": "only while the application has no times of its own",
    "crm-targets: Promises kept by month": "needs a full day (UTC)",
    "crm-targets: Months of all targets": "needs a full day (UTC)",
    "crm-slo: Months of the target": "needs a full day (UTC)",
    "crm-slo: Budget exhausted in": "needs bad events",
    "crm-slo: Alerts": "needs an alert of the target",
    "crm-slo: Top sources of bad events": "needs bad events",
    "crm-api: Firing alerts": "needs an alert",
    "crm-api: Responses by status class": "there is a series only for classes that were answered",
    "crm-api: Failed calls by reason": "needs a call to a third party that fails",
    "crm-business: Firing alerts": "needs an alert",
    "crm-cache: Scrape errors": "needs a collector that fails",
    "crm-cache: Slow commands by kind": "needs a slow command",
    "crm-cache: Time in slow commands": "needs a slow command",
    "crm-cache: Firing alerts": "needs an alert",
    "crm-database: Scrape errors": "needs a collector that fails",
    "crm-database: Firing alerts": "needs an alert",
    "crm-database: Failed statements by class (log)": "needs a statement that fails",
    "crm-database: Sessions ended by an error (log)": "needs a session that ends by an error",
    "crm-database: Rare errors that need action: B": "only where the database has checksums",
    "crm-database: Checkpoint duration": "needs a checkpoint in the time shown",
    "crm-database: Running vacuums": "needs a vacuum at this moment",
    "crm-frontend: Firing alerts": "needs an alert",
    "crm-frontend: Failures by class": "needs a check that fails",
    "crm-frontend: Beacons dropped by reason (field)": "needs a beacon that is dropped",
    "crm-infrastructure: Firing alerts": "needs an alert",
    "crm-infrastructure: Disks: space and time until full: D": "needs a disk that fills up",
    "crm-infrastructure: Container CPU": "only in a control group with limits",
    "crm-infrastructure: Throttled periods": "only in a control group with limits",
    "crm-infrastructure: Container memory": "only in a control group with limits",
    "crm-infrastructure: OOM kills in the container": "only in a control group with limits",
    "crm-infrastructure: Container processes": "only in a control group with limits",
    "crm-synthetic: Firing alerts": "needs an alert",
    "crm-synthetic: Failures by class, newest first": "needs a check that fails",
    "crm-synthetic: Last failures of pages, newest first": "needs a page that fails",
    "crm-synthetic: Failed runs": "needs a check that fails",
    "crm-synthetic: Time by phase and check (last five minutes): C": "only phases that a check has",
    "crm-synthetic: Skipped runs": "needs a check that takes longer than its interval",
}


def names_of(question: Question) -> tuple[str, str]:
    """Return the names a query goes by here: its own, and its panel's."""
    return question.name, question.name.rpartition(": ")[0]


def known_empty(question: Question) -> bool:
    """Return whether a query may be without data on a healthy demo."""
    return any(name in ALWAYS or name in SOMETIMES for name in names_of(question))
