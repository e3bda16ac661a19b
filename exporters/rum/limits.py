"""Limits on what one network of clients, and all of them together, may send; every table here is bounded.

No address is kept: a network is remembered as a hash that is different in every process.
"""

from __future__ import annotations

import ipaddress
import socket
from collections import OrderedDict, deque
from collections.abc import Iterable
from dataclasses import dataclass

from exporters.rum.remembered import Remembered

_MOST_NETWORKS = 4096
_MOST_BATCHES = 16_384
_BURST_SECONDS = 10.0
_MOST_PROXIES = 20  # of a chain, looked at

_MAPPED = bytes(10) + b"\xff\xff"


@dataclass(frozen=True, slots=True)
class Peer:
    """The other end of a connection: a trusted proxy or not, and the hash of its network."""

    is_trusted: bool
    network: int


NOBODY = Peer(is_trusted=False, network=0)


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
        # Two tables of integers: one that keeps the order takes a megabyte more.
        self._seen: set[int] = set()
        self._order: deque[int] = deque()
        self._most = most

    def __len__(self) -> int:
        return len(self._seen)

    def is_new(self, batch: str) -> bool:
        """Return whether this batch has not been seen, and remember it."""
        key = hash(batch)
        if key in self._seen:
            return False
        if len(self._order) >= self._most:
            self._seen.discard(self._order.popleft())
        self._seen.add(key)
        self._order.append(key)
        return True


class Networks:
    """Which network a request comes from: IPv4 /24, IPv6 /56."""

    def __init__(self, trusted_proxies: Iterable[str]) -> None:
        """Take the proxies whose headers about the client are believed."""
        networks = [ipaddress.ip_network(network) for network in trusted_proxies]
        self._trusted = {
            size: [(int(one.network_address), int(one.netmask)) for one in networks if one.max_prefixlen == size * 8]
            for size in (4, 16)
        }
        self._seen: Remembered[int] = Remembered()

    def peer(self, address: str) -> Peer:
        """Return what is to be known of the other end of a connection."""
        packed = _packed(address)
        if packed is None:
            return NOBODY
        return Peer(is_trusted=self._trusts(packed), network=_network_hash(packed))

    def of(self, peer: Peer, forwarded: bytes) -> int | None:
        """Return a hash of the client's network; `forwarded` is X-Forwarded-For, its last untrusted address counts.

        None where trusted proxies name no client: all their users must not be limited as if they were one network.
        """
        if not peer.is_trusted:
            return peer.network
        key = hash(forwarded)
        found = self._seen.get(key)
        if found is None and (found := self._client(forwarded)) is not None:
            self._seen.keep(key, found)
        return found

    def _client(self, forwarded: bytes) -> int | None:
        for text in reversed(forwarded.decode("latin-1").rsplit(",", _MOST_PROXIES)):
            packed = _packed(text.strip())
            if packed is None:
                return None
            if not self._trusts(packed):
                return _network_hash(packed)
        return None

    def _trusts(self, packed: bytes) -> bool:
        number = int.from_bytes(packed)
        return any(number & mask == network for network, mask in self._trusted[len(packed)])


def _packed(text: str) -> bytes | None:
    """Return an address as 4 or 16 bytes, without its port or zone, or None; IPv4 mapped to IPv6 is IPv4."""
    if text[:1] == "[":
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        if ":" not in text:
            return socket.inet_pton(socket.AF_INET, text)
        packed = socket.inet_pton(socket.AF_INET6, text.partition("%")[0])
    except (OSError, ValueError):
        return None
    return packed[12:] if packed[:12] == _MAPPED else packed


def _network_hash(packed: bytes) -> int:
    return hash(packed[:3] if len(packed) == 4 else packed[:7])
