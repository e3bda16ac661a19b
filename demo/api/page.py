"""The page, and what its faults do to it: a real browser reports it, and the recorded beacons were recorded with it."""

from __future__ import annotations

import random
import re
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response

from demo.api.endpoints import Endpoint
from demo.flags import Flags

STATIC = Path(__file__).parent / "static"
# Nothing inline, nothing from elsewhere: the agent needs no exception.
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
_HEADERS = {"Cache-Control": "no-cache", "Content-Security-Policy": _POLICY}
_HEAVY_BYTES = 400_000
# fault → the script that it adds to the page
_SCRIPTS = {
    # Numbers, as no compression on the way makes less of them.
    "heavy-bundle": f"/* {random.Random(1).randbytes(_HEAVY_BYTES // 2).hex()} */".encode(),
    "long-task": b"const end = performance.now() + 1000; while (performance.now() < end);",
    "script-errors": b"addEventListener('click', () => { throw new Error('script-errors'); });",
    # Something above the page comes and goes.
    "layout-shift": b"""
const space = document.body.insertBefore(document.createElement('div'), document.body.firstChild);
let left = 6;
const move = () => {
  space.style.height = left % 2 ? '0' : '300px';
  if (--left) setTimeout(move, 150);
};
move();
""",
    # Nobody can click before the largest text of the page is there, behind everything else.
    "slow-page": b"""
const cover = document.body.appendChild(document.createElement('div'));
cover.style = 'position: fixed; inset: 0';
setTimeout(() => {
  cover.style = 'position: fixed; inset: 0; z-index: -1; opacity: 0.1';
  cover.append('It took six seconds to show this. '.repeat(200));
}, 6000);
""",
}
FAULTS = tuple(_SCRIPTS)
# What of the page includes the agent; a deployment lost it.
_AGENT = re.compile(r"<script[^>]*data-pantrywatch-agent[^>]*></script>")


def page_routes(flags: Flags) -> list[tuple[str, str, Endpoint]]:
    """The page at `/`, and the scripts of its faults."""
    text = (STATIC / "index.html").read_text(encoding="utf-8")

    async def page(_request: Request) -> Response:
        if flags.fresh("page-down"):
            return Response("Service Unavailable", 503, _HEADERS)
        added = "".join(f'<script type="module" src="/{name}.js"></script>' for name in _SCRIPTS if flags.fresh(name))
        sent = _AGENT.sub("", text) if flags.fresh("agent-lost") else text
        return Response(sent.replace("</head>", f"{added}</head>"), headers=_HEADERS, media_type="text/html")

    return [("GET", "/", page), *(("GET", f"/{name}.js", _script(content)) for name, content in _SCRIPTS.items())]


def _script(content: bytes) -> Endpoint:
    async def answer(_request: Request) -> Response:
        return Response(content, headers={"Cache-Control": "no-cache"}, media_type="text/javascript")

    return answer
