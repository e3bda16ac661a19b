"""The boards' way to Prometheus keeps its bounds, whatever stands at the other end."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from pantrywatch.web.prometheus import Prometheus


class _Odd(BaseHTTPRequestHandler):
    """Answers no Prometheus gives: endless, elsewhere, never."""

    def do_GET(self) -> None:
        """Answer by the label asked for."""
        if "endless" in self.path:
            self.send_response(200)
            self.end_headers()
            with contextlib.suppress(OSError):
                for _ in range(40):
                    self.wfile.write(b" " * 1024 * 1024)
        elif "elsewhere" in self.path:
            self.send_response(302)
            self.send_header("Location", f"http://{self.headers['Host']}/reached")
            self.end_headers()
        elif "never" in self.path:
            self.server.asked.wait(20)  # type: ignore[attr-defined]

    def log_message(self, *_arguments: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def odd() -> Iterator[str]:
    """A server with odd answers, for the tests of this file."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Odd)
    server.asked = threading.Event()  # type: ignore[attr-defined]
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.asked.set()  # type: ignore[attr-defined]
    server.shutdown()
    server.server_close()


def _error(prometheus: Prometheus, label: str) -> tuple[int, str]:
    answer = prometheus.query(f"label/{label}/values", [])
    return answer.status, str(json.loads(answer.body)["error"])


def test_an_endless_answer_is_cut(odd: str) -> None:
    """More than 32 MB are not read; the page says so."""
    assert _error(Prometheus(odd), "endless") == (502, "the answer is larger than 33554432 bytes")


def test_silence_ends(odd: str) -> None:
    """A server that takes the question and never answers is given up after its time."""
    assert _error(Prometheus(odd, timeout_seconds=0.5), "never") == (504, "Prometheus did not answer within 0.5 s")


def test_nobody_is_followed_elsewhere(odd: str) -> None:
    """A redirect is no answer: only the server that was configured is asked."""
    assert Prometheus(odd).query("label/elsewhere/values", []).status == 302
