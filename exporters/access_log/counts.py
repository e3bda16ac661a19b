"""What requests add up to, with a bounded number of series, and its form in the state file."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable
from http import HTTPStatus

import msgspec

from exporters.access_log.requests import EDGES, MOST_SIZE, Request
from exporters.access_log.routes import LONGEST, Routes
from exporters.core.cardinality import OTHER

SIZE_EDGES = (1_000, 10_000, 100_000, 1_000_000, 10_000_000)
OTHER_METHOD = "_OTHER"  # OpenTelemetry's
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE", "CONNECT", "QUERY", OTHER_METHOD)
# Besides the registered ones: nginx (444, 494 to 499), AWS' and Cloudflare's proxies.
_STATUSES = {str(one.value) for one in HTTPStatus} | {
    "444", "460", "463", "464", "494", "495", "496", "497", "498", "499", "520", "521", "522", "523", "524", "525",
    "526", "527", "530", "561",
}  # fmt: skip
# Paths that are answered so may be guesses: none gets a route of its own by them. 301 and 308: a server that sends
# everything to https answers any path so.
_NOT_FOUND = {"", "301", "308", "400", "404", "405", "410", "414", "444", "494"}
# A WebSocket is logged when it ends: the time and the bytes are those of the connection, not of an answer.
SWITCHING_PROTOCOLS = "101"
_MOST_KNOWN = 16_384  # paths whose route is remembered
_MOST_WRITTEN = 10_000  # methods and statuses as written: garbage has any
_LONGEST_WRITTEN = 40  # of those that are remembered


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
_ByStatus = dict[bytes | str | int, dict[bytes | str, _Child]]


class Counts:
    """Counts requests; used by one thread."""

    def __init__(self, routes: Routes, most_label_sets: int, so_far: Requests | None = None) -> None:
        """Continue what was counted `so_far`; `most_label_sets` bounds route, method and status together."""
        self.requests = so_far or Requests()
        self._routes = routes
        self._most = most_label_sets
        self._timed = {(one.route, one.method, one.status): one for one in self.requests.timed}
        self._exchanges = {(one.route, one.method): one for one in self.requests.exchanges}
        # As written in the log, so that a line costs three lookups: path → its route's status → method → what counts.
        self._known: dict[bytes | str, _ByStatus] = {}
        self._of_route: dict[str, _ByStatus] = {}
        self._written = 0
        self._beyond: set[tuple[str, str, str]] = set()  # label sets without series of their own
        self._of_connections = _exchange("", "")  # never shown
        routes.admit(one.route for one in self.requests.timed)

    def add(self, requests: Iterable[Request]) -> None:
        """Count requests. This loop and those of the parsers are where the time goes."""
        known, by_status, child_of = self._known.get, self._by_status, self._child
        for method, target, status, size, time, behind in requests:
            found = known(target)
            if found is None:
                found = by_status(target, status)
            try:
                timed, exchange = found[status][method]
            except KeyError:
                timed, exchange = child_of(target, method, status)
            if time is None:
                timed.untimed += 1
            else:
                edge, seconds = time
                timed.counts[edge] += 1
                timed.seconds += seconds
            if 0 <= size < MOST_SIZE:
                exchange.sizes[bisect_left(SIZE_EDGES, size)] += 1
                exchange.size_bytes += size
            if behind is not None:
                edge, seconds = behind
                exchange.upstream[edge] += 1
                exchange.upstream_seconds += seconds

    def dropped(self) -> dict[str, int]:
        """Return how many routes, and label sets, count as `other` for a limit."""
        return {"http_route": self._routes.dropped, "label_set": len(self._beyond)}

    def _by_status(self, target: bytes | str, status: bytes | str | int) -> _ByStatus:
        path = target.partition(b"?")[0] if isinstance(target, bytes) else target.partition("?")[0]
        found = self._known.get(path)
        if found is None:
            is_found = status_label(_text(status)) not in _NOT_FOUND
            route = self._routes.of(_text(path), found=is_found)
            found = self._of_route.setdefault(route, {})
            # A path that was not found may be there later. What a client makes long is not kept.
            if (route != OTHER or is_found) and len(path) <= LONGEST:
                if len(self._known) >= _MOST_KNOWN:
                    self._known.clear()
                self._known[path] = found
        return found

    def _child(self, target: bytes | str, method: bytes | str, status: bytes | str | int) -> _Child:
        if self._written >= _MOST_WRITTEN:
            self._known.clear()
            self._of_route.clear()
            self._written = 0
        self._written += 1
        by_status = self._by_status(target, status)
        route = next(route for route, one in self._of_route.items() if one is by_status)
        label = _text(method)
        child = self._named(route, label if label in METHODS else OTHER_METHOD, status_label(_text(status)))
        if len(method) + len(_text(status)) <= _LONGEST_WRITTEN:
            by_status.setdefault(status, {})[method] = child
        return child

    def _named(self, route: str, method: str, status: str) -> _Child:
        timed = self._timed.get((route, method, status))
        if timed is None:
            if len(self._timed) >= self._most and route != OTHER:
                if len(self._beyond) < 10 * self._most:
                    self._beyond.add((route, method, status))
                return self._named(OTHER, method, status)
            timed = self._timed[route, method, status] = Timed(route, method, status, [0] * (len(EDGES) + 1))
            self.requests.timed.append(timed)
        if status == SWITCHING_PROTOCOLS:
            return timed, self._of_connections
        exchange = self._exchanges.get((route, method))
        if exchange is None:
            exchange = self._exchanges[route, method] = _exchange(route, method)
            self.requests.exchanges.append(exchange)
        return timed, exchange


def _exchange(route: str, method: str) -> Exchange:
    return Exchange(route, method, [0] * (len(SIZE_EDGES) + 1), [0] * (len(EDGES) + 1))


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
