"""Calls to third parties: short, counted, and never a reason for a request to fail."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from typing import Any

import requests

from demo.api.metrics import Metrics

log = logging.getLogger(__name__)

_TIMEOUT_SECONDS = 1.0
# Method, path and the status of success.
PARTNERS = {"email": ("POST", "/v1/email", "202"), "geocoding": ("GET", "/v1/geocode", "200")}
# Other statuses and errors become `other`: a third party must not choose our label values.
_STATUSES = {"200", "202", "400", "404", "429", "500", "503"}


class Partners:
    """The e-mail and the geocoding service."""

    def __init__(self, url: str, metrics: Metrics) -> None:
        self._url = url
        self._metrics = metrics
        self._http = requests.Session()
        # The stub is on this machine: proxies in the environment are ignored.
        self._http.trust_env = False
        self._failing: set[str] = set()
        for name, (method, _, success) in PARTNERS.items():
            metrics.partner_calls.labels(name, method, success, "")

    def send_email(self, subject: str) -> bool:
        """Whether the mail was accepted."""
        return self._call("email", json={"subject": subject}) is not None

    def locate(self, city: str) -> Mapping[str, Any] | None:
        """Latitude and longitude of a city, or None if the service did not respond."""
        return self._call("geocoding", params={"q": city})

    def _call(self, name: str, **content: Any) -> Mapping[str, Any] | None:
        method, path, _ = PARTNERS[name]
        status, error, answer = "", "", None
        started = time.perf_counter()
        try:
            response = self._http.request(method, self._url + path, timeout=_TIMEOUT_SECONDS, **content)
            status = str(response.status_code) if str(response.status_code) in _STATUSES else "other"
            error = "" if response.ok else status
            answer = response.json() if response.ok else None
        except requests.RequestException as failure:
            error = _kind(failure)
        self._metrics.partner_calls.labels(name, method, status, error).observe(time.perf_counter() - started)
        self._note(name, error)
        return answer if isinstance(answer, dict) else None

    def _note(self, name: str, error: str) -> None:
        if bool(error) != (name in self._failing):
            (self._failing.add if error else self._failing.discard)(name)
            log.warning("third_party=%s error=%s", name, error or "none")


def _kind(failure: requests.RequestException) -> str:
    if isinstance(failure, requests.Timeout):
        return "timeout"
    return "connection" if isinstance(failure, requests.ConnectionError) else "other"
