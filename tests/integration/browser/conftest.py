"""A web site for each test, and temporary files of its own."""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.browser.site import Server


@pytest.fixture
def web() -> Iterator[Server]:
    """Serve until the test ends."""
    server = Server()
    thread = threading.Thread(target=server.http.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    yield server
    server.over.set()
    server.http.shutdown()
    thread.join(5)
    server.http.server_close()


@pytest.fixture(autouse=True)
def own_tmp(tmp_path: Path) -> Iterator[Path]:
    """Let every temporary folder begin in one of the test's own; `tmp_path` has too long a path for a browser."""
    with tempfile.TemporaryDirectory() as name, pytest.MonkeyPatch.context() as patch:
        patch.setattr(tempfile, "tempdir", name)
        yield Path(name)
