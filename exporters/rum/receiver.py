"""Decides about one request: cheap reasons to drop it first, its body only for those that remain."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from operator import attrgetter

from exporters.core.cardinality import OTHER
from exporters.rum import labels
from exporters.rum.beacon import (
    ACTIONS,
    MOST_BLOCKING_SECONDS,
    MOST_BYTES,
    MOST_FILE_BYTES,
    Beacon,
    Blocking,
    RefusedError,
    Resources,
    acted,
    measured,
    read_beacon,
)
from exporters.rum.labels import Routes, Visitors
from exporters.rum.limits import NOBODY, Bucket, ClientLimits, Networks, Peer, RecentBatches
from exporters.rum.metrics import PAGE_ERRORS, PARTIES, REASONS, SCRIPT_ERRORS, SOURCE, Metrics
from exporters.rum.origins import Origins
from exporters.rum.settings import RumSettings

PATH = b"/rum"
# A claim of a smaller share counts as this one: a single beacon stands for no more than a thousand.
_LEAST_SAMPLE = 0.001
_OPTIONS, _OTHER_METHOD = ("OPTIONS",), (OTHER,)
_METHODS = {b"POST": ("POST",), b"OPTIONS": _OPTIONS}
_FIELD = (SOURCE,)
_errors_of = attrgetter(*SCRIPT_ERRORS.values(), *PAGE_ERRORS.values())

# The only headers that are read; all others count for the size of the head alone.
HEADERS = frozenset(
    {b"host", b"origin", b"sec-fetch-site", b"x-forwarded-proto", b"x-forwarded-for", b"content-length",
     b"content-encoding", b"expect", b"user-agent"}
)  # fmt: skip


@dataclass(slots=True)
class Head:
    """What the receiver reads of a request before its body: of the headers HEADERS, by their names in small letters."""

    method: bytes = b""
    path: bytes = b""
    peer: Peer = NOBODY
    headers: dict[bytes, bytes] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Answer:
    """The status, and the origin whose pages may read it, if it is not the receiver's own."""

    status: int
    origin: bytes = b""
    preflight: bool = False


ACCEPTED = Answer(204)


class Receiver:
    """Takes the heads and bodies of requests, and counts what they report or why they were dropped."""

    def __init__(self, settings: RumSettings, metrics: Metrics, clock: Callable[[], float] = time.monotonic) -> None:
        """Take the settings; `clock` gives seconds."""
        self._metrics = metrics
        self._clock = clock
        self._origins = Origins(settings.origins)
        self._networks = Networks(settings.trusted_proxies)
        self._clients = ClientLimits(settings.client_rate)
        self._total = Bucket(settings.total_rate, clock())
        self._batches = RecentBatches()
        self._routes = Routes(settings.routes)
        self._actions = frozenset(settings.actions)
        self._visitors = Visitors(settings.own_user_agents)
        # What every beacon adds to, looked up once.
        self._requests = metrics.counter("pantrywatch_rum_requests_total")
        self._accepted = metrics.counter("pantrywatch_rum_accepted_total")
        self._beacons = metrics.counter("browser_beacons_total")
        self._estimated = metrics.counter("browser_beacons_estimated_total")
        self._interactions = metrics.counter("browser_interactions_total")

    def on_head(self, head: Head) -> Answer | None:
        """Return the answer to a request that needs no body, or None where the body is to be read."""
        method = _METHODS.get(head.method, _OTHER_METHOD)
        self._requests[method] += 1
        if (head.path != PATH and head.path.split(b"?", 1)[0] != PATH) or method is _OTHER_METHOD:
            return self.drop("path")
        if not self._origins.may_send(head.headers, proxied=head.peer.is_trusted):
            return self.drop("origin")
        if method is _OPTIONS:
            return Answer(204, self._origins.other(head.headers), preflight=True)
        if reason := self._too_much(head):
            return self.drop(reason, self._origins.other(head.headers))
        return None

    def on_body(self, head: Head, body: bytes) -> Answer:
        """Count a beacon, or why it was dropped."""
        origin = self._origins.other(head.headers)
        try:
            beacon = read_beacon(body, head.headers.get(b"content-encoding", b""))
        except RefusedError as refused:
            return self.drop(str(refused), origin)
        if not self._batches.is_new(beacon.id):
            return self.drop("duplicate", origin)
        visitor, browser = self._visitors.of(head.headers.get(b"user-agent", b""), webdriver=beacon.webdriver)
        self._accepted[visitor,] += 1
        if visitor == "user":
            self._count(beacon, browser)
        return Answer(204, origin) if origin else ACCEPTED

    def peer(self, address: str) -> Peer:
        """Return what is to be known of the other end of a connection."""
        return self._networks.peer(address)

    def drop(self, reason: str, origin: bytes = b"") -> Answer:
        """Count a drop, and return its answer."""
        self._metrics.increment("pantrywatch_rum_dropped_total", reason)
        return Answer(REASONS[reason], origin)

    def _count(self, beacon: Beacon, browser: str) -> None:
        values, left_out = measured(beacon)
        if beacon.actions:
            left_out += self._count_actions(beacon, values)
        for reason in left_out:
            self._metrics.increment("pantrywatch_rum_values_dropped_total", reason)
        self._count_events(beacon, browser)
        own = (
            beacon.navigation,
            self._routes.fold(beacon.route),
            labels.device(beacon.device),
            labels.connection(beacon.connection),
        )
        self._metrics.observe(own, values)

    def _count_actions(self, beacon: Beacon, values: list[tuple[str, float]]) -> list[str]:
        """Add the documented actions to the values, count all others, and return why some are left out."""
        found, left_out = acted(beacon)
        for name, seconds in found:
            if histogram := ACTIONS.get(name):
                values.append((histogram, seconds))
            else:
                self._metrics.observe_action(name if name in self._actions else OTHER, seconds)
        return left_out

    def _count_events(self, beacon: Beacon, browser: str) -> None:
        self._beacons[browser,] += 1
        self._estimated[_FIELD] += 1 / max(beacon.sample, _LEAST_SAMPLE)
        self._interactions[_FIELD] += beacon.interactions
        if beacon.failed_requests:
            self._metrics.increment("browser_failed_requests_total", SOURCE, by=beacon.failed_requests)
        if any(_errors_of(beacon)):
            self._count_errors(beacon)
        if beacon.blocking:
            self._count_blocking(beacon.blocking)
        if beacon.resources and beacon.navigation == "hard":
            self._count_resources(beacon.resources)

    def _count_errors(self, beacon: Beacon) -> None:
        errors = self._count_fields("browser_script_errors_total", SCRIPT_ERRORS, beacon)
        self._count_fields("browser_page_errors_total", PAGE_ERRORS, beacon)
        if errors and beacon.interactions:
            by = min(errors, beacon.interactions)
            self._metrics.increment("browser_interaction_errors_total", SOURCE, by=by)

    def _count_blocking(self, blocking: Blocking) -> None:
        for party in PARTIES:
            seconds = min(getattr(blocking, party) / 1000, MOST_BLOCKING_SECONDS)
            self._metrics.increment("browser_blocking_seconds_total", SOURCE, party, by=seconds)

    def _count_fields(self, name: str, kinds: Mapping[str, str], beacon: Beacon) -> int:
        """Count what each kind's field of a beacon holds, and return the sum."""
        found = [(kind, number) for kind, field_name in kinds.items() if (number := getattr(beacon, field_name))]
        for kind, number in found:
            self._metrics.increment(name, kind, by=number)
        return sum(number for _, number in found)

    def _count_resources(self, resources: tuple[Resources, ...]) -> None:
        increment = self._metrics.increment
        increment("browser_weighed_page_loads_total", SOURCE)
        for one in resources:
            increment("browser_resource_bytes_total", one.kind, "network", by=min(one.network_bytes, MOST_FILE_BYTES))
            increment("browser_resource_bytes_total", one.kind, "cache", by=min(one.cache_bytes, MOST_FILE_BYTES))
            for origin, number in (("network", one.network), ("cache", one.cache), ("unknown", one.unknown)):
                increment("browser_resources_total", one.kind, origin, by=number)

    def _too_much(self, head: Head) -> str | None:
        length = head.headers.get(b"content-length", b"0").strip()
        if not length.isdigit():
            return "http"
        if len(length) > 9 or int(length) > MOST_BYTES:
            return "size"
        now = self._clock()
        network = self._networks.of(head.peer, head.headers.get(b"x-forwarded-for", b""))
        if network is None:
            self._metrics.increment("pantrywatch_rum_clients_unknown_total", SOURCE)
        elif not self._clients.take(network, now):
            return "client_rate"
        return None if self._total.take(now) else "total_rate"
