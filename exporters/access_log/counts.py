"""What requests add up to, with a bounded number of series, and its form in the state file."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable
from http import HTTPStatus

import msgspec

from exporters.access_log.requests import Request
from exporters.access_log.routes import Routes
from exporters.core.cardinality import OTHER

# In seconds and bytes. The first are those of targets.yaml, `histograms`.
EDGES = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0)
SIZE_EDGES = (1e3, 1e4, 1e5, 1e6, 1e7)
OTHER_METHOD = "_OTHER"  # OpenTelemetry's
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE", "CONNECT", "QUERY", OTHER_METHOD)
# Besides the registered ones: nginx (444, 494 to 499), AWS' and Cloudflare's proxies.
_STATUSES = {str(one.value) for one in HTTPStatus} | {
    "444", "460", "463", "464", "494", "495", "496", "497", "498", "499", "520", "521", "522", "523", "524", "525",
    "526", "527", "530", "561",
}  # fmt: skip
# Paths that are answered so may be guesses: none gets a route of its own by them.
_NOT_FOUND = {"", "400", "404", "405", "410", "414", "444", "494"}
_MOST_KNOWN = 8192  # targets whose route is remembered


class Timed(msgspec.Struct):
    """Requests of one route, method and status: counts by the first edge at or above, and the sum of seconds."""

    route: str
    method: str
    status: str
    counts: list[int]
    seconds: float = 0.0
    untimed: int = 0  # requests whose time is not known


class Exchange(msgspec.Struct):
    """Requests of one route and method: sizes of responses, and times of the server behind."""

    route: str
    method: str
    sizes: list[int]
    upstream: list[int]
    size_bytes: int = 0
    upstream_seconds: float = 0.0


class Requests(msgspec.Struct):
    """Everything counted from requests."""

    timed: list[Timed] = []
    exchanges: list[Exchange] = []

    def copy(self) -> Requests:
        """Return it as it is now; the lists inside are copied as well."""
        timed = [Timed(t.route, t.method, t.status, t.counts[:], t.seconds, t.untimed) for t in self.timed]
        exchanges = [
            Exchange(e.route, e.method, e.sizes[:], e.upstream[:], e.size_bytes, e.upstream_seconds)
            for e in self.exchanges
        ]
        return Requests(timed, exchanges)

    def fits(self) -> bool:
        """Return whether the histograms have the edges of this version."""
        of_timed = {len(one.counts) for one in self.timed}
        of_exchanges = {(len(one.sizes), len(one.upstream)) for one in self.exchanges}
        return of_timed <= {len(EDGES) + 1} and of_exchanges <= {(len(SIZE_EDGES) + 1, len(EDGES) + 1)}


_Child = tuple[Timed, Exchange]


class Counts:
    """Counts requests; used by one thread."""

    def __init__(self, routes: Routes, most_label_sets: int, so_far: Requests | None = None) -> None:
        """Continue what was counted `so_far`; `most_label_sets` bounds route, method and status together."""
        self.requests = so_far or Requests()
        self._routes = routes
        self._most = most_label_sets
        self._timed = {(one.route, one.method, one.status): one for one in self.requests.timed}
        self._exchanges = {(one.route, one.method): one for one in self.requests.exchanges}
        self._known: dict[tuple[object, object, object], _Child] = {}
        routes.admit(one.route for one in self.requests.timed)

    def add(self, requests: Iterable[Request]) -> None:
        """Count requests. This loop and those of the parsers are where the time goes."""
        known, child_of = self._known.get, self._child
        for method, target, status, size, seconds, behind in requests:
            key = (method, target, status)
            timed, exchange = known(key) or child_of(key)
            if seconds is None:
                timed.untimed += 1
            else:
                timed.counts[bisect_left(EDGES, seconds)] += 1
                timed.seconds += seconds
            if size >= 0:
                exchange.sizes[bisect_left(SIZE_EDGES, size)] += 1
                exchange.size_bytes += size
            if behind is not None:
                exchange.upstream[bisect_left(EDGES, behind)] += 1
                exchange.upstream_seconds += behind

    def _child(self, key: tuple[bytes | str, bytes | str, bytes | str | int]) -> _Child:
        if len(self._known) >= _MOST_KNOWN:
            self._known.clear()
        status = status_label(_text(key[2]))
        method = _text(key[0])
        method = method if method in METHODS else OTHER_METHOD
        route = self._routes.of(_text(key[1]), found=status not in _NOT_FOUND)
        found = self._known[key] = self._named(route, method, status)
        return found

    def _named(self, route: str, method: str, status: str) -> _Child:
        timed = self._timed.get((route, method, status))
        if timed is None:
            if len(self._timed) >= self._most and route != OTHER:
                return self._named(OTHER, method, status)
            timed = self._timed[route, method, status] = Timed(route, method, status, [0] * (len(EDGES) + 1))
            self.requests.timed.append(timed)
        exchange = self._exchanges.get((route, method))
        if exchange is None:
            exchange = Exchange(route, method, [0] * (len(SIZE_EDGES) + 1), [0] * (len(EDGES) + 1))
            self._exchanges[route, method] = exchange
            self.requests.exchanges.append(exchange)
        return timed, exchange


def status_label(text: str) -> str:
    """Return the status: one that exists, else its class, or nothing for one that is not known (`-`, 0).

    Of several, as nginx logs those of all servers behind (`502, 502 : 200`), the last counts.
    """
    last = text.replace(":", ",").rpartition(",")[2].strip()
    if last in _STATUSES:
        return last
    is_status = len(last) == 3 and last.isascii() and last.isdigit() and "1" <= last[0] <= "5"
    return f"{last[0]}xx" if is_status else ""


def _text(value: object) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
