"""A page opened in a real browser, on a chosen network: how long until it is painted, loaded, and ready for its user.

What it measures is lab data: our browser on our machine, with an empty cache. It feeds `browser_*` with source="lab".
One browser runs at a time, a fresh one for each run. A browser that is missing, crashes or stands still says nothing of
the page: such a run counts as not made (internal).
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from functools import partial
from typing import Literal

from exporters.core.deadline import Deadline
from exporters.core.errors import CollectError, ErrorClass
from exporters.synthetic.check import CheckSettings, Entry, Observation, Probe, expect
from exporters.synthetic.chromium.networks import NETWORKS, NetworkName
from exporters.synthetic.chromium.page import Load, Plan, Traffic, load_page
from exporters.synthetic.chromium.process import find_chromium
from exporters.synthetic.exchange import parse_url

_SHORTEST_TIMEOUT_SECONDS = 20.0  # a start, a slow load, and the five quiet seconds that time to interactive asks for
_running = threading.Lock()


@dataclass(frozen=True, slots=True, kw_only=True)
class BrowserCheck(CheckSettings):
    """Passes when the page loads within `timeout_seconds` and shows `expect_text`, where one is given.

    `network` slows the network down (none, 4g, 3g-fast, 3g, 3g-slow), `cpu_slowdown` the page's processor: 4 is
    Lighthouse's telephone.
    """

    kind: Literal["browser"]
    url: str
    interval_seconds: float = 60.0
    timeout_seconds: float = 25.0
    network: NetworkName = "none"
    cpu_slowdown: float = 1.0
    expect_text: str = ""
    tls_verify: bool = True

    def __post_init__(self) -> None:
        CheckSettings.__post_init__(self)
        parse_url(self.url)
        long_enough = self.timeout_seconds >= _SHORTEST_TIMEOUT_SECONDS
        expect(long_enough, f"timeout_seconds of at least {_SHORTEST_TIMEOUT_SECONDS:g}", self.timeout_seconds)
        expect(1 <= self.cpu_slowdown <= 20, "cpu_slowdown from 1 to 20", self.cpu_slowdown)


def prepare(settings: BrowserCheck, _entry: Entry) -> Probe:
    """Return the check."""
    return partial(_check, settings)


def _check(settings: BrowserCheck, observation: Observation, deadline: Deadline) -> None:
    binary = find_chromium()
    if binary is None:
        raise CollectError(ErrorClass.INTERNAL, "no Chromium on the PATH")
    if not _running.acquire(blocking=False):
        raise CollectError(ErrorClass.INTERNAL, "the browser of the run before has not ended")
    plan = Plan(
        binary=binary,
        url=settings.url,
        network=NETWORKS[settings.network],
        cpu_slowdown=settings.cpu_slowdown,
        tls_verify=settings.tls_verify,
        text=settings.expect_text,
    )
    traffic = Traffic()
    try:
        load, failure = load_page(plan, traffic, observation, deadline)
    finally:
        _running.release()
    _note_load(observation, load, "lab", settings.network)
    _note_traffic(observation, traffic)
    if failure:
        raise failure


def _note_load(observation: Observation, load: Load, *labels: str) -> None:
    """Note every time; what did not come while the page was watched counts as above every edge."""
    for name, value in (
        ("browser_fcp_seconds", load.fcp),
        ("browser_lcp_seconds", load.lcp),
        ("browser_tti_seconds", load.tti),
        ("browser_page_load_seconds", load.load),
    ):
        observation.observe(name, value, load.watched, *labels)
    # These two are no times to wait for: without a value they did not happen.
    for name, value in (("browser_ttfb_seconds", load.ttfb), ("browser_cls_score", load.cls)):
        if value is not None:
            observation.observe(name, value, load.watched, *labels)
    if load.tbt is not None:
        observation.set("browser_tbt_seconds", load.tbt, *labels)


def _note_traffic(observation: Observation, traffic: Traffic) -> None:
    for resource, count in traffic.requests.items():
        observation.set("browser_page_requests", count, resource)
    for resource, size in traffic.bytes.items():
        observation.set("browser_page_transferred_bytes", size, resource)
    observation.set("browser_page_failed_requests", traffic.failed)
    observation.set("browser_page_script_errors", traffic.script_errors)
