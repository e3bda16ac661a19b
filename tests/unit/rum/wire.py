"""A receiver without a network, for its tests: requests as bytes, and what it writes."""

from __future__ import annotations

import asyncio
import itertools
import json
from typing import Any

from prometheus_client.parser import text_string_to_metric_families

from exporters.core.exposition import render
from exporters.rum.metrics import Metrics
from exporters.rum.protocol import Connections
from exporters.rum.receiver import Receiver
from exporters.rum.settings import RumSettings

_CHROME = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36"
_NUMBERS = itertools.count(1)
SETTINGS = RumSettings(listen="127.0.0.1:0", routes=("/", "/contacts/:id"), client_rate=10_000, total_rate=10_000)


def beacon(**fields: Any) -> bytes:
    """Return the body of a beacon with these fields, and an id of its own."""
    return json.dumps({"id": f"{next(_NUMBERS):016x}", "navigation": "hard", **fields}).encode()


def request(body: bytes, *headers: str, method: str = "POST", path: str = "/rum", origin: str = "http://crm") -> bytes:
    lines = [f"{method} {path} HTTP/1.1", "host: crm", f"origin: {origin}", f"user-agent: {_CHROME}", *headers]
    if not any(line.startswith(("content-length", "transfer-encoding")) for line in lines):
        lines.append(f"content-length: {len(body)}")
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


class Wire(asyncio.Transport):
    """What the receiver writes, without a network."""

    def __init__(self, peer: str = "192.0.2.1") -> None:
        super().__init__()
        self._peer = peer
        self.written = b""
        self.closed = False

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return (self._peer, 4000) if name == "peername" else default

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.written += bytes(data)

    def is_closing(self) -> bool:
        return self.closed

    def close(self) -> None:
        self.closed = True

    abort = close

    def statuses(self) -> list[int]:
        return [int(part[9:12]) for part in self.written.split(b"\r\n") if part.startswith(b"HTTP/1.1 ")]


class Server:
    """A receiver with its metrics and connections."""

    def __init__(self, settings: RumSettings = SETTINGS, most: int = 512) -> None:
        self.metrics = Metrics(settings.most_label_sets)
        self.connections = Connections(Receiver(settings, self.metrics), most)

    def connect(self, peer: str = "192.0.2.1") -> tuple[Any, Wire]:
        connection, wire = self.connections(), Wire(peer)
        connection.connection_made(wire)
        return connection, wire

    def send(self, *parts: bytes, peer: str = "192.0.2.1") -> Wire:
        connection, wire = self.connect(peer)
        for part in parts:
            if not wire.closed:
                connection.received(part)
        connection.connection_lost(None)
        return wire

    def count(self, name: str, **wanted: str) -> float:
        text = render(self.metrics.families()).decode()
        samples = [one for family in text_string_to_metric_families(text) for one in family.samples]
        return sum(one.value for one in samples if one.name == name and wanted.items() <= one.labels.items())

    def dropped(self) -> dict[str, int]:
        counts = self.metrics._counts["pantrywatch_rum_dropped_total"]  # noqa: SLF001
        return {reason: int(number) for (reason,), number in counts.items() if number}
