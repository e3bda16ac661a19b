"""The start of a stack: what starts when, what `up` waits for, and what it says meanwhile."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from exporters.core.access import WebSettings
from exporters.core.deadline import Deadline
from pantrywatch.config.application import ApplicationEndpoint
from pantrywatch.native.configuration import Options
from pantrywatch.native.console import Progress, complain, say, scrape_states
from pantrywatch.native.first_answers import FirstAnswers, pages_of
from pantrywatch.native.pair import PROMETHEUS
from pantrywatch.native.retries import Retries
from pantrywatch.native.supervisor import Component, Daemon, Supervisor
from pantrywatch.web.client import session

_START_SECONDS = 170.0
_MOST_LOGS = 5
_READY_SECONDS = 90.0  # the first start also fills the demo's database
# The scheduler is scraped as well. Alertmanager has the first beat for the heartbeat once Prometheus runs, and gives up
# after ten seconds: on a busy machine a later start was an alert that notifications fail.
_MEASURING = ("exporters", "heartbeat", "prometheus", PROMETHEUS, "scheduler")
# Nothing is measured by them, and each takes 0.5 to 2 s of CPU at first, for which the exporters would have to wait.
_LAST = ("demo-traffic", "inbox", "boards", "demo-visits")


@dataclass(slots=True)
class Order:
    """Starts the exporters and Prometheus, lets it scrape, and starts the rest.

    The demo's own start must not count as an outage: its checks begin when the CRM responds, and Prometheus gets its
    targets when the exporters do. An outage hides behind this for 90 s at most. A user's own servers are watched at
    once.
    """

    options: Options
    endpoints: Sequence[ApplicationEndpoint]
    answering: bool = False
    _started: bool = False
    _deadline: Deadline = field(default_factory=lambda: Deadline.after(_READY_SECONDS))

    def advance(self, supervisor: Supervisor, programs: Sequence[str]) -> None:
        """Start what may start now, of these programs."""
        if not self._started and self._may(self._application_responds):
            self._start(supervisor, [name for name in _MEASURING if name in programs])
            self._started = True
        if self._started and not self.answering and self._may(self._exporters_ready):
            self.options.state.release_targets()
            self._start(supervisor, [name for name in _LAST if name in programs])
            self.answering = True

    def explained(self, waiting: Sequence[str]) -> list[str]:
        """Return what is waited for, with the reason in place of what has to wait for the demo."""
        if self._started:
            return list(waiting)
        held = (*_MEASURING, *_LAST)
        return [*(name for name in waiting if name not in held), "the demo's CRM, whose first start fills its database"]

    def _may(self, condition: Callable[[], bool]) -> bool:
        return self.options.settings_file is not None or self._deadline.passed() or condition()

    def _start(self, supervisor: Supervisor, names: Sequence[str]) -> None:
        for name in names:
            supervisor.start(name)

    def _application_responds(self) -> bool:
        try:
            with session(WebSettings()) as client:
                return all(client.get(e.url(), timeout=2).ok for e in self.endpoints)
        except OSError:  # includes requests' own errors
            return False

    def _exporters_ready(self) -> bool:
        try:
            with session(self.options.web) as client:
                return client.get(f"{self.options.addresses.url('exporters')}/readyz", timeout=2).ok
        except OSError:
            return False


def wait_until_up(
    options: Options,
    daemon: Daemon,
    stop: threading.Event,
    endpoints: Sequence[ApplicationEndpoint],
    retries: Retries,
) -> int:
    """Return 0 once everything that can run is up: a component that keeps exiting is reported, the others run."""
    supervisor, order, progress = retries.supervisor, Order(options, endpoints), Progress()
    first = _First(options, endpoints, progress)
    deadline = Deadline.after(_START_SECONDS)
    while not stop.wait(0.25):
        if (code := daemon.code()) is not None:
            report_end(daemon)
            return code or 1
        components = supervisor.components()
        if not components:
            if supervisor.responds():
                progress.end()
                complain(["no component was started", f"see {options.state.file('log/supervisor.log')}"])
                return 1
            if not deadline.passed():
                continue
        else:
            order.advance(supervisor, [component.name for component in components])
        missing = retries.retry(components)
        targets = scrape_states(options.addresses, options.web)
        first.look(answering=order.answering, scraped=bool(targets))
        waiting = _waiting_for(components, targets, missing, own_servers=options.settings_file is None)
        if targets and not missing and options.settings_file is None:
            # Addresses are given file by file: for some seconds Prometheus may know the first ones alone.
            known = {target.partition("/")[0] for target in targets}
            waiting += [f"target {job}" for job in options.state.jobs_with_targets() if job not in known]
        if components and not waiting and (targets or "prometheus" in missing):
            progress.end()
            return 0 if any(component.running for component in components) else 1
        if deadline.passed():
            progress.end()
            late = sorted({*waiting, *missing}) or ["no target of Prometheus"]
            names = [component.name for component in components if component.name in late] or ["prometheus"]
            logs = [f"see {options.state.file(f'log/{name}.log')}" for name in names[:_MOST_LOGS]]
            complain([f"not up within {_START_SECONDS:.0f} s: {', '.join(late)}", *logs])
            return 0 if any(component.running for component in components) else 1
        progress.show(order.explained(waiting) or ["the first scrapes"])
    progress.end()
    return 0


class _First:
    """Says once that everything has answered directly, and once when Prometheus has the first sample of all.

    A user's own servers are not waited for, and a frozen one takes seconds: only the demo is asked directly.
    """

    def __init__(self, options: Options, endpoints: Sequence[ApplicationEndpoint], progress: Progress) -> None:
        self._options, self._progress = options, progress
        self._unsaid = {"answers", "samples"} if options.settings_file is None else {"samples"}
        self._answers = FirstAnswers(pages_of(options.state, options.addresses, options.web, endpoints))

    def look(self, *, answering: bool, scraped: bool) -> None:
        """Take whether the exporters are expected to answer, and whether Prometheus knows its targets."""
        if answering and "answers" in self._unsaid and not self._answers.missing():
            self._say("answers", "every exporter and the application answer")
        if scraped and "samples" in self._unsaid:
            # It spreads first scrapes over an interval.
            last = time.localtime(time.time() + self._options.speed.scrape_seconds)
            self._say("samples", f"every target has its first sample by {time.strftime('%H:%M:%S', last)}")

    def _say(self, what: str, text: str) -> None:
        self._unsaid.remove(what)
        self._progress.end()
        say(text)


def _waiting_for(
    components: Sequence[Component], targets: dict[str, str], missing: Sequence[str], *, own_servers: bool
) -> list[str]:
    """Return what is not up, sorted: components, and targets that will be.

    A user's own application may be down, and a target may depend on a missing component: neither is waited for.
    """
    waiting = [component.name for component in components if not component.running and component.name not in missing]
    if not missing:
        waiting += [
            f"target {target}"
            for target, health in targets.items()
            if health != "up" and (own_servers or health != "down" or not target.startswith("application/"))
        ]
    return sorted(waiting)


def report_end(daemon: Daemon) -> None:
    """Say that supervisord has ended, with its last lines."""
    complain(["supervisord has ended; its last lines:", *daemon.last_words()])
