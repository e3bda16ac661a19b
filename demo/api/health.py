"""GET /healthz: status healthy, degraded or unhealthy; each check pass, warn or fail with the time it took."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import psutil

from demo.api.database import Statement
from demo.api.errors import UnavailableError
from demo.api.request import Services

_PING = Statement("SELECT", "none", "SELECT 1 AS one")
# The demo needs about 80 MB; five times that is a leak.
_MEMORY_BYTES = 400_000_000


def health(services: Services) -> tuple[int, dict[str, Any]]:
    """HTTP status and body, within about a second whatever the servers behind it do."""
    checks = {
        "database": _timed(lambda: _database(services)),
        "auth_service": _timed(lambda: _auth_service(services)),
        "memory": _timed(_memory),
    }
    results = {check["status"] for check in checks.values()}
    status = "unhealthy" if "fail" in results else "degraded" if "warn" in results else "healthy"
    return (503 if status == "unhealthy" else 200), {"status": status, "checks": checks}


def _database(services: Services) -> str:
    try:
        with services.database.conversation(seconds=0.5, wait_seconds=0.5) as conversation:
            conversation.rows(_PING, {})
    except UnavailableError:
        return "fail"
    return "pass"


def _auth_service(services: Services) -> str:
    """Sessions live in Redis; without it tokens are trusted by their signature alone."""
    return "pass" if services.cache.ping() else "warn"


def _memory() -> str:
    return "pass" if psutil.Process().memory_info().rss < _MEMORY_BYTES else "warn"


def _timed(check: Callable[[], str]) -> dict[str, Any]:
    started = time.perf_counter()
    result = check()
    return {"status": result, "duration_seconds": round(time.perf_counter() - started, 6)}
