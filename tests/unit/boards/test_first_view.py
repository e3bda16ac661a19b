"""What the page of a board loads when it is opened for the first time."""

from __future__ import annotations

import asyncio
import gzip
from pathlib import Path
from typing import Any

from pantrywatch.boards.board_files import BoardFiles
from pantrywatch.boards.web import boards_application
from pantrywatch.web.prometheus import Prometheus

ROOT = Path(__file__).parents[3]
_PAGE = ROOT / "pantrywatch/boards/page"
_APPLICATION = boards_application(
    BoardFiles(ROOT / "dashboards/generated", ROOT / "docs"), Prometheus("http://127.0.0.1:1")
)


def _get(path: str, *, accepted: str = "gzip") -> tuple[dict[str, str], bytes]:
    """Return head and body of an answer, as sent."""
    events: list[dict[str, Any]] = []
    scope = {
        "type": "http", "method": "GET", "path": path, "raw_path": path.encode(), "query_string": b"", "root_path": "",
        "scheme": "http", "http_version": "1.1", "server": ("127.0.0.1", 80), "client": ("127.0.0.1", 1),
        "headers": [(b"accept-encoding", accepted.encode())],
    }  # fmt: skip

    async def receive() -> dict[str, Any]:
        await asyncio.Event().wait()  # nothing more comes from this client
        raise AssertionError

    async def send(event: Any) -> None:
        events.append(event)

    asyncio.run(_APPLICATION(scope, receive, send))
    assert events[0]["status"] == 200, path
    head = {name.decode(): value.decode() for name, value in events[0]["headers"]}
    return head, b"".join(event.get("body", b"") for event in events[1:])


def test_the_first_view_is_small_on_the_wire() -> None:
    """Page, style, scripts, board and chart library: less than a third of what their files have."""
    files = [f"/page/{file.relative_to(_PAGE).as_posix()}" for file in _PAGE.rglob("*.*") if file.suffix != ".html"]
    paths = ["/d/crm-overview", "/api/boards/crm-overview", "/plotly.min.js", *files]
    sizes = {path: len(_get(path)[1]) for path in paths}
    assert sum(sizes.values()) < 1_600_000, sizes


def test_the_chart_library_comes_whole_to_any_client() -> None:
    """With gzip or without."""
    head, plain = _get("/plotly.min.js", accepted="identity")
    assert "content-encoding" not in head
    head, packed = _get("/plotly.min.js")
    assert head["content-encoding"] == "gzip"
    assert gzip.decompress(packed) == plain
