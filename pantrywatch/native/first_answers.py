"""Whether every exporter and application has answered once, asked directly: Prometheus takes up to 20 s."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from urllib.parse import urlencode

from exporters.core.access import WebSettings
from pantrywatch.config.application import ApplicationEndpoint
from pantrywatch.config.components import components
from pantrywatch.native.addresses import Addresses
from pantrywatch.native.state_dir import State
from pantrywatch.web.client import session

_TIMEOUT_SECONDS = 3.0
# What a page of an exporter says about its own success, in names of the ecosystem and of pantrywatch.
_SUCCESS = re.compile(
    r"^(?:pg_up|redis_up|pantrywatch_\w+_file_up|pantrywatch_collector_success)(?:\{[^}]*\})? (\S+)$", re.MULTILINE
)


class FirstAnswers:
    """The pages that have not yet answered with success, by job and target."""

    def __init__(self, pages: Mapping[str, tuple[str, WebSettings]]) -> None:
        """Take name → URL and how to log in there."""
        self._waiting = dict(pages)

    def missing(self) -> list[str]:
        """Ask the pages that are missing, one after the other up to the first without success; return their names."""
        for name, (url, web) in list(self._waiting.items()):
            if not _succeeds(url, web):
                break
            del self._waiting[name]
        return list(self._waiting)


def pages_of(
    state: State, addresses: Addresses, web: WebSettings, endpoints: Sequence[ApplicationEndpoint]
) -> dict[str, tuple[str, WebSettings]]:
    """Return the pages of the exporters that run here, as Prometheus is to scrape them, and the application's."""
    found = {f"application/{one.name}": (one.url(), WebSettings()) for one in endpoints}
    for job in (one.job for one in components().exporters()):
        file = state.targets_file(job)
        for group in json.loads(file.read_text(encoding="utf-8")) if file.exists() else ():
            labels = group["labels"]
            asked = {"target": labels["__param_target"]} if "__param_target" in labels else {}
            url = f"{addresses.url('exporters')}{labels['__metrics_path__']}?{urlencode(asked)}"
            found[f"{job}/{labels['instance']}"] = (url, web)
    return found


def is_success(page: str) -> bool:
    """Return whether a page says that all succeeded; one that says nothing about it succeeds by being there."""
    return bool(page) and all(float(value) == 1 for value in _SUCCESS.findall(page))


def _succeeds(url: str, web: WebSettings) -> bool:
    try:
        with session(web) as client:
            answer = client.get(url, timeout=_TIMEOUT_SECONDS)
    except OSError:  # includes requests' own errors
        return False
    return answer.ok and is_success(answer.text)
