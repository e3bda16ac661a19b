"""`up`, `down` and `status`: the whole stack on this machine without containers."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import FrameType

from exporters.browser.settings import find_chromium
from exporters.core.access import WebSettings
from exporters.core.deadline import Deadline
from exporters.core.files import write_atomically
from pantrywatch.application.report import look_at
from pantrywatch.config.settings import Settings
from pantrywatch.config.shared_files import shared_files
from pantrywatch.config.targets import read_targets
from pantrywatch.native.addresses import Addresses, require_free
from pantrywatch.native.configuration import (
    DEMO,
    STACK,
    Options,
    component_environment,
    read_settings_for,
    settings_environment,
    write_configuration,
)
from pantrywatch.native.console import complain, next_steps, say, scrape_states, table
from pantrywatch.native.counted_library import choose, keep_choosing
from pantrywatch.native.installations import claim
from pantrywatch.native.lock import holder, terminate_holder
from pantrywatch.native.pair import PAIR
from pantrywatch.native.recovery import Recovery
from pantrywatch.native.retries import Retries
from pantrywatch.native.startup import report_end, wait_until_up
from pantrywatch.native.state_dir import ROOT, State
from pantrywatch.native.supervisor import Daemon, Supervisor, start_supervisor
from pantrywatch.native.web import ServerFiles, asks_for_tls
from pantrywatch.web.config_files import rooted


@dataclass(slots=True)
class _Stop:
    """Set by SIGINT and SIGTERM."""

    event: threading.Event = field(default_factory=threading.Event)

    def install(self) -> None:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._handle)

    def _handle(self, _number: int, _frame: FrameType | None) -> None:
        self.event.set()


def up(options: Options) -> int:
    """Run the stack until Ctrl-C, SIGTERM or `down`; returns the exit code. Raises ConfigError with nothing started."""
    state = options.state
    demo = options.settings_file is None
    state.prepare()
    lock = state.lock()
    try:
        claim(state, options.settings_file)
        grafana = shutil.which("grafana")
        secure = asks_for_tls(options.settings_file or shared_files() / "settings.yaml")
        addresses = replace(options.addresses, secure=secure)
        options = replace(options, addresses=addresses)
        environment = component_environment(options, grafana)
        settings = read_settings_for(options, environment)
        options = replace(options, web=rooted(settings.web or WebSettings(), Path(environment["PW_SETTINGS"])))
        more = [*(PAIR if options.pair else ()), *(["grafana"] if grafana else [])]
        require_free(addresses, [*STACK, *(DEMO if demo else ()), *more])
        environment |= settings_environment(settings)
        if settings.notifications is None:
            say("the settings have no section notifications: alerts will fire, but nobody is notified")
        if settings.browser and find_chromium() is None:
            say("no chromium on the PATH: browser checks are skipped, and their targets are not measured")
        if demo:
            say("preparing PostgreSQL and Redis for the demo")
        # At the same time as the configuration is written: each takes about a second, on a core of its own.
        with _preparing_demo(state, addresses, environment["PW_POSTGRES"]) if demo else nullcontext() as preparing:
            settings = choose(settings, Path(environment["PW_SETTINGS"]))
            write_configuration(options, settings, Path(environment["PW_SETTINGS"]))
        if preparing and preparing.returncode:
            return preparing.returncode
        if options.history_days and (code := _make_history(state, options.history_days)):
            return code
        section = settings.notifications
        heartbeat = section is not None and bool(section.heartbeat.notify)
        visits = _is_visited(options, settings)
        optional = {
            "heartbeat.conf": heartbeat, "grafana.conf": bool(grafana), "ha.conf": options.pair, "visits.conf": visits,
        }  # fmt: skip
        programs = _program_files(state, demo=demo, optional=optional)
        return _run(options, environment, programs, settings)
    finally:
        lock.release()


def _is_visited(options: Options, settings: Settings) -> bool:
    """Whether a Chromium visits the demo's page: as with checks in a browser, at the normal speed alone."""
    return options.settings_file is None and settings.browser is not None and find_chromium() is not None


def down(state: State) -> int:
    """Stop the stack of a state directory, whoever started it, and wait until it has exited."""
    supervisor = Supervisor(state)
    if not terminate_holder(state.lock_file) and not supervisor.shut_down():
        say("nothing is running")
        return 0
    deadline = Deadline.after(75)
    while (holder(state.lock_file) or supervisor.components()) and not deadline.passed():
        time.sleep(0.2)
    if deadline.passed():
        complain(["the stack did not stop within 75 s; see `./run status`"])
        return 1
    say("stopped")
    return 0


def status(state: State) -> int:
    """Print the components, their addresses and their state in Prometheus; returns 0 only if all of them are ok."""
    components = Supervisor(state).components()
    if not components:
        say("nothing is running")
        return 1
    addresses = state.addresses()
    targets = scrape_states(addresses, state.web())
    say(f"{table(components, addresses, targets)}\n  data and logs: {state.path}")
    if not targets:
        say("  the state of the targets is unknown: Prometheus does not respond, or rejects our login")
    return 0 if all(component.running for component in components) and set(targets.values()) == {"up"} else 1


def _run(
    options: Options,
    environment: dict[str, str],
    programs: Sequence[Path],
    settings: Settings,
) -> int:
    application = settings.application
    endpoints = application.endpoints if application else ()
    stop = _Stop()
    stop.install()
    options.state.remember(options.addresses, options.web, settings.scale)
    server_files = ServerFiles(options.state, options.web, environment["PW_SETTINGS"])
    supervisor = Supervisor(options.state)
    retries = Retries(supervisor, Recovery(options.state))
    if options.settings_file is None:
        options.state.hold_targets()
    daemon = start_supervisor(options.state, options.addresses, programs, environment)
    try:
        code = wait_until_up(options, daemon, stop.event, endpoints, retries)
        if code == 0 and not stop.event.is_set():
            targets = scrape_states(options.addresses, options.web)
            say(table(supervisor.components(), options.addresses, targets))
            if options.settings_file is not None and (said := settings.source_of_requests()):
                say(f"\n{said}")
            if application is not None and options.settings_file is not None:
                targets_file = read_targets(shared_files() / "targets.yaml")
                say("\n" + look_at(application, targets_file, options.settings_file).text)
            visited = _is_visited(options, settings)
            say(next_steps(options.addresses, options.settings_file, options.state.path, targets, visited=visited))
            keep_choosing(options, settings, Path(environment["PW_SETTINGS"]), supervisor, stop.event)
            code = _watch(daemon, server_files, stop, retries)
    finally:
        say("stopping")
        supervisor.drop_idle()
        daemon.stop()
        options.state.file("run/supervisor.url").unlink(missing_ok=True)
        options.state.file("run/supervisord.conf").unlink(missing_ok=True)
    return code


def _watch(daemon: Daemon, server_files: ServerFiles, stop: _Stop, retries: Retries) -> int:
    """Wait until asked to stop."""
    while not stop.event.wait(1.0):
        server_files.follow()
        if (code := daemon.code()) is not None:
            if code:
                report_end(daemon)
            return 1 if code else 0
        retries.retry(retries.supervisor.components())
    return 0


def _program_files(state: State, *, demo: bool, optional: Mapping[str, bool]) -> list[Path]:
    native = shared_files() / "provisioning/native"
    files = [native / "stack.conf"]
    if demo:
        faults = state.file("run/faults.conf")
        template = (native / "fault.conf").read_text(encoding="utf-8")
        write_atomically(faults, "\n".join(template.replace("@NAME@", name) for name in _fault_names()))
        files += [native / "demo.conf", faults]
    return files + [native / name for name, wanted in optional.items() if wanted]


def _preparing_demo(state: State, addresses: Addresses, postgres_bin: str) -> subprocess.Popen[bytes]:
    """Run the demo's command, which prints what is wrong, until the block ends. Nothing here imports the demo."""
    command = [sys.executable, "-m", "demo.prepare", "--state", str(state.path)]
    command += ["--port-offset", str(addresses.offset), "--postgres-bin", postgres_bin]
    return subprocess.Popen(command, cwd=ROOT)


def _make_history(state: State, days: int) -> int:
    """Run the demo's command that fills Prometheus before it starts; returns its exit code."""
    say(f"a history of {days} days: generated once, which takes about a minute")
    command = [sys.executable, "-m", "demo.history.fill", "--state", str(state.path), "--days", str(days)]
    return subprocess.run(command, check=False, cwd=ROOT).returncode


def _fault_names() -> list[str]:
    """Run the demo's command; pantrywatch never imports demo code."""
    command = [sys.executable, "-m", "demo.faults.names"]
    return subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT).stdout.split()
