"""What `bench installation` scrapes: the pages of a demo stack, taken a few times, and a server that goes on with them.

`python -m bench.installation_pages FILE PORT` serves them. Counters go on as they did between the rounds, gauges go to
and fro, and moments move with the clock. Each instance has a phase of its own.
"""

from __future__ import annotations

import json
import re
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from urllib.parse import parse_qs

import requests
import uvicorn
from starlette.types import Receive, Scope, Send

from pantrywatch.native.addresses import Addresses
from pantrywatch.native.state_dir import State

STEP_SECONDS = 15
_ROUNDS = 7
_PHASES = 4  # pages of so many steps are alive at a time: rendering them is cheap
_LINE = re.compile(r"(?P<series>\w+(?:\{.*\})?) (?P<value>\S+)")
_GROWS = ("counter", "histogram", "summary")
_MOMENT = "_timestamp_seconds"
_ROUTE = re.compile(r'http_route="([^"]*)"')
_OF_A_ROUTE = re.compile(r"http_server_request_duration_seconds\w*\{")


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a page: text to copy, or a series with its value in each round."""

    text: str
    values: tuple[float, ...] = ()
    grows: bool = False

    def at(self, step: int, moved_seconds: float) -> str:
        """Return the line at a step; the first is `moved_seconds` after the page was taken."""
        if not self.values:
            return self.text
        lap, position = divmod(step, len(self.values) - 1)
        is_moment = self.text.partition("{")[0].endswith(_MOMENT)
        if self.grows or is_moment:
            value = self.values[position] + lap * (self.values[-1] - self.values[0])
            return f"{self.text} {value + (moved_seconds if is_moment and value else 0.0)!r}"
        return f"{self.text} {self.values[-1 - position if lap % 2 else position]!r}"


def taken(state: Path) -> dict[str, list[str]]:
    """Return last part of the path → the page in each round, of a demo stack; takes a minute and a half."""
    running = State(state)
    found: dict[str, list[str]] = {}
    for number in range(_ROUNDS):
        end = time.monotonic() + STEP_SECONDS
        for job, url in _urls(running, running.addresses()):
            found.setdefault(job, []).append(requests.get(url, timeout=10).text)
        if number + 1 < _ROUNDS:
            time.sleep(max(0.0, end - time.monotonic()))
    return found


def _urls(state: State, addresses: Addresses) -> Iterator[tuple[str, str]]:
    own = {addresses.address(name) for name in ("exporters", "crm")}
    for file in sorted(state.file("prometheus/targets").glob("*.json")):
        for group in json.loads(file.read_text()):
            labels, (address,) = group["labels"], group["targets"]
            if address in own:
                path, target = labels["__metrics_path__"], labels.get("__param_target")
                page = "application" if file.stem == "application" else path.rpartition("/")[2]
                yield page, f"http://{address}{path}" + (f"?target={target}" if target else "")


def lines_of(rounds: Sequence[str]) -> list[Line]:
    """Return a page by line; a series that came later had its first value before."""
    values = [{found["series"]: float(found["value"]) for found in map(_LINE.fullmatch, page.splitlines()) if found}
              for page in rounds]  # fmt: skip
    found, kind = [], ""
    for line in rounds[-1].splitlines():
        if line.startswith("# TYPE"):
            kind = line.rpartition(" ")[2]
        series = _LINE.fullmatch(line)
        if series is None:
            found.append(Line(line))
            continue
        known = next(one[series["series"]] for one in values if series["series"] in one)
        history = tuple(one.get(series["series"], known) for one in values)
        found.append(Line(series["series"], history, kind in _GROWS))
    return found


def with_routes(page: Sequence[Line], routes: int) -> list[Line]:
    """Return the page with so many more routes, each with the methods, statuses and durations of a real one."""
    real = sorted({route[1] for line in page if (route := _ROUTE.search(line.text))})
    found = []
    for line in page:
        found.append(line)
        route = _ROUTE.search(line.text)
        if route and line.values and _OF_A_ROUTE.match(line.text):
            first = real.index(route[1])
            new = (f"/api/v1/made/{number}" for number in range(first, routes, len(real)))
            found += [Line(_ROUTE.sub(f'http_route="{name}"', line.text), line.values, line.grows) for name in new]
    return found


class Pages:
    """The ASGI application: /metrics/<page>?target=<name>, any name; `?routes=N` for so many more routes."""

    def __init__(self, taken_pages: Mapping[str, Sequence[str]], taken_at: float) -> None:
        """Take the rounds of each page, and when the first of them was taken."""
        self._lines = {job: lines_of(rounds) for job, rounds in taken_pages.items()}
        self._began, self._moved = time.time(), time.time() - taken_at
        self.page = lru_cache(maxsize=128)(self._page)

    def _page(self, job: str, routes: int, step: int) -> bytes:
        lines = with_routes(self._lines[job], routes) if routes else self._lines[job]
        return ("\n".join(line.at(step, self._moved) for line in lines) + "\n").encode()

    async def __call__(self, scope: Scope, _receive: Receive, send: Send) -> None:
        """Answer a scrape."""
        asked = parse_qs(scope["query_string"].decode())
        phase = sum(asked.get("target", [""])[0].encode()) % _PHASES
        step = int((time.time() - self._began) / STEP_SECONDS) + phase
        body = self.page(scope["path"].rpartition("/")[2], int(asked.get("routes", ["0"])[0]), step)
        headers = [(b"content-type", b"text/plain; version=0.0.4"), (b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})


def main(file: str, port: str) -> None:
    """Serve the pages in a file until it is ended."""
    document = json.loads(Path(file).read_text())
    application = Pages(document["pages"], document["at"])
    uvicorn.run(application, host="127.0.0.1", port=int(port), access_log=False, log_level="error", lifespan="off")


if __name__ == "__main__":
    main(*sys.argv[1:3])
