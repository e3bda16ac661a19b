"""A representative's browser: for each answer that it shows it sends the next beacon of a recorded visit.

The beacons were measured by the agent of the demo's page in a real Chromium (demo/traffic/recorded.json); when and how
often they are sent is the traffic's. They go to the receiver as the CRM's web server passes beacons on.
"""

from __future__ import annotations

from random import Random
from urllib.parse import urlsplit

import requests

from demo.flags import Flags
from demo.traffic.equipment import EQUIPMENT
from demo.traffic.recording import Beacon, recording

_TIMEOUT_SECONDS = 2.0
_HAVE = ("office", "notebook", "office", "phone", "office", "notebook", "tablet")


class Browser:
    """Sends beacons to the receiver; never raises if that is away."""

    def __init__(self, number: int, receiver_url: str, flags: Flags | None = None) -> None:
        """Take what tells which faults of the front end are switched on."""
        self._flags = flags or Flags(None)
        self._random = Random(f"browser {number}")
        self.equipment = _HAVE[number % len(_HAVE)]
        self._fault = ""
        self._visit: list[Beacon] = []
        self._url = receiver_url
        self._http = requests.Session()
        self._http.trust_env = False
        self._http.headers.update(
            {
                "User-Agent": EQUIPMENT[self.equipment].user_agent,
                "Origin": f"http://{urlsplit(receiver_url).netloc}",
                "Content-Type": "text/plain;charset=UTF-8",
                # Each works at home: the receiver limits networks, not the demo.
                "X-Forwarded-For": f"10.20.{number}.7",
            }
        )

    def show(self) -> None:
        """Send the next beacon, unless a fault keeps the page or its agent away."""
        if self._flags.fresh("agent-lost") or self._flags.fresh("page-down"):
            return
        try:
            self._http.post(self._url, json=self.next_beacon(), timeout=_TIMEOUT_SECONDS)
        except requests.RequestException:
            return  # a browser does not learn either whether its beacon arrived

    def next_beacon(self) -> Beacon:
        """The next beacon of the visit, with an id of its own; of several faults of the page that are on, the first."""
        recorded = recording()
        fault = next(filter(self._flags.fresh, recorded.faults()), "")
        if not self._visit or fault != self._fault:
            self._fault = fault
            self._visit = list(self._random.choice(recorded.visits[fault, self.equipment]))
        return {"id": f"{self._random.getrandbits(128):032x}", **self._visit.pop(0)}
