"""A representative's browser: after what the representative did, the beacon that the agent in the page would send.

The form is the agent's (exporters/rum/beacon.py), sent as the CRM's web server passes beacons on. The numbers are drawn
from made-up distributions in which most page loads are good: no real user, and no real browser, is behind them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from typing import Any
from urllib.parse import urlsplit

import requests

from demo.flags import Flags
from demo.traffic.journeys import Step

_TIMEOUT_SECONDS = 2.0
# People reload, open links in a new tab or come back later: the page is loaded again.
_PAGE_LOAD_SHARE = 0.15
_ERROR_SHARE = 1 / 2500
# Of the faults of the front end.
_FAULTY_ERROR_SHARE = 0.5
_FAULTY_SHIFT = 0.3
_FAULTY_PAINT_MILLISECONDS = 6000
_FAULTY_TASK_MILLISECONDS = 1000
_HEAVY_BYTES = 400_000
_SHIFTING_SHARE = 0.3
_CACHED_SHARE = 0.7
_DOCUMENT_BYTES = 2_400
_FILES = (("script", 2, 9_500), ("style", 1, 1_600))  # kind, number, bytes together

_CHROME = "Mozilla/5.0 ({}) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 {}Safari/537.36"
_SAFARI = "Mozilla/5.0 ({}) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6 {}Safari/604.1"


@dataclass(frozen=True, slots=True)
class Equipment:
    """What a representative works with; `slowness` multiplies each time."""

    device: str
    connection: str
    user_agent: str
    slowness: float


_EQUIPMENT = (
    Equipment("desktop", "4g", _CHROME.format("Windows NT 10.0; Win64; x64", ""), 1.0),
    Equipment("desktop", "4g", _CHROME.format("Windows NT 10.0; Win64; x64", "") + " Edg/140.0.0.0", 1.0),
    Equipment("phone", "4g", _CHROME.format("Linux; Android 10; K", "Mobile "), 1.5),
    Equipment("desktop", "4g", "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", 1.0),
    Equipment("tablet", "", _SAFARI.format("iPad; CPU OS 18_6 like Mac OS X", "Mobile/15E148 "), 1.2),
    Equipment("phone", "3g", _CHROME.format("Linux; Android 10; K", "Mobile "), 2.2),
    Equipment("desktop", "4g", _CHROME.format("Macintosh; Intel Mac OS X 10_15_7", ""), 1.0),
)


class Browser:
    """Sends beacons to the receiver; never raises if that is away."""

    def __init__(self, number: int, receiver_url: str, flags: Flags | None = None) -> None:
        """Take what tells which faults of the front end are switched on."""
        self._flags = flags or Flags(None)
        self._random = Random(f"browser {number}")
        self.equipment = _EQUIPMENT[number % len(_EQUIPMENT)]
        self._url = receiver_url
        self._http = requests.Session()
        self._http.trust_env = False
        self._http.headers.update(
            {
                "User-Agent": self.equipment.user_agent,
                "Origin": f"http://{urlsplit(receiver_url).netloc}",
                "Content-Type": "text/plain;charset=UTF-8",
                # Each works at home: the receiver limits networks, not the demo.
                "X-Forwarded-For": f"10.20.{number}.7",
            }
        )

    def show(self, step: Step) -> None:
        """Report what the answer to a step put on the screen; who logs in has loaded the page."""
        if self._flags.fresh("agent-lost") or self._flags.fresh("page-down"):
            return
        logs_in = step.path.endswith("/login")
        is_load = step.method == "GET" and self._random.random() < _PAGE_LOAD_SHARE
        if is_load or logs_in:
            self._send(self.page_load(step))
        if not is_load:
            self._send(self.within_page(step))

    def page_load(self, step: Step) -> dict[str, Any]:
        """The beacon of a page load at the route of this step."""
        ttfb = self._milliseconds(80, 0.6)
        fcp = ttfb + self._milliseconds(500, 0.5)
        lcp = fcp + self._milliseconds(_FAULTY_PAINT_MILLISECONDS if self._flags.fresh("slow-page") else 350, 0.7)
        vitals = {
            "ttfb": ttfb,
            "fcp": fcp,
            "lcp": lcp,
            "load": lcp + self._milliseconds(300, 0.5),
            "cls": self._shift(),
            "fid": self._milliseconds(8, 1.0),
            "inp": self._milliseconds(60, 0.6),
        }
        blocking = {"first": self._milliseconds(60, 0.8)}
        if self._flags.fresh("long-task"):
            wait = self._milliseconds(_FAULTY_TASK_MILLISECONDS / 2, 0.5)  # a click comes at any time of the task
            vitals |= {"fid": wait, "inp": wait}
            blocking["first"] += _FAULTY_TASK_MILLISECONDS
        return self._beacon("hard", step, vitals) | {"blocking": blocking, "resources": self._files()}

    def within_page(self, step: Step) -> dict[str, Any]:
        """The beacon of a change of route, with the search or form of this step."""
        beacon = self._beacon("soft", step, {"route_change": self._milliseconds(300, 0.5)})
        if name := page_action(step):
            median = 130 if name == "search" else 260
            beacon["actions"] = [{"name": name, "duration": self._milliseconds(median, 0.45)}]
        return beacon

    def _files(self) -> list[dict[str, Any]]:
        """The files of the page, with their compressed sizes."""
        origin = "cache" if self._random.random() < _CACHED_SHARE else "network"
        return [{"kind": "document", "network": 1, "network_bytes": _DOCUMENT_BYTES}] + [
            {"kind": kind, origin: number, f"{origin}_bytes": size} for kind, number, size in self._kinds()
        ]

    def _kinds(self) -> Iterator[tuple[str, int, int]]:
        heavy = self._flags.fresh("heavy-bundle")
        for kind, number, size in _FILES:
            more = heavy and kind == "script"
            yield kind, number + more, size + more * _HEAVY_BYTES

    def _shift(self) -> float:
        if self._flags.fresh("layout-shift"):
            return self._around(_FAULTY_SHIFT, 0.3)
        return self._around(0.05, 0.8) if self._random.random() < _SHIFTING_SHARE else 0.0

    def _beacon(self, navigation: str, step: Step, vitals: dict[str, float]) -> dict[str, Any]:
        error_share = _FAULTY_ERROR_SHARE if self._flags.fresh("script-errors") else _ERROR_SHARE
        return {
            "id": f"{self._random.getrandbits(128):032x}",
            "navigation": navigation,
            "route": page_route(step.path),
            "device": self.equipment.device,
            "connection": self.equipment.connection,
            "vitals": vitals,
            "interactions": self._random.randint(1, 5),
            "errors": int(self._random.random() < error_share),
        }

    def _milliseconds(self, median: float, spread: float) -> float:
        return self._around(median * self.equipment.slowness, spread)

    def _around(self, median: float, spread: float) -> float:
        """A log-normal number: as times of page loads are distributed."""
        return median * self._random.lognormvariate(0.0, spread)

    def _send(self, beacon: dict[str, Any]) -> None:
        try:
            self._http.post(self._url, json=beacon, timeout=_TIMEOUT_SECONDS)
        except requests.RequestException:
            return  # a browser does not learn either whether its beacon arrived


def page_action(step: Step) -> str:
    """The action that the page's `data-pantrywatch` gives to what sends this request, or an empty text."""
    if step.path.endswith("/login"):
        return "log-in"
    if "/organizations/search" in step.path:
        return "search"
    if step.method == "POST":
        return "form"
    return "open-account" if page_route(step.path) == "/organizations/:id" and step.method == "GET" else ""


def page_route(path: str) -> str:
    """The page's route that asks for an address of the API, as a template of `rum.routes` in settings.yaml."""
    parts = path.partition("?")[0].split("/")[3:]
    if parts[:1] in (["interactions"], ["opportunities"]):
        return "/organizations/:id"
    if parts[:1] == ["organizations"] and len(parts) == 2 and parts[1] != "search":
        return "/organizations/:id"
    return f"/{parts[0]}" if parts and parts[0] in {"organizations", "dashboard"} else "/"
