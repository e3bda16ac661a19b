"""A tiny web server for the browser agent: pages built to have known values, and beacons read by the real parser."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from exporters.rum.beacon import Beacon, read_beacon

_POLICY = (
    "default-src 'none'; script-src 'self' 'nonce-r4nd0m' http://localhost:*; connect-src 'self'; img-src 'self'; "
    "style-src 'self'"
)
# A browser takes an image of very few bytes for a placeholder, which is not the largest paint.
_NOISE = b"<!--" + b"noise " * 10_000 + b"-->"
_IMAGE = (
    b'<svg xmlns="http://www.w3.org/2000/svg" width="400" height="300"><circle r="300" fill="red"/>'
    + _NOISE
    + b"</svg>"
)
LATE_SECONDS = 0.4  # how long /late.svg and /api/late take, and the body of /api/trickle after its headers


@dataclass(slots=True)
class Site:
    """Where it is, and every request for the receiver: its bytes, and its headers."""

    url: str = ""
    files: dict[str, bytes] = field(default_factory=dict)
    bodies: list[bytes] = field(default_factory=list)
    headers: list[Mapping[str, str]] = field(default_factory=list)

    @property
    def elsewhere(self) -> str:
        """The same server under a name that is another origin."""
        return self.url.replace("127.0.0.1", "localhost")

    def page(self, path: str, body: str, script: str = "", tag: str = "", first: str = "") -> str:
        """Add a page with the agent and its own script, both files, after `first`, and return its address."""
        self.files[f"{path}.js"] = script.encode()
        self.files[path] = (
            f'<!doctype html><title>Ada Lovelace</title><link rel="icon" href="data:,">{first}'
            f'<script type="module" src="/agent.js" data-pantrywatch-agent {tag}></script>'
            f'<body>{body}<script src="{path}.js"></script>'
        ).encode()
        return self.url + path

    def beacons(self) -> list[Beacon]:
        """Return what the receiver would read; raises RefusedError for a body that it would refuse."""
        return [read_beacon(body, b"") for body in list(self.bodies)]

    def vitals(self, navigation: str = "hard") -> dict[str, float]:
        """Return the measures of all beacons; no measure is in two of them."""
        found: dict[str, float] = {}
        for beacon in self.beacons():
            for name in beacon.vitals.__struct_fields__ if beacon.navigation == navigation else ():
                value = getattr(beacon.vitals, name)
                if value is not None:
                    assert name not in found, f"{name} came twice"
                    found[name] = value
        return found

    def total(self, name: str) -> int:
        """Return the sum of a count over all beacons."""
        return sum(getattr(beacon, name) for beacon in self.beacons())


class _Handler(BaseHTTPRequestHandler):
    def __init__(self, site: Site, *parts: Any) -> None:
        self.site = site
        super().__init__(*parts)

    def do_GET(self) -> None:
        path = self.path.split("?")[0]
        if path in {"/late.svg", "/api/late"}:
            time.sleep(LATE_SECONDS)  # the value that the page is built to have
        self._answer(500 if path == "/api/broken" else 200, path, self._body(path))

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        if self.path == "/rum":
            self.site.headers.append({name.lower(): value for name, value in self.headers.items()})
            self.site.bodies.append(body)
        self._answer(204, self.path, b"")

    def _body(self, path: str) -> bytes:
        if path.endswith(".svg"):
            return _IMAGE
        return self.site.files.get(path) or self.site.files.get("/contacts", b"")

    def _answer(self, status: int, path: str, body: bytes) -> None:
        kinds = {".js": "text/javascript", ".svg": "image/svg+xml", ".css": "text/css"}
        self.send_response(status)
        self.send_header("content-type", kinds.get(Path(path).suffix, "text/html"))
        self.send_header("content-security-policy", _POLICY)
        if status != 204:
            self.send_header("content-length", str(len(body)))
        self.end_headers()
        if path == "/api/trickle":
            time.sleep(LATE_SECONDS)
        self.wfile.write(body)

    def log_message(self, *parts: Any) -> None:
        """Say nothing."""


@contextmanager
def site(bundle: Path) -> Iterator[Site]:
    """Serve until the block ends."""
    made = Site(
        files={f"/{to}.js": (bundle / f"{of}.js").read_bytes() for to, of in (("agent", "tag"), ("early", "early"))}
    )
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Handler, made))
    made.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield made
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)
