"""How each fault of the demo shows in the metrics: its name → a condition on a running stack."""

from __future__ import annotations

import time
from collections.abc import Callable

from tests.e2e import stack as stacks
from tests.support.exporter import Page


def _total(page: Page, name: str, **labels: str) -> float:
    return sum(value for found, value in page.samples(name) if labels.items() <= found.items())


def _api_total(page: Page, name: str) -> float:
    return sum(value for found, value in page.samples(name) if found["http_route"].startswith("/api/"))


def _grows(read: Callable[[], float], by: float = 0.0) -> Callable[[], bool]:
    """Return a condition that holds once the value has grown by more than `by` since now."""
    start = read()
    return lambda: read() > start + by


def _mean_grows_above(seconds: Callable[[], float], count: Callable[[], float], limit: float) -> Callable[[], bool]:
    """Return a condition that holds once the mean of what came since now lies above the limit (seconds)."""
    seconds_before, count_before = seconds(), count()

    def condition() -> bool:
        new = count() - count_before
        return new >= 5 and (seconds() - seconds_before) / new > limit

    return condition


def _probe_fails(stack: stacks.Stack, check: str) -> Callable[[], bool]:
    return lambda: stack.scrape("synthetic").value("probe_success", check=check) == 0


def _certificate_ends_within(stack: stacks.Stack, seconds: float) -> bool:
    ends = stack.scrape("synthetic").value("probe_ssl_earliest_cert_expiry", check="page-certificate")
    return ends is not None and ends - time.time() < seconds


def _database_fails(stack: stacks.Stack, error_class: str) -> Callable[[], bool]:
    def condition() -> bool:
        page = stack.scrape("database")
        return page.value("pg_up") == 0 and error_class in page.error_classes().values()

    return condition


def _connections_left(page: Page) -> float:
    limit, used = (page.value(f"pantrywatch_database_connections_{name}") for name in ("limit", "used"))
    assert limit is not None
    assert used is not None
    return limit - used


SEEN: dict[str, Callable[[stacks.Stack], Callable[[], bool]]] = {
    "slow-database": lambda stack: _mean_grows_above(
        lambda: _total(stack.crm(), "db_client_operation_duration_seconds_sum"),
        lambda: _total(stack.crm(), "db_client_operation_duration_seconds_count"),
        0.05,
    ),
    "database-stopped": lambda stack: _database_fails(stack, "refused"),
    "database-frozen": lambda stack: _database_fails(stack, "timeout"),
    "lock-pile-up": lambda stack: (
        lambda: (stack.scrape("database").value("pantrywatch_database_lock_waiters") or 0) > 0
    ),
    "connections-used-up": lambda stack: lambda: _connections_left(stack.scrape("database")) <= 3,
    "cache-stopped": lambda stack: lambda: stack.scrape("cache").value("redis_up") == 0,
    "cache-frozen": lambda stack: lambda: "timeout" in stack.scrape("cache").error_classes().values(),
    "application-stopped": lambda stack: _probe_fails(stack, "api-health"),
    "cache-cold": lambda stack: _grows(lambda: _total(stack.scrape("cache"), "redis_keyspace_misses_total"), 20),
    "api-errors": lambda stack: _grows(
        lambda: _total(stack.crm(), "http_server_request_duration_seconds_count", http_response_status_code="500"), 3
    ),
    "slow-api": lambda stack: _mean_grows_above(
        lambda: _api_total(stack.crm(), "http_server_request_duration_seconds_sum"),
        lambda: _api_total(stack.crm(), "http_server_request_duration_seconds_count"),
        0.5,
    ),
    "third-party-down": lambda stack: _probe_fails(stack, "third-party-email"),
    "login-brute-force": lambda stack: _grows(
        lambda: _total(stack.crm(), "http_server_request_duration_seconds_count", http_response_status_code="401"), 5
    ),
    "certificate-ending": lambda stack: lambda: _certificate_ends_within(stack, 7 * 86400),
    "database-log-lost": lambda stack: (
        lambda: stack.scrape("database_log").value("pantrywatch_database_log_file_up") == 0
    ),
    "cpu-burn": lambda stack: _grows(lambda: _total(stack.scrape("host"), "node_cpu_seconds_total", mode="nice"), 2.0),
}
