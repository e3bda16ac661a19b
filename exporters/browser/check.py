"""A page opened in a real browser, on a chosen network: the time until it is painted, loaded, and ready for its user.

It measures lab data: our own browser on our own machine, with an empty cache. It feeds `browser_*` with source="lab".
One browser runs at a time, a fresh one for each run. A browser that is missing, crashes or hangs is not evidence about
the page: such a run does not count (internal).
"""

from __future__ import annotations

import threading
from functools import partial

from exporters.browser.metrics import HISTOGRAMS
from exporters.browser.page import PageRequests, PageTimings, Plan, load_page
from exporters.browser.settings import BrowserCheck, find_chromium
from exporters.browser.throttling import NETWORKS
from exporters.core.checks.check import Entry, Observation, PreparedCheck
from exporters.core.deadline import Deadline
from exporters.core.errors import CollectError, ErrorClass

_running = threading.Lock()


def prepare(settings: BrowserCheck, _entry: Entry) -> PreparedCheck:
    """Return the check."""
    # Chromium's throttling does not delay the first byte as reported by the page.
    names = [name for name in HISTOGRAMS if settings.network == "none" or name != "browser_ttfb_seconds"]
    filled = tuple((name, ("lab", settings.network)) for name in names)
    return PreparedCheck(settings, partial(_check, settings), filled)


def _check(settings: BrowserCheck, observation: Observation, deadline: Deadline) -> None:
    binary = find_chromium()
    if binary is None:
        raise CollectError(ErrorClass.INTERNAL, "no Chromium on the PATH")
    if not _running.acquire(blocking=False):
        raise CollectError(ErrorClass.INTERNAL, "the browser of the previous run has not ended")
    plan = Plan(
        binary=binary,
        url=settings.url,
        network=NETWORKS[settings.network],
        cpu_slowdown=settings.cpu_slowdown,
        tls_verify=settings.tls_verify,
        text=settings.expect_text,
    )
    traffic = PageRequests()
    try:
        load, failure = load_page(plan, traffic, observation, deadline)
    finally:
        _running.release()
    _note_load(observation, load, "lab", settings.network)
    _note_traffic(observation, traffic)
    if failure:
        raise failure


def _note_load(observation: Observation, load: PageTimings, *labels: str) -> None:
    """Note every time; what did not occur while the page was watched counts as above every edge."""
    for name, value in (
        ("browser_fcp_seconds", load.fcp),
        ("browser_lcp_seconds", load.lcp),
        ("browser_tti_seconds", load.tti),
        ("browser_page_load_seconds", load.load),
    ):
        observation.observe(name, value, load.watched, *labels)
    # Not durations: a missing value means that it did not happen.
    for name, value in (("browser_ttfb_seconds", load.ttfb), ("browser_cls_score", load.cls)):
        if value is not None:
            observation.observe(name, value, load.watched, *labels)
    if load.tbt is not None:
        observation.set("browser_tbt_seconds", load.tbt, *labels)


def _note_traffic(observation: Observation, traffic: PageRequests) -> None:
    for resource, count in traffic.requests.items():
        observation.set("browser_page_requests", count, resource)
    for resource, size in traffic.bytes.items():
        observation.set("browser_page_transferred_bytes", size, resource)
    observation.set("browser_page_failed_requests", traffic.failed)
    observation.set("browser_page_script_errors", traffic.script_errors)
