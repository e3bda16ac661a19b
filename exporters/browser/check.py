"""A page opened in a real browser, on a chosen network: the time until it is painted, loaded, and ready for its user.

It measures lab data: our own browser on our own machine, with an empty cache. It feeds `browser_*` with source="lab".
One browser runs at a time, a fresh one for each run. A browser that is missing, crashes or hangs is not evidence about
the page: such a run does not count (internal).
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from exporters.browser.authorities import read_authorities
from exporters.browser.devtools import CallError
from exporters.browser.journey import Journey
from exporters.browser.last_failure import Keeper, document_of
from exporters.browser.metrics import HISTOGRAMS, INPUT_HISTOGRAMS
from exporters.browser.offline import comes_back
from exporters.browser.page import PageLoad, PageTimings
from exporters.browser.process import chromium
from exporters.browser.settings import BrowserCheck, find_chromium
from exporters.browser.tab import Tab
from exporters.browser.throttling import NETWORKS
from exporters.browser.traffic import Traffic
from exporters.core.checks.check import Entry, Observation, PreparedCheck
from exporters.core.deadline import Deadline
from exporters.core.errors import CollectError, ErrorClass
from exporters.core.settings import Secret

_running = threading.Lock()
# The time that the browser may take before the page starts: beyond that, the machine is at fault.
_START_SHARE = 1 / 3
# Reserved for checking whether the browser is alive, and for ending it.
_RESERVE_SECONDS = 3.0


@dataclass(frozen=True, slots=True)
class Known:
    """What a check has besides its settings: its secrets, the CAs to trust in addition, who keeps its failures."""

    secrets: Mapping[str, Secret]
    authorities: Sequence[bytes]
    keeper: Keeper | None


def prepare(settings: BrowserCheck, entry: Entry, keeper: Keeper | None = None) -> PreparedCheck:
    """Return the check, with its secrets and CAs loaded; the keeper gets its failures. Raises ConfigError."""
    files = settings.secret_files.items()
    known = Known(
        secrets={name: entry.secret_file(f"secret_files.{name}", file) for name, file in files},
        authorities=read_authorities(entry, settings.ca_file),
        keeper=keeper,
    )
    filled = tuple((name, ("lab", settings.network)) for name in _filled(settings))
    return PreparedCheck(settings, partial(_check, settings, known), filled)


def _filled(settings: BrowserCheck) -> Iterable[str]:
    """Return the names of the histograms that a check fills."""
    if settings.steps:
        return INPUT_HISTOGRAMS if any(step.is_input() for step in settings.steps) else ()
    # Chromium's throttling does not delay the first byte as reported by the page.
    missing = {*INPUT_HISTOGRAMS, *(() if settings.network == "none" else ("browser_ttfb_seconds",))}
    return (name for name in HISTOGRAMS if name not in missing)


def _check(settings: BrowserCheck, known: Known, observation: Observation, deadline: Deadline) -> None:
    binary = find_chromium()
    if binary is None:
        raise CollectError(ErrorClass.INTERNAL, "no Chromium on the PATH")
    if not _running.acquire(blocking=False):
        raise CollectError(ErrorClass.INTERNAL, "the browser of the previous run has not ended")
    try:
        with chromium(binary, known.authorities) as running:
            tab = Tab(running, Traffic())
            try:
                _visit(settings, known.secrets, tab, observation, deadline)
            except (CollectError, TimeoutError) as error:
                if known.keeper:
                    slow = CollectError(ErrorClass.TIMEOUT, "the browser did not answer in time")
                    failure = error if isinstance(error, CollectError) else slow
                    document = document_of(settings, tab, observation, failure, deadline)
                    known.keeper.keep(settings.name, document, failure.error_class)
                raise
    finally:
        _running.release()


def _visit(
    settings: BrowserCheck, secrets: Mapping[str, Secret], tab: Tab, observation: Observation, deadline: Deadline
) -> None:
    due = deadline.earlier(_RESERVE_SECONDS)
    for resource, size in settings.budgets.items():
        observation.set("browser_page_budget_bytes", size, resource)
    with observation.phase("start"):
        begin = Deadline.after(deadline.remaining() * _START_SHARE)
        tab.prepare(begin, tls_verify=settings.tls_verify, coverage=settings.unused_code)
    if settings.log_in:
        with observation.phase("log_in"):
            Journey(tab, secrets, observation).run(settings.log_in, due)
            if settings.unused_code:
                tab.unused_code(due)
            tab.forget_cache(due)  # as a user finds it who comes for the first time
    tab.slow_down(NETWORKS[settings.network], settings.cpu_slowdown, due)
    _load(settings, tab, observation, due)
    if settings.steps:
        with observation.phase("steps"):
            _walk(settings, Journey(tab, secrets, observation), observation, due)
    if settings.offline_reload:
        with observation.phase("offline"):
            _note_offline(settings.expect_text, tab, observation, due)


def _load(settings: BrowserCheck, tab: Tab, observation: Observation, due: Deadline) -> None:
    load = PageLoad(tab, throttled=settings.network != "none")
    failure = load.run(settings.url, settings.expect_text, observation, due, settle=not settings.steps)
    if not settings.steps:
        _note_load(observation, load.seen, "lab", settings.network)
    _note_traffic(observation, tab.traffic)
    if failure:
        raise failure
    _note_facts(settings, tab, observation, due)


def _walk(settings: BrowserCheck, journey: Journey, observation: Observation, due: Deadline) -> None:
    try:
        journey.run(settings.steps, due)
        journey.note_inputs(due)
    finally:
        seen = (journey.first_input, journey.slowest_input)
        for name, value in zip(INPUT_HISTOGRAMS, seen, strict=True):
            if value is not None:
                observation.observe(name, value, value, "lab", settings.network)


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


def _note_traffic(observation: Observation, traffic: Traffic) -> None:
    for resource, count in traffic.requests.items():
        observation.set("browser_page_requests", count, resource)
    for resource, size in traffic.bytes.items():
        observation.set("browser_page_transferred_bytes", size, resource)
    for party, size in traffic.party_bytes.items():
        observation.set("browser_page_party_bytes", size, party)
    observation.set("browser_page_failed_requests", traffic.failed)
    observation.set("browser_page_error_responses", traffic.error_responses)
    observation.set("browser_page_uncompressed_responses", traffic.uncompressed)
    observation.set("browser_page_uncacheable_responses", traffic.uncacheable)
    observation.set("browser_page_script_errors", traffic.script_errors)


def _note_facts(settings: BrowserCheck, tab: Tab, observation: Observation, due: Deadline) -> None:
    """Note what a page that has been judged can be asked for; one that is too busy for it has no such facts."""
    try:
        observation.set("browser_page_service_worker", int(tab.evaluate("pantrywatchServiceWorker()", due)))
        observation.set("browser_page_manifest", int(tab.has_manifest(due)))
        if settings.unused_code:
            for resource, share in tab.unused_code(due).items():
                observation.set("browser_page_unused_code_ratio", share, resource)
    except (TimeoutError, CallError):
        return


def _note_offline(text: str, tab: Tab, observation: Observation, due: Deadline) -> None:
    """Note whether the page comes back without a network; where that is not known, the check has not failed."""
    try:
        back = comes_back(tab, text, due)
    except CollectError:
        return
    if back is not None:
        observation.set("browser_page_offline_reload", int(back))
