"""One simulated representative: logged in, somewhere in a journey, one request at a time."""

from __future__ import annotations

from random import Random

import requests

from demo.flags import Flags
from demo.passwords import DEMO_PASSWORD
from demo.traffic.browsers import Browser
from demo.traffic.journeys import Content, Desk, Journey, Step, begin

_TIMEOUT_SECONDS = 5.0
_ACCOUNTS_AT_HAND = 15
# People log in again once in a while, and mistype their password now and then.
_LOG_OUT_SHARE = 1 / 800
_MISTYPED_SHARE = 0.02


class Representative:
    """Acts when called; never raises for any behavior of the API."""

    def __init__(self, number: int, url: str, beacons_url: str = "", flags: Flags | None = None) -> None:
        """Work on the CRM at `url`; the browser reports to the receiver at `beacons_url`, if there is one."""
        self._email = f"rep{number:02d}@pantry.example"
        self._url = url
        self._http = requests.Session()
        self._http.headers["User-Agent"] = "demo-traffic"
        # Loopback only: proxies in the environment are ignored.
        self._http.trust_env = False
        self._desk = Desk(Random(number), [])
        self._browser = Browser(number, beacons_url, flags) if beacons_url else None
        self._journey: Journey | None = None
        self._answer: Content | None = None

    def act(self) -> int:
        """Make the next request of the day; returns its HTTP status, 0 without a response."""
        if "Authorization" not in self._http.headers:
            return self._log_in()
        if not self._desk.accounts:
            return self._find_accounts()
        if self._desk.random.random() < _LOG_OUT_SHARE:
            self._http.headers.pop("Authorization")
        step = self._next_step()
        status, self._answer = self._request(step)
        if self._answer is not None:
            self._show()
        if status == 401:
            self._http.headers.pop("Authorization", None)
        return status

    def _next_step(self) -> Step:
        """The next request of the current journey, or of a new one if that has ended or its last request failed."""
        if self._journey is not None and self._answer is not None:
            try:
                return self._journey.send(self._answer)
            except StopIteration:
                pass
        self._journey = begin(self._desk)
        return next(self._journey)

    def _log_in(self) -> int:
        for path in ("/", "/static/style.css", "/static/app.js"):
            self._request(Step("GET", path))
        mistyped = self._desk.random.random() < _MISTYPED_SHARE
        body = {"email": self._email, "password": "pantry-demp" if mistyped else DEMO_PASSWORD}
        step = Step("POST", "/api/v1/auth/login", body)
        status, content = self._request(step)
        if content is not None and status == 200:
            self._show()
            self._http.headers["Authorization"] = f"Bearer {content['token']}"
        return status

    def _find_accounts(self) -> int:
        status, content = self._request(Step("GET", "/api/v1/organizations?owner=me"))
        if content is not None:
            self._desk.accounts = [item["id"] for item in content["items"]][:_ACCOUNTS_AT_HAND]
            self._desk.random.shuffle(self._desk.accounts)
        return status

    def _show(self) -> None:
        if self._browser is not None:
            self._browser.show()

    def _request(self, step: Step) -> tuple[int, Content | None]:
        """Status and, for a 2xx JSON response, its content."""
        try:
            response = self._http.request(step.method, self._url + step.path, json=step.body, timeout=_TIMEOUT_SECONDS)
            is_json = response.headers.get("Content-Type", "").startswith("application/json")
            return response.status_code, response.json() if response.ok and is_json else None
        except requests.RequestException:
            return 0, None
