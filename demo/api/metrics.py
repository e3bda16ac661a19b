"""The API's own metrics, under OpenTelemetry's names as Prometheus spells them."""

from __future__ import annotations

from collections.abc import Sequence

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    GCCollector,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
)

# OpenTelemetry's advised bucket edges: https://opentelemetry.io/docs/specs/semconv/http/http-metrics/ and …/database/.
HTTP_EDGES = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10)
# The database's advised edges, with 0.025 and 0.25 added: a target of 0.1 s needs edges near it to be seen coming.
DATABASE_EDGES = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5, 10)
# What keys of the cache begin with; the label of their lookups, as in `samples.prefixes` of settings.yaml.
CACHE_PREFIXES = ("GET:", "session:", "permissions:", "preferences:")
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS")


class Metrics:
    """One registry per process; label values come from tables in the code, never from a request."""

    def __init__(self) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call] # the library leaves it untyped
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        GCCollector(registry=self.registry)
        self.requests = Histogram(
            "http_server_request_duration_seconds",
            "Time to answer a request, measured in the application.",
            ("http_request_method", "http_route", "http_response_status_code"),
            buckets=HTTP_EDGES,
            registry=self.registry,
        )
        self.active = Gauge("http_server_active_requests", "Requests being answered now.", registry=self.registry)
        self.statements = Histogram(
            "db_client_operation_duration_seconds",
            "Time a database statement took, seen from the application.",
            ("db_system_name", "db_operation_name", "db_collection_name"),
            buckets=DATABASE_EDGES,
            registry=self.registry,
        )
        self.partner_calls = Histogram(
            "http_client_request_duration_seconds",
            "Time a call to a third party took; error_type is empty when it succeeded.",
            ("service_peer_name", "http_request_method", "http_response_status_code", "error_type"),
            buckets=HTTP_EDGES,
            registry=self.registry,
        )
        self.connections = Gauge(
            "db_client_connection_count",
            "Connections of the application's pool by state.",
            ("db_client_connection_state",),
            registry=self.registry,
        )
        self.cache = Counter(
            "crm_app_cache_requests",
            "Look-ups by the prefix of their key and result; off: the cache was not asked because it is away.",
            ("prefix", "result"),
            registry=self.registry,
        )
        for prefix in CACHE_PREFIXES:
            for result in ("hit", "miss", "off"):
                self.cache.labels(prefix, result)
        self._replayed = Gauge(
            "demo_replayed_beacons_info",
            "The beacons that the demo's traffic sends were recorded: with which browser, and on which day.",
            ("browser", "recorded"),
            registry=self.registry,
        )
        self._says_statuses = True

    def beacons_are_replayed(self, browser: str, day: str) -> None:
        """Say that the traffic replays what was recorded with this browser on this day."""
        self._replayed.labels(browser, day).set(1)

    def say_statuses(self, says: bool) -> None:  # noqa: FBT001 - it is about nothing else
        """Whether requests have a status from now on; a change starts again from nothing, as a deployment would."""
        if says != self._says_statuses:
            self._says_statuses = says
            self.requests.clear()

    def looked_up(self, keys: Sequence[str], values: Sequence[bytes | None] | None) -> None:
        """Count lookups of keys, each of which begins with one of `CACHE_PREFIXES`; no values: the cache is away."""
        for key, value in zip(keys, values or [None] * len(keys), strict=True):
            result = "off" if values is None else "miss" if value is None else "hit"
            self.cache.labels(key.partition(":")[0] + ":", result).inc()

    def known_route(self, method: str, route: str, statuses: tuple[int, ...]) -> None:
        """Create the series of a route, so that its first error is an increase from 0 and not a new series."""
        for status in statuses:
            self.requests.labels(method, route, str(status))
