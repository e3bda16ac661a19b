"""`python -m demo.faults.names` prints the names of all faults, for `./run up`.

Apart from the registry, whose faults load the clients of PostgreSQL and Redis: 0.05 s of CPU at each start instead
of 0.7.
"""

from __future__ import annotations

NAMES = (
    "slow-database",
    "database-stopped",
    "database-frozen",
    "lock-pile-up",
    "forgotten-transaction",
    "connections-used-up",
    "deadlocks",
    "report-on-disk",
    "replica-gone",
    "bad-migration",
    "slow-plan",
    "database-log-lost",
    "cache-stopped",
    "cache-frozen",
    "cache-cold",
    "application-stopped",
    "application-frozen",
    "api-errors",
    "slow-api",
    "pool-exhausted",
    "no-status-labels",
    "third-party-down",
    "third-party-frozen",
    "login-brute-force",
    "script-errors",
    "layout-shift",
    "slow-page",
    "long-task",
    "heavy-bundle",
    "page-down",
    "certificate-ending",
    "agent-lost",
    "exporters-stopped",
    "exporters-frozen",
    "two-of-everything",
    "disk-filling",
    "cpu-burn",
)

if __name__ == "__main__":
    print("\n".join(NAMES))
