"""Limits on what one network of clients, and all of them together, may send; every table here is bounded.

No address is kept: a network is remembered as a hash that is different in every process.
"""

from __future__ import annotations

import ipaddress
from collections import OrderedDict
from collections.abc import Iterable

_MOST_NETWORKS = 4096
_MOST_BATCHES = 16_384
_BURST_SECONDS = 10.0

_Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class Bucket:
    """A token bucket: `rate` a second, ten seconds' worth at once. It starts full."""

    __slots__ = ("_at", "_most", "_rate", "_tokens")

    def __init__(self, rate: float, now: float) -> None:
        """Fill it at a rate per second; times are in seconds, of any clock that never goes back."""
        self._rate = rate
        self._most = self._tokens = max(1.0, rate * _BURST_SECONDS)
        self._at = now

    def take(self, now: float) -> bool:
        """Return whether there was a token left, and take it."""
        self._tokens = min(self._most, self._tokens + (now - self._at) * self._rate)
        self._at = now
        if self._tokens < 1.0:
            return False
        self._tokens -= 1.0
        return True


class ClientLimits:
    """A bucket for each network of clients; those that sent nothing for longest are forgotten first."""

    def __init__(self, rate: float, most_networks: int = _MOST_NETWORKS) -> None:
        """Allow `rate` beacons a second to each of at most `most_networks` networks."""
        self._rate = rate
        self._most = most_networks
        self._buckets: OrderedDict[int, Bucket] = OrderedDict()

    def __len__(self) -> int:
        return len(self._buckets)

    def take(self, network: int, now: float) -> bool:
        """Return whether this network may send another beacon now."""
        bucket = self._buckets.get(network)
        if bucket is None:
            if len(self._buckets) >= self._most:
                self._buckets.popitem(last=False)
            bucket = self._buckets[network] = Bucket(self._rate, now)
        else:
            self._buckets.move_to_end(network)
        return bucket.take(now)


class RecentBatches:
    """The last batches seen: a browser that cannot tell whether a beacon arrived sends it again."""

    def __init__(self, most: int = _MOST_BATCHES) -> None:
        """Remember at most so many."""
        self._most = most
        self._seen: OrderedDict[int, None] = OrderedDict()

    def __len__(self) -> int:
        return len(self._seen)

    def is_new(self, batch: str) -> bool:
        """Return whether this batch has not been seen, and remember it."""
        key = hash(batch)
        if key in self._seen:
            return False
        if len(self._seen) >= self._most:
            self._seen.popitem(last=False)
        self._seen[key] = None
        return True


class Networks:
    """Which network a request comes from: IPv4 /24, IPv6 /56."""

    def __init__(self, trusted_proxies: Iterable[str]) -> None:
        """Take the proxies whose X-Forwarded-For is believed."""
        self._trusted = tuple(ipaddress.ip_network(network) for network in trusted_proxies)

    def of(self, peer: str, forwarded: bytes) -> int:
        """Return a hash of the client's network; `forwarded` is X-Forwarded-For, its last untrusted address counts."""
        address = _parsed(peer)
        for text in reversed(forwarded.decode("latin-1").split(",")) if forwarded else ():
            if address is None or not self._trusts(address):
                break
            address = _parsed(text.strip()) or address
        return _network_hash(address) if address else 0

    def _trusts(self, address: _Address) -> bool:
        return any(address in network for network in self._trusted)


def _parsed(text: str) -> _Address | None:
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def _network_hash(address: _Address) -> int:
    return hash(address.packed[:3] if address.version == 4 else address.packed[:7])
