"""The start of a stack: what starts when, what `up` waits for, and what it says meanwhile."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from exporters.core.access import WebSettings
from exporters.core.deadline import Deadline
from pantrywatch.config.application import ApplicationEndpoint
from pantrywatch.native.configuration import Options
from pantrywatch.native.console import Progress, complain, scrape_states
from pantrywatch.native.pair import PROMETHEUS
from pantrywatch.native.retries import Retries
from pantrywatch.native.supervisor import Component, Daemon, Supervisor
from pantrywatch.web.client import session

_START_SECONDS = 170.0
_MOST_LOGS = 5
_READY_SECONDS = 90.0  # the first start also fills the demo's database


@dataclass(slots=True)
class Order:
    """Starts the exporters, then Prometheus.

    The demo's own start must not count as an outage: its checks begin when the CRM responds, and Prometheus when the
    exporters do. An outage hides behind this for 90 s at most. A user's own servers are watched at once.
    """

    options: Options
    endpoints: Sequence[ApplicationEndpoint]
    _started: set[str] = field(default_factory=set)
    _deadline: Deadline = field(default_factory=lambda: Deadline.after(_READY_SECONDS))

    def advance(self, supervisor: Supervisor) -> None:
        """Start what may start now."""
        if "exporters" not in self._started:
            self._start_if(self._application_responds, supervisor, "exporters")
        elif "prometheus" not in self._started:
            pair = (PROMETHEUS,) if self.options.pair else ()
            self._start_if(self._exporters_ready, supervisor, "prometheus", *pair)

    def explained(self, waiting: Sequence[str]) -> list[str]:
        """Return what is waited for, with the reason in place of what has to wait for the demo."""
        if "exporters" in self._started:
            return list(waiting)
        held = ("exporters", "prometheus", PROMETHEUS)
        return [*(name for name in waiting if name not in held), "the demo's CRM, whose first start fills its database"]

    def _start_if(self, condition: Callable[[], bool], supervisor: Supervisor, *names: str) -> None:
        if self.options.settings_file is not None or self._deadline.passed() or condition():
            for name in names:
                supervisor.start(name)
                self._started.add(name)

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
            order.advance(supervisor)
        missing = retries.retry(components)
        targets = scrape_states(options.addresses, options.web)
        waiting = _waiting_for(components, targets, missing, own_servers=options.settings_file is None)
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
